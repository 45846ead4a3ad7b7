"""Tasks on a pool of two workers: `pools.py WHICH WORK COUNT [MICROSECONDS]`.

WHICH is `pool` or `executor`, CPython's two, by fork; or `loky`, `pebble`, `mpire`, where they are
installed.
"""

import math
import multiprocessing
import sys
import time

WORKERS = 2


def add_one(n):
    return n + 1


def work(micros):
    end = time.perf_counter() + micros / 1e6
    while time.perf_counter() < end:
        pass
    return micros


def chunk(items):
    """The length of the chunks that CPython's `Pool` chooses."""
    return max(1, math.ceil(len(items) / (4 * WORKERS)))


class Pool:
    def __init__(self):
        self.pool = multiprocessing.get_context("fork").Pool(WORKERS)

    def call(self, function, argument):
        return self.pool.apply(function, (argument,))

    def map(self, function, items):
        return self.pool.map(function, items)

    def stop(self):
        self.pool.close()
        self.pool.join()


class Executor:
    def __init__(self):
        from concurrent.futures import ProcessPoolExecutor

        context = multiprocessing.get_context("fork")
        self.pool = ProcessPoolExecutor(WORKERS, mp_context=context)

    def call(self, function, argument):
        return self.pool.submit(function, argument).result()

    def map(self, function, items):
        return list(self.pool.map(function, items, chunksize=chunk(items)))

    def stop(self):
        self.pool.shutdown()


class Loky(Executor):
    def __init__(self):
        from loky import ProcessPoolExecutor

        self.pool = ProcessPoolExecutor(WORKERS)


class Pebble(Executor):
    def __init__(self):
        from pebble import ProcessPool

        self.pool = ProcessPool(WORKERS, context=multiprocessing.get_context("fork"))

    def call(self, function, argument):
        return self.pool.schedule(function, args=(argument,)).result()

    def map(self, function, items):
        return list(self.pool.map(function, items, chunksize=chunk(items)).result())

    def stop(self):
        self.pool.close()
        self.pool.join()


class Mpire:
    def __init__(self):
        from mpire import WorkerPool

        self.pool = WorkerPool(WORKERS, start_method="fork", keep_alive=True)

    def call(self, function, argument):
        return self.pool.apply(function, (argument,))

    def map(self, function, items):
        return self.pool.map(function, items)

    def stop(self):
        self.pool.stop_and_join()


POOLS = {"pool": Pool, "executor": Executor, "loky": Loky, "pebble": Pebble, "mpire": Mpire}


def mean(count, call):
    for _ in range(-(-count // 10)):
        call()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def start_and_stop(make):
    pool = make()
    pool.call(add_one, 1)
    pool.stop()


def measure(make, what, count, micros):
    if what == "pool_start":
        return mean(count, lambda: start_and_stop(make))
    pool = make()
    pool.map(work, [1000] * 20)
    pool.map(add_one, range(1000))
    if what == "pool_trip":
        figure = mean(count, lambda: pool.call(add_one, 1))
    else:
        function, items = (add_one, range(count)) if what == "pool_map" else (work, [micros] * count)
        pool.map(function, items[:1000])
        start = time.perf_counter()
        pool.map(function, items)
        figure = time.perf_counter() - start
    pool.stop()
    return figure


if __name__ == "__main__":
    which, what, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print(measure(POOLS[which], what, count, int(sys.argv[4]) if len(sys.argv) > 4 else 0))
