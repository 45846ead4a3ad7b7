//! A function that returns two values, and the two taken apart: that is all there is to
//! `let (parent_conn, child_conn) = pipe()`.
//!
//! ```console
//! $ cargo run -p pipe --bin unpacking
//! ```
//!
//! Python: `a, b = pipe()`, and `print(f"{a=} | {b=}")`.

#![forbid(unsafe_code)]

use shared::lesson::{self, say};

fn main() {
    lesson::options();

    let (a, b) = pipe();
    say!("a={a} | b={b}");
}

fn pipe() -> (u32, u32) {
    (1, 2)
}
