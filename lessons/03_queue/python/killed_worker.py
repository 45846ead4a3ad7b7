"""A worker that is killed takes its message with it.

    python3 lessons/03_queue/python/killed_worker.py
"""

import argparse
import time
from multiprocessing import Pipe, Process, Queue, set_start_method
from queue import Empty

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


FIRST = text("Первый рабочий", "First worker")
SECOND = text("Второй рабочий", "Second worker")
RECEIVED = text("получил", "received")
KILLED = text("убит: код завершения", "was killed: exit code")
NOTHING = text("ничего, хотя ждал секунду", "nothing, in a whole second")


def first_worker(q, conn):
    data = q.get()
    print(f"{FIRST} {RECEIVED}: {data}", flush=True)
    conn.send(None)
    time.sleep(3600)  # at work, for longer than it will live


def second_worker(q):
    try:
        data = q.get(timeout=1)  # without the limit it would wait for ever
    except Empty:
        data = NOTHING
    print(f"{SECOND} {RECEIVED}: {data}", flush=True)


if __name__ == "__main__":
    set_start_method("spawn")
    q = Queue()
    q.put("Hello")

    parent_conn, child_conn = Pipe()
    first = Process(target=first_worker, args=(q, child_conn))
    first.start()
    parent_conn.recv()  # it has the message now
    first.kill()
    first.join()
    print(f"{FIRST} {KILLED} {first.exitcode}", flush=True)

    second = Process(target=second_worker, args=(q,))
    second.start()
    second.join()
