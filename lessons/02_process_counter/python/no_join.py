"""Nobody joins, and yet both workers print: at its end Python waits for them.

    python3 lessons/02_process_counter/python/no_join.py
"""

import argparse
import multiprocessing
import time

counter = 0


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


def first_worker(n):
    global counter
    for _ in range(n):
        counter += 1
        time.sleep(options.tick)
    print(FIRST, CHANGED, counter)


def second_worker(n):
    global counter
    for _ in range(n):
        counter += 1
        time.sleep(options.tick)
    print(SECOND, CHANGED, counter)


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")  # the start method of macOS and Windows
    first = spawn.Process(target=first_worker, args=(options.first,))
    second = spawn.Process(target=second_worker, args=(options.second,))

    first.start()
    second.start()
