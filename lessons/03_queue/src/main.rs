//! A queue carries messages from one process to another; each goes to exactly one worker.
//!
//! ```console
//! $ cargo run -p queue
//! ```
//!
//! Python: `q = Queue()`, `Process(target=worker, args=(q,))`, `q.put(…)`, `q.get()`. Which worker
//! gets which message, and who prints first, is not determined there either.

#![forbid(unsafe_code)]

use shared::lesson::{self, say};
use shared::{Process, Queue};

fn main() -> shared::Result<()> {
    shared::main_guard!(worker, worker2); // if __name__ == "__main__":
    lesson::options();

    let q = Queue::new()?;
    let p = Process::spawn(worker, (q.clone(),))?; // a clone is the same queue, as `args=(q,)` is
    let p2 = Process::spawn(worker2, (q.clone(),))?;

    q.put("Hello from main process".to_owned())?;
    q.put("Hello".to_owned())?;
    p.join()?;
    p2.join()
}

fn worker(q: Queue<String>) {
    let Ok(data) = q.get() else { return }; // an error only if main is gone
    say!("Process1 received: {data}");
}

fn worker2(q: Queue<String>) {
    let Ok(data) = q.get() else { return }; // an error only if main is gone
    say!("Process2 received: {data}");
}
