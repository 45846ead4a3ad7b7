"""A process can be asked whether it lives, waited for with a limit, and stopped by force.

    python3 lessons/02_process_counter/python/process_control.py
"""

import argparse
import sys
import time
from multiprocessing import Process, set_start_method

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


BEFORE = text("До запуска", "Before the start")
DURING = text("Во время работы", "At work")
AFTER = text("После остановки", "After the stop")
ALIVE = text("жив", "alive")
NOT_ALIVE = text("не жив", "not alive")
WAITED = text("Через 100 мс", "After 100 ms")
STOPPED = text("Остановлен принудительно", "Stopped by force")
RETURNED = text("Завершился сам", "Returned by itself")
EXITED = text("Вызвал exit(3)", "Called exit(3)")
CODE = text("код завершения", "exit code")


def endless():
    while True:
        time.sleep(1)


def brief():
    pass


def exits():
    sys.exit(3)


def life(worker):
    return ALIVE if worker.is_alive() else NOT_ALIVE


if __name__ == "__main__":
    set_start_method("spawn")
    worker = Process(target=endless)
    print(f"{BEFORE}: {life(worker)}")
    worker.start()
    print(f"{DURING}: {life(worker)}")

    worker.join(0.1)  # None, whether it has ended or not
    print(f"{WAITED}: {life(worker)}")

    worker.terminate()  # a request: is_alive() may still be True right after it
    worker.join()  # the fact
    print(f"{STOPPED}: {CODE} {worker.exitcode}")
    print(f"{AFTER}: {life(worker)}")

    for label, target in [(RETURNED, brief), (EXITED, exits)]:
        worker = Process(target=target)
        worker.start()
        worker.join()
        print(f"{label}: {CODE} {worker.exitcode}")
