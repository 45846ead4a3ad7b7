//! A queue from one child to another: the parent only hands it out.
//!
//! ```console
//! $ cargo run -p queue --bin child_to_child
//! ```
//!
//! Python: the same queue in the `args` of both. There the last message says that it is the last
//! (`None`); here the queue can be closed.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Process, Queue, process};

const RECEIVED: Text = Text::new("получил", "received");
const CLOSED: Text = Text::new("больше ничего не будет", "there will be no more");

fn main() -> shared::Result<()> {
    shared::main_guard!(producer, consumer);
    lesson::options();

    let q = Queue::new()?;
    let from = Process::spawn(producer, (q.clone(),))?;
    // The parent keeps a handle of its own, and the queue ends with the process that made it.
    let to = Process::spawn(consumer, (q.clone(),))?;
    from.join()?;
    to.join()
}

fn producer(q: Queue<String>) {
    let name = process::name(); // current_process().name
    for n in 1..=3 {
        q.put(format!("Hello {n} from {name}")).expect("main keeps the queue");
    }
    q.close().expect("main keeps the queue"); // for everyone: nothing more can be put
}

fn consumer(q: Queue<String>) {
    let name = process::name();
    // One producer and one consumer: the order is that of the puts. At the end: Error::Closed.
    while let Ok(data) = q.get() {
        say!("{name} {RECEIVED}: {data}");
    }
    say!("{name}: {CLOSED}");
}
