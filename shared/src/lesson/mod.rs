//! What the lessons share and no user of the library needs: the command line, the printing, the
//! pace of the workers and the live line.
//!
//! A child sees its parent's command line, so both read the same options and a worker needs no
//! other argument than its own.

mod about;
mod help;
mod live;
mod options;
mod pace;
mod say;
mod text;

pub use live::{Live, live_counter};
pub use options::{CounterOptions, counter_options, options};
pub use pace::tick;
pub use say::{PARENT, in_main, say, step};
pub use text::Text;

#[doc(inline)]
pub use crate::say;

// The program in each README is a test too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../README.ru.md")]
mod readme {}
