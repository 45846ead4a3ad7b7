"""Runs each lesson 200 times: free, on one CPU, and beside a busy loop.

Every run must print one of the lesson's possible outcomes, nothing on stderr, and end with status
0 in time. `python3 tests/soak.py 20` runs each 20 times.
"""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
DEADLINE = 60  # seconds; a run takes two at most
AT_ONCE = 10  # they mostly sleep
# A tenth of the lesson's own. A worker that gets no CPU for a whole tick counts late, and rightly so.
TICK = "100ms"

WORKER = "{} рабочий изменил значение счетчика на {}".format
RECEIVED = "Process{} received: {}".format
LONG, SHORT = "Hello from main process", "Hello"

# Each lesson: its arguments, and every output that is possible.
LESSONS = {
    "threads_counter": (
        ["--tick", TICK],
        [[WORKER("Второй", second), WORKER("Первый", 25)] for second in (20, 21)],
    ),
    "process_counter": (
        ["--tick", TICK],
        [[WORKER("Первый", 10), WORKER("Второй", 15)]],
    ),
    "queue": (
        [],
        [
            list(order)
            for messages in ((LONG, SHORT), (SHORT, LONG))
            for order in itertools.permutations(map(RECEIVED, (1, 2), messages))
        ],
    ),
    "pipe": ([], [[f"Process received: {LONG}", "Hello from worker"]]),
    "shared_counter": (
        ["--tick", TICK],
        [[WORKER("Первый", first), WORKER("Второй", 25), "Родитель: 25"] for first in (20, 21)],
    ),
    "pool": (
        [],
        [
            [
                f"Квадраты: {[n * n for n in range(1, 11)]}",
                "12 / 1 = 12",
                "12 / 0: ошибка",
                "12 / 3 = 4",
                "Сумма: 5",
            ]
        ],
    ),
}


def build():
    """Builds the lessons and says where each program is, so that none of them is an old one."""
    command = ["cargo", "build", "--workspace", "--bins", "--message-format=json"]
    built = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    messages = map(json.loads, built.splitlines())
    return {
        message["target"]["name"]: message["executable"]
        for message in messages
        if message.get("executable")
    }


def run(command, outcomes):
    """Runs a program once; returns what was wrong with it, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        return f"no end within {DEADLINE} s"
    if done.returncode or done.stderr or done.stdout.splitlines() not in outcomes:
        return f"status {done.returncode}, stdout {done.stdout!r}, stderr {done.stderr!r}"
    return None


@contextlib.contextmanager
def on_one_cpu():
    """What is started meanwhile shares one CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def beside_a_busy_loop():
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def main():
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a quiet end when nobody reads
    programs = build()
    settings = {"free": contextlib.nullcontext}
    if hasattr(os, "sched_setaffinity"):
        settings["one CPU"] = on_one_cpu
    else:
        print("one CPU: skipped, since a process cannot be kept on one CPU here", file=sys.stderr)
    settings["busy loop"] = beside_a_busy_loop

    failed = False
    for name, setting in settings.items():
        for lesson, (args, outcomes) in LESSONS.items():
            command = [programs[lesson], *args]
            started = time.monotonic()
            with setting(), concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                runs = [pool.submit(run, command, outcomes) for _ in range(RUNS)]
                wrong = collections.Counter(run.result() for run in runs)
            good = wrong.pop(None, 0)
            failed |= good != RUNS
            took = time.monotonic() - started
            print(f"{lesson:16} {name:10} {good}/{RUNS}  {took:.0f} s", flush=True)
            for what, times in wrong.items():
                print(f"    {times} times: {what}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
