"""A queue from one child to another: the parent only hands it out.

    python3 lessons/03_queue/python/child_to_child.py
"""

import argparse
from multiprocessing import Process, Queue, current_process, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


RECEIVED = text("получил", "received")
CLOSED = text("больше ничего не будет", "there will be no more")


def producer(q):
    name = current_process().name
    for n in range(1, 4):
        q.put(f"Hello {n} from {name}")
    q.put(None)  # a queue cannot be closed for those who read it


def consumer(q):
    name = current_process().name
    while (data := q.get()) is not None:
        print(f"{name} {RECEIVED}: {data}")
    print(f"{name}: {CLOSED}")


if __name__ == "__main__":
    set_start_method("spawn")
    q = Queue()
    sender = Process(target=producer, args=(q,))
    receiver = Process(target=consumer, args=(q,))
    sender.start()
    receiver.start()
    sender.join()
    receiver.join()
