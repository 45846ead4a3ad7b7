"""A function that returns two values, and the two taken apart.

    python3 lessons/04_pipe/python/unpacking.py
"""


def pipe():
    return 1, 2


a, b = pipe()
print(f"{a=} | {b=}")
