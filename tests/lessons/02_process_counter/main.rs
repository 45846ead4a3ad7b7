//! Lesson 2: two processes have a counter each. A module for each program, one for the Python
//! beside them, and one for the exercise. `parallel` measures, so it is a test program of its own.

#![forbid(unsafe_code)]

mod exercise;
mod no_guard;
mod no_join;
mod process_class;
mod process_control;
mod process_counter;
mod python;
