//! Lesson 5: two processes count on one counter. A module for each program, one for the Python
//! beside them, and one for the exercise.

#![forbid(unsafe_code)]

mod exercise;
mod forgotten_lock;
mod killed_holder;
mod python;
mod shared_counter;
