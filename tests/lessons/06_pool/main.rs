//! Lesson 6: a pool of workers. A module for each program, and one for the exercise.

#![forbid(unsafe_code)]

mod endless;
mod exercise;
mod killed_task;
mod pool;
mod progress;
