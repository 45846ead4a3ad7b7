//! One thread for each process that waits for what happens on sockets and to other processes.
//!
//! It runs while there is something to watch. What it calls must not wait for anything: the others
//! that it watches would wait too.

use crate::{Error, Result};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// What is to be done when something has happened to a descriptor.
type OnEvent = Arc<dyn Fn() + Send + Sync>;

/// A descriptor that is watched until this is dropped.
pub(crate) struct Watch {
    key: u64,
}

struct Watcher {
    epoll: Arc<OwnedFd>,
    /// Wakes the thread when nothing is left to watch.
    end: Arc<OwnedFd>,
    thread: JoinHandle<()>,
    watched: HashMap<u64, OnEvent>,
    next: u64,
}

static WATCHER: Mutex<Option<Watcher>> = Mutex::new(None);

fn watcher() -> MutexGuard<'static, Option<Watcher>> {
    WATCHER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed<E: Into<std::io::Error>>(error: E) -> Error {
    Error::io("a socket or a process could not be watched")(error.into())
}

/// The key of what ends the thread.
const END: u64 = 0;

/// Calls `on_event` again and again while the descriptor can be read or its other side is gone.
pub(crate) fn watch(
    descriptor: impl AsFd,
    on_event: impl Fn() + Send + Sync + 'static,
) -> Result<Watch> {
    let mut watcher = watcher();
    let watcher = match &mut *watcher {
        Some(watcher) => watcher,
        none => none.insert(Watcher::start()?),
    };
    let key = watcher.next;
    epoll::add(&*watcher.epoll, descriptor, EventData::new_u64(key), EventFlags::IN)
        .map_err(failed)?;
    watcher.next += 1;
    watcher.watched.insert(key, Arc::new(on_event));
    Ok(Watch { key })
}

impl Watcher {
    fn start() -> Result<Watcher> {
        let epoll = Arc::new(epoll::create(CreateFlags::CLOEXEC).map_err(failed)?);
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(failed)?);
        epoll::add(&*epoll, &*end, EventData::new_u64(END), EventFlags::IN).map_err(failed)?;
        let (events, kept_end) = (Arc::clone(&epoll), Arc::clone(&end));
        let thread = thread::Builder::new().name("shared-watch".to_owned()).stack_size(128 * 1024);
        let thread = thread.spawn(move || run(&events, &kept_end)).map_err(failed)?;
        Ok(Watcher { epoll, end, thread, watched: HashMap::new(), next: END + 1 })
    }
}

/// Waits for events until the last one, for which `_end` must be open.
fn run(events: &OwnedFd, _end: &OwnedFd) {
    IS_WATCHER.set(true);
    loop {
        let mut event = [MaybeUninit::uninit(); 1];
        let event = match epoll::wait(events, &mut event, None) {
            Ok((event, _)) => event.first().map(|event| event.data.u64()),
            Err(Errno::INTR) => continue,
            Err(_) => return,
        };
        let Some(key) = event else { continue };
        if key == END {
            return;
        }
        let _busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        let on_event = watcher().as_ref().and_then(|watcher| watcher.watched.get(&key).cloned());
        if let Some(on_event) = on_event {
            on_event();
        }
    }
}

/// Held while something is called.
static BUSY: Mutex<()> = Mutex::new(());

thread_local!(static IS_WATCHER: Cell<bool> = const { Cell::new(false) });

/// Waits until what is just being called has returned, and holds nothing any more. So whoever ends a
/// watch knows that nothing of it is left. The caller must hold no lock that a call could need.
pub(crate) fn wait_for_calls() {
    if !IS_WATCHER.get() {
        drop(BUSY.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Watch {
    /// Ends the watching; the descriptor may be closed then. The last one ends the thread, too.
    fn drop(&mut self) {
        let mut watcher = watcher();
        let Some(running) = &mut *watcher else { return };
        let ended = running.watched.remove(&self.key);
        if !running.watched.is_empty() {
            return;
        }
        let Some(Watcher { end, thread, epoll, .. }) = watcher.take() else { return };
        drop(watcher);
        // What it held may watch something itself.
        drop(ended);
        let _ = rustix::io::write(&*end, &1_u64.to_ne_bytes());
        if !IS_WATCHER.get() {
            let _ = thread.join();
        }
        drop(epoll);
    }
}
