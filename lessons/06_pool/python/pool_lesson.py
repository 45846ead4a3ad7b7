"""A pool: processes that stay, and do one task after another.

    python3 lessons/06_pool/python/pool_lesson.py
"""

import argparse
from multiprocessing import Pool, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


SQUARES = text("Квадраты", "Squares")
FAILED = text("ошибка", "an error")
SUM = text("Сумма", "Sum")


def square(n):
    return n * n


def divide(n):
    return 12 // n


def add(a, b):
    return a + b


if __name__ == "__main__":
    set_start_method("spawn")
    with Pool() as pool:
        print(f"{SQUARES}: {pool.map(square, range(1, 11))}")

        divisors = [1, 0, 3]
        values = pool.imap(divide, divisors)
        for n in divisors:
            try:
                print(f"12 / {n} = {next(values)}")
            except ZeroDivisionError:
                print(f"12 / {n}: {FAILED}")

        task = pool.apply_async(add, (2, 3))
        print(f"{SUM}: {task.get()}")
