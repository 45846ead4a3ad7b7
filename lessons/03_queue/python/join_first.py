"""First wait for the worker, then read what it put: that hangs. (Here: for two seconds.)

    python3 lessons/03_queue/python/join_first.py
"""

import argparse
from multiprocessing import Process, Queue, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


MESSAGES = 1000
LENGTH = 1000

PARENT = text("Родитель", "Parent")
WORKER = text("рабочий", "the worker")
ENDED = text("завершился", "has ended")
HANGS = text(
    "после 2 с ожидания жив; join() без таймаута ждал бы вечно",
    "is alive after a wait of 2 s; join() without a limit would wait for ever",
)
READ = text("прочитано сообщений", "messages read")


def worker(q):
    for _ in range(MESSAGES):
        q.put("x" * LENGTH)
    # The process ends only when all that it put is in the pipe, and a pipe is full after 64 KB.


if __name__ == "__main__":
    set_start_method("spawn")
    q = Queue()
    p = Process(target=worker, args=(q,))
    p.start()

    p.join(2)
    print(f"{PARENT}: {WORKER} {HANGS if p.is_alive() else ENDED}", flush=True)

    read = 0
    while read < MESSAGES:
        message = q.get()
        assert len(message) == LENGTH
        read += 1
    print(f"{PARENT}: {READ}: {read}", flush=True)

    p.join()  # now it ends
    print(f"{PARENT}: {WORKER} {ENDED}", flush=True)
