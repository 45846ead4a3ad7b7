//! Stopping: a process is asked to end, and killed if it takes too long.

use super::Process;
use super::handle::Handle;
use rustix::process::Signal;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a process that is asked to end may take before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// How long it may take at least, when others before it have used up the second.
const MIN_GRACE: Duration = Duration::from_millis(50);

/// Handles that are dropped no further apart than this share one [`STOP_GRACE`].
const BURST_GAP: Duration = Duration::from_millis(50);

/// Handles that this thread drops one after another.
#[derive(Clone, Copy)]
struct Burst {
    begin: Instant,
    /// When the last of the drops so far was done.
    last: Instant,
}

thread_local! {
    static BURST: Cell<Option<Burst>> = const { Cell::new(None) };
}

/// Stops processes: all are asked to end at once, and those that have not ended a second later are
/// killed. It returns when all are gone.
///
/// Use it where processes take some time to end well. Handles that are dropped one after another, as
/// those in a `Vec` or a struct, are asked one after another, and share a second: the last ones have
/// less of it.
///
/// ```standalone_crate
/// fn works() {
///     loop {
///         std::thread::park();
///     }
/// }
///
/// fn main() -> shared::Result<()> {
///     shared::main_guard!(works);
///     let workers = [shared::Process::spawn(works, ())?, shared::Process::spawn(works, ())?];
///     shared::process::stop_all(workers);
///     Ok(())
/// }
/// ```
pub fn stop_all<T>(processes: impl IntoIterator<Item = Process<T>>) {
    let processes: Vec<_> = processes.into_iter().collect();
    for process in &processes {
        let _ = process.handle.signal(Signal::TERM);
    }
    let deadline = Instant::now() + STOP_GRACE;
    for process in &processes {
        process.handle.finish(deadline);
    }
}

/// Stops a process whose handle is dropped.
pub(super) fn stop(handle: &Handle) {
    if handle.try_end().is_some() {
        return;
    }
    let _ = handle.signal(Signal::TERM);
    let now = Instant::now();
    let burst = BURST.try_with(Cell::get).ok().flatten();
    // A process that was started since belongs to another group.
    let burst = burst.filter(|burst| {
        handle.started() < burst.begin && now.saturating_duration_since(burst.last) < BURST_GAP
    });
    let begin = burst.map_or(now, |burst| burst.begin);
    handle.finish((begin + STOP_GRACE).max(now + MIN_GRACE));
    // While a thread ends it may have no such variable any more; then each drop is its own burst.
    let _ = BURST.try_with(|burst| burst.set(Some(Burst { begin, last: Instant::now() })));
}
