"""A queue carries messages from one process to another; each goes to exactly one worker.

    python3 lessons/03_queue/python/queue_lesson.py
"""

from multiprocessing import Process, Queue, set_start_method


def worker(q):
    data = q.get()
    print(f"Process1 received: {data}")


def worker2(q):
    data = q.get()
    print(f"Process2 received: {data}")


if __name__ == "__main__":
    set_start_method("spawn")  # of macOS and Windows; of Linux until 3.13: fork
    q = Queue()
    p = Process(target=worker, args=(q,))
    p2 = Process(target=worker2, args=(q,))
    p.start()
    p2.start()

    q.put("Hello from main process")
    q.put("Hello")
    p.join()
    p2.join()
