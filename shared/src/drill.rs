//! Points between any two stores to shared memory, where a drill may kill a process.
//!
//! Random moments alone do not reach them. Built with `--cfg drill`, every `drill!()` counts, and the
//! process kills itself at the point that was asked for; otherwise `drill!()` is nothing.

#[cfg(not(drill))]
macro_rules! drill {
    () => {};
}

#[cfg(drill)]
macro_rules! drill {
    () => {
        $crate::drill::points::point()
    };
}

#[cfg(drill)]
#[allow(missing_docs)]
pub mod points {
    use rustix::process::{Signal, getpid, kill_process};
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static DEADLY: AtomicU64 = AtomicU64::new(0);

    /// Kills this process when it reaches the nth point from now.
    pub fn arm(nth: u64) {
        DEADLY.store(PASSED.load(Ordering::SeqCst) + nth, Ordering::SeqCst);
    }

    /// How many points this process has passed.
    #[must_use]
    pub fn passed() -> u64 {
        PASSED.load(Ordering::SeqCst)
    }

    /// A point.
    pub fn point() {
        if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == DEADLY.load(Ordering::SeqCst) {
            let _ = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }
}
