//! State that threads share: std's `Mutex`, and a copy from one vector to another.

use crate::measure::{Result, mean, time};
use std::hint::black_box;
use std::sync::{Barrier, Mutex};
use std::thread;

fn add(counter: &Mutex<u64>, count: u32) {
    for _ in 0..count {
        if let Ok(mut counter) = black_box(counter).lock() {
            *counter += 1;
        }
    }
}

pub fn alone(count: u32) -> Result<Vec<f64>> {
    let counter = Mutex::new(0);
    let add = || {
        add(&counter, count);
        Ok(())
    };
    Ok(vec![time(add)? / f64::from(count)])
}

pub fn together(count: u32) -> Result<Vec<f64>> {
    let (counter, together) = (Mutex::new(0), Barrier::new(3));
    let time = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                together.wait();
                add(&counter, count / 2);
                together.wait();
            });
        }
        together.wait();
        time(|| {
            together.wait();
            Ok(())
        })
    })?;
    Ok(vec![time / f64::from(count)])
}

/// The time to copy so many bytes there, and back.
pub fn memory(size: u32, count: u32) -> Result<Vec<f64>> {
    let size = usize::try_from(size)?;
    let (mut memory, mut bytes) = (vec![0_u8; size], vec![7_u8; size]);
    let write = mean(count, || {
        black_box(&mut memory).copy_from_slice(black_box(&bytes));
        Ok(())
    })?;
    let read = mean(count, || {
        black_box(&mut bytes).copy_from_slice(black_box(&memory));
        Ok(())
    })?;
    Ok(vec![write, read])
}
