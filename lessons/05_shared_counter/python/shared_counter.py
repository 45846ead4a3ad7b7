"""Processes share what is shared on purpose: both count on one counter.

    python3 lessons/05_shared_counter/python/shared_counter.py
"""

import argparse
import multiprocessing
import time


def seconds(text):
    """A time as the Rust lesson takes it: 1s, 100ms."""
    unit = 0.001 if text.endswith("ms") else 1
    return float(text.rstrip("ms")) * unit


# A child reads this file from the top, with the same command line, so it has the options too.
parser = argparse.ArgumentParser()
parser.add_argument("--first", type=int, default=10)
parser.add_argument("--second", type=int, default=15)
parser.add_argument("--tick", type=seconds, default=1)
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


FIRST = text("Первый рабочий", "First worker")
SECOND = text("Второй рабочий", "Second worker")
CHANGED = text("изменил значение счетчика на", "changed the counter to")
PARENT = text("Родитель", "Parent")


def first_worker(n, counter):
    for _ in range(n):
        with counter.get_lock():
            counter.value += 1
        time.sleep(options.tick)
    print(FIRST, CHANGED, counter.value)


def second_worker(n, counter):
    for _ in range(n):
        with counter.get_lock():
            counter.value += 1
        time.sleep(options.tick)
    print(SECOND, CHANGED, counter.value)


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")  # the start method of macOS and Windows
    counter = spawn.Value("i", 0)
    first = spawn.Process(target=first_worker, args=(options.first, counter))
    second = spawn.Process(target=second_worker, args=(options.second, counter))

    first.start()
    second.start()
    first.join()
    second.join()
    print(f"{PARENT}: {counter.value}")
