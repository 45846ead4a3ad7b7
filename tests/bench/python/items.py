"""Items through a queue: `items.py METHOD to_two COUNT`.

METHOD is how CPython starts a process, or `faster-fifo`: that queue, and children by fork. It gets
many items in one call where it can.

Before the clock starts, each child has used the queue once and said so. It stops when the last item
was received, told by those who received it.
"""

import multiprocessing
import sys
import time

STOP = ""


def item(n):
    return f"item {n}"


def job():
    """Keeps a CPU busy for a millisecond."""
    end = time.perf_counter() + 0.001
    while time.perf_counter() < end:
        pass


class FasterFifo:
    """faster-fifo's queue, at its best: what `get_many` gives is kept until it is asked for."""

    def __init__(self):
        import faster_fifo

        self.queue = faster_fifo.Queue(64 << 20)
        self.kept = []

    def put(self, item):
        self.queue.put(item)

    def get(self):
        while not self.kept:
            self.kept = self.queue.get_many(timeout=10, max_messages_to_get=64)[::-1]
        return self.kept.pop()

    def close(self):
        """Gives back what was got and not used: it may stop another consumer."""
        for item in reversed(self.kept):
            self.queue.put(item)

    def join_thread(self):
        """There is none: what was put is in the queue."""


def make_queue(context):
    return FasterFifo() if sys.argv[1] == "faster-fifo" else context.Queue()


def consumer(items, link, work):
    """A child that gets items until it is told to stop, and works on each."""
    items.get()
    link.send(0)
    link.recv()
    count = 0
    while items.get() != STOP:
        count += 1
        if work:
            job()
    items.close()
    link.send(count)


def producer(items, link, count, stop):
    """A child that puts, after it was told to."""
    items.put(item(0))
    link.send(0)
    link.recv()
    for n in range(count):
        items.put(item(n))
    if stop:
        items.put(STOP)
    # A thread of CPython's queue still sends; only after that is the last one put.
    items.close()
    items.join_thread()
    link.send(count)


def start(context, target, *args):
    near, far = context.Pipe()
    process = context.Process(target=target, args=(args[0], far, *args[1:]))
    process.start()
    return near, process


def feed(context, children, work, count):
    """The creator puts and children get."""
    items = make_queue(context)
    started = [start(context, consumer, items, work) for _ in range(children)]
    links = [link for link, _ in started]
    for _ in links:
        items.put(item(0))
    for link in links:
        link.recv()
    begin = time.perf_counter()
    for link in links:
        link.send(0)
    for n in range(count):
        items.put(item(n))
    for _ in links:
        items.put(STOP)
    counts = [link.recv() for link in links]
    elapsed = time.perf_counter() - begin
    for _, process in started:
        process.join()
    assert sum(counts) == count
    return elapsed / count, min(counts) / count


def gather(context, count):
    """Two children put and the creator gets."""
    items = make_queue(context)
    started = [start(context, producer, items, count // 2, False) for _ in range(2)]
    links = [link for link, _ in started]
    for link in links:
        items.get()
        link.recv()
    begin = time.perf_counter()
    for link in links:
        link.send(0)
    for _ in range(count):
        items.get()
    elapsed = time.perf_counter() - begin
    for _, process in started:
        process.join()
    return (elapsed / count,)


def watch(context, count):
    """One child puts and another gets."""
    items = make_queue(context)
    near_producer, first = start(context, producer, items, count, True)
    near_consumer, second = start(context, consumer, items, False)
    near_consumer.recv()
    near_producer.recv()
    begin = time.perf_counter()
    near_consumer.send(0)
    near_producer.send(0)
    assert near_consumer.recv() == count
    elapsed = time.perf_counter() - begin
    first.join()
    second.join()
    return (elapsed / count,)


def cross(context, count):
    """Two children put and two others get."""
    items = make_queue(context)
    consumers = [start(context, consumer, items, False) for _ in range(2)]
    producers = [start(context, producer, items, count // 2, False) for _ in range(2)]
    for link, _ in consumers + producers:
        link.recv()
    begin = time.perf_counter()
    for link, _ in consumers + producers:
        link.send(0)
    for link, _ in producers:
        link.recv()
    for _ in consumers:
        items.put(STOP)
    assert sum(link.recv() for link, _ in consumers) == count
    elapsed = time.perf_counter() - begin
    for _, process in consumers + producers:
        process.join()
    return (elapsed / count,)


def main():
    method, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    context = multiprocessing.get_context("fork" if method == "faster-fifo" else method)
    if work == "to_creator":
        print(*gather(context, count))
    elif work == "many":
        print(*cross(context, count))
    elif work == "between":
        print(*watch(context, count))
    else:
        print(*feed(context, 1 if work == "to_one" else 2, work == "jobs", count))


if __name__ == "__main__":
    main()
