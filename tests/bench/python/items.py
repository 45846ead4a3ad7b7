"""Items through a queue: `items.py METHOD to_two COUNT`.

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


def start(context, target, *args):
    near, far = context.Pipe()
    process = context.Process(target=target, args=(args[0], far, *args[1:]))
    process.start()
    return near, process


def feed(context, children, work, count):
    """The creator puts and children get."""
    items = context.Queue()
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
    items = context.Queue()
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
    items = context.Queue()
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


def main():
    method, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    context = multiprocessing.get_context(method)
    if work == "to_creator":
        print(*gather(context, count))
    elif work == "between":
        print(*watch(context, count))
    else:
        print(*feed(context, 1 if work == "to_one" else 2, work == "jobs", count))


if __name__ == "__main__":
    main()
