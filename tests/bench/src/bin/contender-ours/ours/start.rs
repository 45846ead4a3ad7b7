//! Starting and joining processes.

use crate::measure::{Result, mean, time};
use shared::Process;

/// Takes a number and ends.
pub fn nothing(_number: u32) {}

pub fn one_after_another(count: u32) -> Result<Vec<f64>> {
    let mut numbers = 0..;
    let time = mean(count, || {
        Process::spawn(nothing, (numbers.next().unwrap_or_default(),))?.join()?;
        Ok(())
    });
    Ok(vec![time?])
}

pub fn at_once(count: u32) -> Result<Vec<f64>> {
    one_after_another(2)?;
    let time = time(|| {
        let processes = (0..count).map(|n| Process::spawn(nothing, (n,)));
        let processes: Vec<_> = processes.collect::<shared::Result<_>>()?;
        Ok(processes.into_iter().try_for_each(Process::join)?)
    });
    Ok(vec![time?])
}
