"""The same work one after the other, in threads and in processes: how fast, and at what price.

    python3 lessons/02_process_counter/python/parallel.py

Threads take turns, because they share the GIL; there is no "two threads" without a lock here.
"""

import argparse
import os
import threading
import time
from multiprocessing import Pipe, Process, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


NUMBERS = 300_000  # each of the two workers tries so many
MORE = 8  # the price of one is that of so many, divided

WORK = text("Работа, дважды: простых чисел до", "The work, twice: primes below")
SERIAL = text("По очереди", "One after the other")
ONE_LOCK = text("Два потока, один GIL", "Two threads, one GIL")
PROCESSES = text("Два процесса, по GIL", "Two processes, a GIL each")
THREAD = text("Ещё один поток", "One more thread")
PROCESS = text("Ещё один процесс", "One more process")
MS = text("мс", "ms")
KB = text("КБ", "KB")


def is_prime(n):
    divisor = 2
    while divisor * divisor <= n:
        if n % divisor == 0:
            return False
        divisor += 1
    return n > 1


def work():
    return sum(map(is_prime, range(NUMBERS)))


def one_after_the_other():
    work()
    work()


def in_two(kind):
    workers = [kind(target=work), kind(target=work)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def timed(what, *args):
    begun = time.perf_counter()
    what(*args)
    return time.perf_counter() - begun


def report(way, serial, seconds):
    faster = f"×{serial / seconds:.1f}"
    print(f"{way:<30}{seconds * 1000:>8.0f} {MS}{faster:>8}", flush=True)


def idle(conn):
    conn.send(None)
    conn.recv()


def price(worker, kind):
    """Prints the time until one more worker runs, and its memory while it does nothing."""
    pids = {os.getpid()}
    before = memory(pids)
    seconds = 0
    workers = []
    for _ in range(MORE):
        conn, its_conn = Pipe()
        begun = time.perf_counter()
        one = kind(target=idle, args=(its_conn,))
        one.start()
        conn.recv()  # it runs
        seconds += time.perf_counter() - begun
        pids.add(getattr(one, "pid", os.getpid()))
        workers.append((one, conn))
    kilobytes = (memory(pids) - before) // MORE
    print(f"{worker:<30}{seconds * 1000 / MORE:>8.1f} {MS}{kilobytes:>8} {KB}", flush=True)
    for one, conn in workers:
        conn.send(None)
        one.join()


def memory(pids):
    """The memory of these processes in KB; a page that several share is counted once (PSS)."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total


if __name__ == "__main__":
    set_start_method("spawn")
    print(f"{WORK} {NUMBERS}: {work()}", flush=True)
    serial = timed(one_after_the_other)
    report(SERIAL, serial, serial)
    report(ONE_LOCK, serial, timed(in_two, threading.Thread))
    report(PROCESSES, serial, timed(in_two, Process))
    price(THREAD, threading.Thread)
    price(PROCESS, Process)
