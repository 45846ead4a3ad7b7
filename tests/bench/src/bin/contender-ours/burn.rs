//! A busy process, to be measured beside waiting ones, or to be in the way of others.

use crate::measure::Result;
use std::hint::black_box;
use std::time::Instant;

pub fn run(work: &str, numbers: &[u32]) -> Result<Vec<f64>> {
    match (work, numbers) {
        // The time of so much work.
        ("work", &[count]) => {
            let start = Instant::now();
            (0..count).for_each(|_| calculate());
            Ok(vec![start.elapsed().as_secs_f64()])
        }
        // Until it is killed.
        ("forever", []) => loop {
            calculate();
        },
        _ => Err("not something to be busy with".into()),
    }
}

/// About a millisecond of work without memory or system calls.
fn calculate() {
    let mut state = black_box(1_u64);
    for _ in 0..500_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}
