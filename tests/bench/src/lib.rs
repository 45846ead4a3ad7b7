//! What the contenders share. Each has a folder in `src/bin`, with its own code, which no other
//! contender's program holds.

#![forbid(unsafe_code)]
#![allow(clippy::missing_errors_doc, reason = "a contender that fails ends with the error's text")]
#![allow(clippy::must_use_candidate, reason = "a measurement may want the work alone")]

pub mod entry;
pub mod measure;
pub mod payload;
pub mod roles;
