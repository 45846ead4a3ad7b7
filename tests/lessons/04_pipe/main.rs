//! Lesson 4: a pipe, both directions. A module for each program, one for the Python beside them,
//! and one for the exercise.

#![forbid(unsafe_code)]

mod closed_end;
mod exercise;
mod pipe;
mod python;
