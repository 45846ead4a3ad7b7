//! Other processes, watched: who depends on one is told when it has ended.
//!
//! A process is watched once, however many depend on it, so it costs one descriptor.

use super::watch::{Watch, watch};
use crate::memory::owner::{self, Life, Owner};
use crate::{Error, Result};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What depends on another process.
pub(crate) trait Dependent: Send + Sync {
    /// That process has ended. It is called on the watching thread, and must not wait.
    fn on_end(&self);
}

/// Another process. It is watched until every clone of this is dropped.
pub(crate) struct Peer {
    process: Owner,
    state: Mutex<State>,
    /// Held while the dependents are told: whoever comes second returns when they have been.
    telling: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// `None` when the process has ended.
    watch: Option<Watch>,
    dependents: Vec<Weak<dyn Dependent>>,
}

static PEERS: Mutex<Option<HashMap<Owner, Weak<Peer>>>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells at once those that depend on a process that somebody here has waited for. The watching
/// would tell them a moment later.
pub(crate) fn process_ended(pid: u32) {
    let peers = lock(&PEERS);
    // The number may be another's by now.
    let of_it = |(process, _): &(&Owner, &Weak<Peer>)| {
        owner::number(**process) == pid && owner::life(**process) == Life::Ended
    };
    let peer = peers.iter().flatten().find(of_it).and_then(|(_, peer)| peer.upgrade());
    drop(peers);
    if let Some(peer) = peer {
        peer.end();
    }
}

impl Peer {
    /// Watches a process for a dependent, which is told at once if it has ended already.
    pub(crate) fn watch(process: Owner, dependent: &Arc<dyn Dependent>) -> Result<Arc<Peer>> {
        let peer = Peer::of(process)?;
        let mut state = lock(&peer.state);
        state.dependents.retain(|dependent| dependent.strong_count() > 0);
        if state.watch.is_some() {
            state.dependents.push(Arc::downgrade(dependent));
            drop(state);
        } else {
            drop(state);
            dependent.on_end();
        }
        Ok(peer)
    }

    fn of(process: Owner) -> Result<Arc<Peer>> {
        // Made first, since it is dropped last where this fails: its `Drop` locks the peers.
        let peer = Arc::new(Peer { process, state: Mutex::default(), telling: Mutex::default() });
        let mut peers = lock(&PEERS);
        let peers = peers.get_or_insert_default();
        if let Some(peer) = peers.get(&process).and_then(Weak::upgrade) {
            return Ok(peer);
        }
        lock(&peer.state).watch = watch_process(process, &peer)?;
        peers.retain(|_, peer| peer.strong_count() > 0);
        peers.insert(process, Arc::downgrade(&peer));
        Ok(peer)
    }

    fn end(&self) {
        let telling = lock(&self.telling);
        let State { watch, dependents } = std::mem::take(&mut *lock(&self.state));
        for dependent in dependents.iter().filter_map(Weak::upgrade) {
            dependent.on_end();
        }
        drop(telling);
        // Last, since it may wait for the watching thread, which may be waiting here.
        drop(watch);
    }
}

/// Watches a process; `None` when it has ended already.
fn watch_process(process: Owner, peer: &Arc<Peer>) -> Result<Option<Watch>> {
    let failed = Error::io::<Errno>("another process could not be watched");
    let Some(pid) = Pid::from_raw(owner::number(process).cast_signed()) else { return Ok(None) };
    let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
        Err(Errno::SRCH) => return Ok(None),
        descriptor => Arc::new(descriptor.map_err(failed)?),
    };
    // Its number may be another's by now.
    if owner::life(process) == Life::Ended {
        return Ok(None);
    }
    let peer = Arc::downgrade(peer);
    let kept_open = Arc::clone(&descriptor);
    let on_end = move || {
        let _ = &kept_open;
        if let Some(peer) = peer.upgrade() {
            peer.end();
        }
    };
    watch(&*descriptor, on_end).map(Some)
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut peers = lock(&PEERS);
        if let Some(peers) = &mut *peers
            && peers.get(&self.process).is_some_and(|peer| peer.strong_count() == 0)
        {
            peers.remove(&self.process);
        }
    }
}
