"""Starting and joining processes: `start.py METHOD start COUNT`."""

import multiprocessing
import sys
import time


def nothing(number):
    pass


def one_after_another(context, count):
    for number in range(count):
        process = context.Process(target=nothing, args=(number,))
        process.start()
        process.join()


def at_once(context, count):
    processes = [context.Process(target=nothing, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def main():
    method, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    context = multiprocessing.get_context(method)
    one_after_another(context, 2)
    start = time.perf_counter()
    if work == "start":
        one_after_another(context, count)
        print((time.perf_counter() - start) / count)
    else:
        at_once(context, count)
        print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
