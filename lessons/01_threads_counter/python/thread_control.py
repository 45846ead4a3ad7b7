"""A thread can be asked whether it lives; stopped by force it cannot be: it has to agree.

    python3 lessons/01_threads_counter/python/thread_control.py
"""

import argparse
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


WILLING = text("Послушный рабочий", "Willing worker")
DEAF = text("Глухой рабочий", "Deaf worker")
DURING = text("во время работы", "at work")
ASKED = text("после просьбы остановиться", "after being asked to stop")
ALIVE = text("жив", "alive")
NOT_ALIVE = text("не жив", "not alive")
END = text(
    "Принудительно поток не остановить: глухой завершится вместе с процессом",
    "No thread can be stopped by force: the deaf one ends with the process",
)

stop = threading.Event()


def willing_worker():
    while not stop.is_set():
        time.sleep(0.01)


def deaf_worker():
    while True:
        time.sleep(0.01)


def life(worker):
    return ALIVE if worker.is_alive() else NOT_ALIVE


willing = threading.Thread(target=willing_worker)
# Without daemon=True the program would wait for this thread at its end: for ever.
deaf = threading.Thread(target=deaf_worker, daemon=True)
willing.start()
deaf.start()
print(f"{WILLING} {DURING}: {life(willing)}")
print(f"{DEAF} {DURING}: {life(deaf)}")

stop.set()
willing.join()
print(f"{WILLING} {ASKED}: {life(willing)}")

deaf.join(0.1)  # None, whether it has ended or not
print(f"{DEAF} {ASKED}: {life(deaf)}")
print(END)
