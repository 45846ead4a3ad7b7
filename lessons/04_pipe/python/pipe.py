"""A pipe has two ends, and each can send and receive: here a question and its answer.

    python3 lessons/04_pipe/python/pipe.py
"""

from multiprocessing import Pipe, Process, set_start_method


def worker(conn):
    data = conn.recv()
    # Without flush=True it would be printed when the worker ends: perhaps after main's line.
    print(f"Process received: {data}", flush=True)
    conn.send("Hello from worker")


if __name__ == "__main__":
    set_start_method("spawn")  # of macOS and Windows; of Linux until 3.13: fork
    parent_conn, child_conn = Pipe()
    p = Process(target=worker, args=(child_conn,))
    p.start()

    parent_conn.send("Hello from main process")
    print(parent_conn.recv())
    p.join()
