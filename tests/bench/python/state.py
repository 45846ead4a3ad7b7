"""State that processes share: `state.py METHOD WORK NUMBERS`."""

import multiprocessing
import sys
import time
from multiprocessing import shared_memory


def mean(count, call):
    for _ in range(-(-count // 10)):
        call()
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begin) / count


def add_to_value(value, count):
    for _ in range(count):
        with value.get_lock():
            value.value += 1


def use_lock(lock, count):
    for _ in range(count):
        with lock:
            pass


def add_to_manager(shared, count):
    value, lock = shared
    for _ in range(count):
        with lock:
            value.value += 1


def adder(add, shared, together, count):
    together.wait()
    add(shared, count)
    together.wait()


def alone(add, shared, count):
    begin = time.perf_counter()
    add(shared, count)
    return ((time.perf_counter() - begin) / count,)


def together(context, add, shared, count):
    barrier = context.Barrier(3)
    args = (add, shared, barrier, count // 2)
    children = [context.Process(target=adder, args=args) for _ in range(2)]
    for child in children:
        child.start()
    barrier.wait()
    begin = time.perf_counter()
    barrier.wait()
    elapsed = time.perf_counter() - begin
    for child in children:
        child.join()
    return (elapsed / count,)


def array(context, count):
    """Changes one of 1000 numbers."""
    numbers = context.Array("I", 1000)
    place = 0

    def change():
        nonlocal place
        with numbers.get_lock():
            numbers[place] += 1
        place = (place + 1) % 1000

    return (mean(count, change),)


def mapping(context, count):
    """Changes one of 100 entries."""
    with context.Manager() as manager:
        entries = manager.dict({f"key {n}": 0 for n in range(100)})
        lock = manager.Lock()
        place = 0

        def change():
            nonlocal place
            with lock:
                entries[f"key {place}"] += 1
            place = (place + 1) % 100

        return (mean(count, change),)


def answerer(asked, answered, count):
    for _ in range(count):
        asked.wait()
        asked.clear()
        answered.set()


def events(context, count):
    asked, answered = context.Event(), context.Event()
    calls = count + -(-count // 10)
    child = context.Process(target=answerer, args=(asked, answered, calls))
    child.start()

    def turn():
        asked.set()
        answered.wait()
        answered.clear()

    elapsed = mean(count, turn)
    child.join()
    return (elapsed,)


def memory(size, count):
    """The time to write so many bytes, and to read them."""
    segment = shared_memory.SharedMemory(create=True, size=size)
    try:
        data = bytes([7]) * size

        def write():
            segment.buf[:size] = data

        def read():
            bytes(segment.buf[:size])

        return mean(count, write), mean(count, read)
    finally:
        segment.close()
        segment.unlink()


def main():
    method, work, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    context = multiprocessing.get_context(method)
    if work == "add_value":
        print(*alone(add_to_value, context.Value("Q", 0), *numbers))
    elif work == "add_lock":
        print(*alone(use_lock, context.Lock(), *numbers))
    elif work == "add_manager":
        with context.Manager() as manager:
            print(*alone(add_to_manager, (manager.Value("Q", 0), manager.Lock()), *numbers))
    elif work == "add_two_value":
        print(*together(context, add_to_value, context.Value("Q", 0), *numbers))
    elif work == "add_two_lock":
        print(*together(context, use_lock, context.Lock(), *numbers))
    elif work == "array":
        print(*array(context, *numbers))
    elif work == "map":
        print(*mapping(context, *numbers))
    elif work == "events":
        print(*events(context, *numbers))
    elif work == "memory":
        print(*memory(*numbers))
    else:
        sys.exit(f"no such work: {work}")


if __name__ == "__main__":
    main()
