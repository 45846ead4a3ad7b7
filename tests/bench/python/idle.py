"""Processes that wait: `idle.py METHOD idle_pipe` until standard input ends.

It prints the processor time, in seconds, of a child that waits, and of its creator.
"""

import multiprocessing
import sys
import threading
import time


def child(wait, link):
    """A child that has waited once, waits for long, and tells the processor time that it used."""
    wait()
    link.send(0)
    before = time.process_time()
    wait()
    link.send(time.process_time() - before)


def receiver(connection, link):
    child(connection.recv, link)


def getter(items, link):
    child(items.get, link)


def creator(wake, link):
    wake(0)
    link.recv()
    before = time.process_time()
    print("ready", flush=True)
    sys.stdin.read()
    own = time.process_time() - before
    wake(0)
    print(link.recv(), own)


def main():
    method, work = sys.argv[1:]
    context = multiprocessing.get_context(method)
    link, far_link = context.Pipe()
    if work == "idle_pipe":
        near, far = context.Pipe()
        process = context.Process(target=receiver, args=(far, far_link))
        process.start()
        creator(near.send, link)
    else:
        # The child waits in one queue, and a thread of the creator in another.
        items, own = context.Queue(), context.Queue()
        process = context.Process(target=getter, args=(items, far_link))
        process.start()
        thread = threading.Thread(target=own.get)
        thread.start()
        creator(items.put, link)
        own.put(0)
        thread.join()
    process.join()


if __name__ == "__main__":
    main()
