//! Lesson 3: one queue, two workers. A module for each program, one for the Python beside them, and
//! one for the exercise.

#![forbid(unsafe_code)]

mod child_to_child;
mod exercise;
mod join_first;
mod killed_worker;
mod python;
mod queue;
