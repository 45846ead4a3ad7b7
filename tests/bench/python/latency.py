"""One item at a time through an idle queue: `latency.py METHOD latency_to_child COUNT`.

From the call of `put` in one process to the return of `get` in the other, on a clock that both
share; the median.
"""

import multiprocessing
import statistics
import sys
import time

PAUSE = 0.001


def put(items, count):
    for _ in range(count):
        time.sleep(PAUSE)
        items.put(time.monotonic_ns())


def get(items, count):
    ages = []
    for _ in range(count):
        sent = items.get()
        ages.append(time.monotonic_ns() - sent)
    return statistics.median(ages) / 1e9


def getter(items, link, count):
    link.send(get(items, count))


def main():
    method, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    context = multiprocessing.get_context(method)
    items = context.Queue()
    if work == "latency_to_child":
        near, far = context.Pipe()
        process = context.Process(target=getter, args=(items, far, count))
        process.start()
        put(items, count)
        print(near.recv())
    else:
        process = context.Process(target=put, args=(items, count))
        process.start()
        print(get(items, count))
    process.join()


if __name__ == "__main__":
    main()
