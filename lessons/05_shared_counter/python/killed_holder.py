"""If a process is killed with the lock, whoever asks for that lock waits for ever.

    python3 lessons/05_shared_counter/python/killed_holder.py
"""

import argparse
import multiprocessing
import time

parser = argparse.ArgumentParser()
parser.add_argument("--lang", choices=["ru", "en"], default="ru")
options = parser.parse_args()


def text(ru, en):
    return ru if options.lang == "ru" else en


KILLED = text("Процесс убит с блокировкой", "Killed with the lock")
FOR_EVER = text("ждал бы вечно", "would wait for ever")
ACCOUNT = text("На счете", "The account")


def takes_30(account, taken):
    with account.get_lock():
        account.value -= 30
        taken.set()
        time.sleep(3600)  # here it is killed


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    account, taken = spawn.Value("i", 100), spawn.Event()
    process = spawn.Process(target=takes_30, args=(account, taken))
    process.start()
    taken.wait()
    process.kill()
    process.join()

    if account.get_lock().acquire(timeout=1):  # without the time it would not end
        print(f"{KILLED}: acquire: True")
    else:
        print(f"{KILLED}: acquire: {FOR_EVER}")
    # Even to read `account.value` needs the lock; what lies beneath does not.
    print(f"{ACCOUNT}: {account.get_obj().value}")
