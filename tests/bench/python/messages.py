"""Messages to a child and back: `messages.py METHOD round_trip COUNT`, `… echo_bytes SIZE COUNT`."""

import multiprocessing
import sys
import time

TEXT = "The quick brown fox is not slow."
CALLS = ("send", "recv")
CALLS_OF_BYTES = ("send_bytes", "recv_bytes")


def numbers(size):
    """As many bytes of numbers, with all their bits in use."""
    return [n * 0x9E3779B97F4A7C15 % 2**64 for n in range(1, size // 8 + 1)]


def memory(pid):
    with open(f"/proc/{pid}/smaps_rollup") as maps:
        return next(int(line.split()[1]) for line in maps if line.startswith("Pss:"))


def echo(connection, calls, times):
    """The child: sends back what it receives."""
    send, recv = (getattr(connection, call) for call in calls)
    for _ in range(times):
        send(recv())


def round_trips(context, calls, message, count):
    near, far = context.Pipe()
    warm_up = -(-count // 10)
    process = context.Process(target=echo, args=(far, calls, warm_up + count))
    process.start()
    send, recv = (getattr(near, call) for call in calls)
    for _ in range(warm_up):
        send(message)
        message = recv()
    start = time.perf_counter()
    for _ in range(count):
        send(message)
        message = recv()
    elapsed = time.perf_counter() - start
    process.join()
    return elapsed / count


def weigh(context):
    """The memory of a child that has made one round trip and waits for the next."""
    near, far = context.Pipe()
    process = context.Process(target=echo, args=(far, CALLS, 2))
    process.start()
    near.send(TEXT)
    near.recv()
    time.sleep(0.05)
    weight = memory(process.pid)
    near.send(TEXT)
    near.recv()
    process.join()
    return weight


def main():
    method, work, *rest = sys.argv[1:]
    context = multiprocessing.get_context(method)
    sizes = [int(size) for size in rest]
    if work == "memory":
        print(weigh(context))
    elif work == "round_trip":
        print(round_trips(context, CALLS, TEXT, *sizes))
    elif work == "echo_numbers":
        print(round_trips(context, CALLS, numbers(sizes[0]), sizes[1]))
    else:
        calls = CALLS_OF_BYTES if work == "echo_send_bytes" else CALLS
        message = bytes(n % 256 for n in range(sizes[0]))
        print(round_trips(context, calls, message, sizes[1]))


if __name__ == "__main__":
    main()
