"""If the lock is forgotten, counts are lost: both read one number, and both write the next.

    python3 lessons/05_shared_counter/python/forgotten_lock.py
"""

import argparse
import multiprocessing

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


STEPS = 100_000  # what each of the two workers adds

WITHOUT = text("Без блокировки", "Without a lock")
WITH = text("С блокировкой", "With a lock")
OF = text("из", "of")


def forgets(counter, start):
    start.wait()
    for _ in range(STEPS):
        counter.value += 1  # a look and a write, and the other may come in between


def locks(counter, start):
    start.wait()
    for _ in range(STEPS):
        with counter.get_lock():
            counter.value += 1


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    for label, target in [(WITHOUT, forgets), (WITH, locks)]:
        counter = spawn.Value("i", 0)
        workers = [spawn.Process(target=target, args=(counter, start)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(f"{label}: {counter.value} {OF} {2 * STEPS}", flush=True)
