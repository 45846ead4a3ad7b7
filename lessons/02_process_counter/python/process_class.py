"""The second way to create a process: a class of one's own, whose `run` is the work.

    python3 lessons/02_process_counter/python/process_class.py
"""

import argparse
import time
from multiprocessing import Pipe, Process, set_start_method

counter = 0


def seconds(text):
    """A time as the Rust lesson takes it: 1s, 100ms."""
    unit = 0.001 if text.endswith("ms") else 1
    return float(text.rstrip("ms")) * unit


parser = argparse.ArgumentParser()
parser.add_argument("--first", type=int, default=10)
parser.add_argument("--second", type=int, default=15)
parser.add_argument("--tick", type=seconds, default=1)
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


FIRST = text("Первый рабочий", "First worker")
SECOND = text("Второй рабочий", "Second worker")
CHANGED = text("изменил значение счетчика на", "changed the counter to")
RETURNED = text("вернул", "returned")


class Counting(Process):
    def __init__(self, name, n, values):
        super().__init__(name=name)
        self.n = n
        self.values = values

    def run(self):
        global counter
        for _ in range(self.n):
            counter += 1
            time.sleep(options.tick)
        print(self.name, CHANGED, counter)
        # What `run` returns is thrown away; a value has to travel by a queue or a pipe.
        self.values.send(counter)


if __name__ == "__main__":
    set_start_method("spawn")
    first_value, first_values = Pipe(duplex=False)
    second_value, second_values = Pipe(duplex=False)
    first = Counting(FIRST, options.first, first_values)
    second = Counting(SECOND, options.second, second_values)

    first.start()
    second.start()
    first.join()
    second.join()

    print(FIRST, RETURNED, first_value.recv())
    print(SECOND, RETURNED, second_value.recv())
