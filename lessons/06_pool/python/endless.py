"""`imap` of a `Pool` reads on and on, whether anybody wants the values or not.

    python3 lessons/06_pool/python/endless.py
"""

import argparse
import time
from multiprocessing import Pool, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


FIRST = text("Первые квадраты", "The first squares")
TAKEN = text(
    "Взято чисел: больше 1000, и без остановки",
    "Numbers taken: more than 1000, and it goes on",
)

taken = 0


def numbers():
    global taken
    while True:
        yield taken
        taken += 1


def square(n):
    return n * n


if __name__ == "__main__":
    set_start_method("spawn")
    with Pool(2) as pool:
        squares = pool.imap(square, numbers())
        print(f"{FIRST}: {[next(squares) for _ in range(5)]}")
        deadline = time.monotonic() + 10
        while taken <= 1000 and time.monotonic() < deadline:
            time.sleep(0.01)  # nobody asks for another value
        if taken > 1000:
            print(TAKEN)
