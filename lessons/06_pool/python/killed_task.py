"""A worker that dies: `Pool` waits for ever, `ProcessPoolExecutor` is broken.

    python3 lessons/06_pool/python/killed_task.py
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import Pool, get_context

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


WAITS = text(
    "Pool: map() ждёт и после 2 с; без таймаута ждал бы вечно",
    "Pool: map() still waits after 2 s; without a limit it would wait for ever",
)
BROKEN = text(
    "ProcessPoolExecutor: пул сломан, новых заданий он не берёт",
    "ProcessPoolExecutor: the pool is broken, and takes no more tasks",
)


def work(n):
    if n == 5:
        os.abort()  # a crash: no exception, no `finally`
    return 10 * n


if __name__ == "__main__":
    context = get_context("spawn")
    with context.Pool(2) as pool:
        result = pool.map_async(work, range(10))
        result.wait(2)  # `map` is the same without the limit
        if not result.ready():
            print(WAITS, flush=True)

    with ProcessPoolExecutor(2, mp_context=context) as executor:
        tasks = [executor.submit(work, n) for n in range(10)]
        try:
            [task.result() for task in tasks]
        except BrokenProcessPool:
            pass
        try:
            executor.submit(work, 0)
        except BrokenProcessPool:
            print(BROKEN, flush=True)
