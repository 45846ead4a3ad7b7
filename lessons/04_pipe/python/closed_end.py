"""When one side is gone, the other is told: if nobody else holds a copy of that end.

    python3 lessons/04_pipe/python/closed_end.py
"""

import argparse
import time
from multiprocessing import Pipe, Process, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


FORGOTTEN = text(
    "Родитель не закрыл свою копию чужого конца: recv: ждал бы вечно",
    "The parent has not closed its copy of the other end: recv: would wait for ever",
)
RETURNED = text("Рабочий завершился", "The worker has ended")
KILLED = text("Рабочий убит", "The worker was killed")
DROPPED = text("Родитель закрыл свой конец", "The parent has closed its end")


def brief(conn):
    conn.send("Hello from worker")


def endless(conn):
    time.sleep(3600)


def listener(conn):
    print(f"{DROPPED}: recv: {seen(conn.recv)}", flush=True)


def seen(call, *args):
    """What a call gave: the value, or why there is none."""
    try:
        return repr(call(*args))
    except (EOFError, OSError) as error:
        return type(error).__name__


def start(target):
    parent_conn, child_conn = Pipe()
    worker = Process(target=target, args=(child_conn,))
    worker.start()
    return worker, parent_conn, child_conn


if __name__ == "__main__":
    set_start_method("spawn")
    worker, parent_conn, child_conn = start(brief)
    worker.join()
    print(f"{RETURNED}: recv: {seen(parent_conn.recv)}", flush=True)
    if not parent_conn.poll(0.5):  # the worker is gone, and still there is nothing to recv
        print(FORGOTTEN, flush=True)
    child_conn.close()
    print(f"{RETURNED}: recv: {seen(parent_conn.recv)}", flush=True)
    print(f"{RETURNED}: send: {seen(parent_conn.send, 'Hello')}", flush=True)

    worker, parent_conn, child_conn = start(endless)
    child_conn.close()
    worker.kill()
    print(f"{KILLED}: recv: {seen(parent_conn.recv)}", flush=True)
    worker.join()

    worker, parent_conn, child_conn = start(listener)
    child_conn.close()
    parent_conn.close()
    worker.join()
