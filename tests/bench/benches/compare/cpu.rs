//! Under what conditions a work is done: on all CPUs, on one, or beside as many busy processes as
//! there are CPUs.

use crate::contender::rust;
use crate::run::Result;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::process::{Child, Stdio};
use std::thread::available_parallelism;

#[derive(Clone, Copy, PartialEq)]
pub enum Setting {
    Free,
    OneCpu,
    Loaded,
}

/// How many CPUs may be used.
pub fn count() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Keeps a setting until it is dropped. What is started meanwhile is in it too.
pub struct Kept {
    before: Option<CpuSet>,
    busy: Vec<Child>,
}

impl Setting {
    pub fn keep(self) -> Result<Kept> {
        let mut kept = Kept { before: None, busy: Vec::new() };
        match self {
            Setting::Free => {}
            Setting::OneCpu => {
                let all = sched_getaffinity(None)?;
                let last = (0..CpuSet::MAX_CPU).rfind(|cpu| all.is_set(*cpu)).ok_or("no CPU")?;
                let mut one = CpuSet::new();
                one.set(last);
                sched_setaffinity(None, &one)?;
                kept.before = Some(all);
            }
            Setting::Loaded => {
                for _ in 0..count() {
                    kept.busy.push(rust("burn forever").stdin(Stdio::null()).spawn()?);
                }
            }
        }
        Ok(kept)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // They were allowed before.
            let _ = sched_setaffinity(None, before);
        }
        for child in &mut self.busy {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
