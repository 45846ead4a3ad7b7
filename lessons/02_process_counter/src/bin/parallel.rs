//! The same work one after the other, in threads and in processes: how fast, and at what price.
//!
//! ```console
//! $ cargo run -p process_counter --release --bin parallel
//! ```
//!
//! Python: threads share the GIL, so two of them take turns and are no faster than one; processes
//! have one each and are parallel. Rust has no GIL; a lock of our own shows what it does.

#![forbid(unsafe_code)]

#[path = "parallel/measure.rs"]
mod measure;

use shared::lesson::{self, Text, say};
use shared::{Connection, Process, Result};
use std::hint::black_box;
use std::sync::Mutex;
use std::{process, thread};

/// What the GIL is: whoever wants to go on must hold it. One for all threads of a process; another
/// process has its own, as it has its own of every `static`.
static LOCK: Mutex<()> = Mutex::new(());

const NUMBERS: u32 = 300_000; // each of the two workers tries so many,
const SLICE: usize = 1_000; // and lets go of the lock after so many

const WORK: Text = Text::new("Работа, дважды: простых чисел до", "The work, twice: primes below");
const SERIAL: Text = Text::new("По очереди", "One after the other");
const ONE_LOCK: Text = Text::new("Два потока, одна блокировка", "Two threads, one lock");
const THREADS: Text = Text::new("Два потока", "Two threads");
const PROCESSES: Text = Text::new("Два процесса, по блокировке", "Two processes, a lock each");
const THREAD: Text = Text::new("Ещё один поток", "One more thread");
const PROCESS: Text = Text::new("Ещё один процесс", "One more process");

fn main() -> Result<()> {
    shared::main_guard!(work_under_lock, idle);
    lesson::options();

    say!("{WORK} {NUMBERS}: {}", work());
    let serial = measure::best(|| Ok(work() + work()))?;
    measure::report(SERIAL, serial, serial);
    measure::report(ONE_LOCK, serial, measure::best(|| Ok(in_threads(work_under_lock)))?);
    measure::report(THREADS, serial, measure::best(|| Ok(in_threads(work)))?);
    measure::report(PROCESSES, serial, measure::best(in_processes)?);

    measure::price(THREAD, |conn| Ok((process::id(), thread::spawn(|| idle(conn)))))?;
    measure::price(PROCESS, |conn| {
        let child = Process::spawn(idle, (conn,))?;
        Ok((child.id(), child))
    })
}

fn in_threads(work: fn() -> usize) -> usize {
    let workers = [thread::spawn(work), thread::spawn(work)];
    workers.into_iter().map(|worker| worker.join().expect("the work does not panic")).sum()
}

fn in_processes() -> Result<usize> {
    let workers = [Process::spawn(work_under_lock, ())?, Process::spawn(work_under_lock, ())?];
    workers.into_iter().map(Process::join).sum()
}

/// Counts primes. (`black_box`: or the compiler might do the work once and use it twice.)
fn work() -> usize {
    (0..black_box(NUMBERS)).filter(|&n| is_prime(n)).count()
}

/// The same, under the lock: as Python does it, which lets go of the GIL from time to time.
fn work_under_lock() -> usize {
    let slices = (0..black_box(NUMBERS)).step_by(SLICE).map(|from| {
        let _held = LOCK.lock().expect("the work does not panic");
        (from..).take(SLICE).filter(|&n| is_prime(n)).count()
    });
    slices.sum()
}

fn is_prime(n: u32) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= n {
        if n.is_multiple_of(divisor) {
            return false;
        }
        divisor += 1;
    }
    n > 1
}

/// Says that it runs, and then does nothing until the other end is gone.
fn idle(conn: Connection<(), ()>) {
    let _ = conn.send(());
    let _ = conn.recv();
}
