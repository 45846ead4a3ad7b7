//! Lesson 1: two threads share one counter. A module for each program, one for the Python beside
//! them, and one for the exercise.

#![forbid(unsafe_code)]

mod exercise;
mod python;
mod thread_control;
mod threads_counter;
