//! The Python beside lesson 4 prints what the lesson's programs print.

use lesson_support::python::assert_twins;

#[test]
fn the_pipes_of_both_languages_carry_a_question_and_its_answer() {
    let twin = "lessons/04_pipe/python/pipe.py";
    assert_twins(twin, env!("CARGO_BIN_EXE_pipe"), &[]);
}

#[test]
fn two_values_are_taken_apart_in_both_languages() {
    let twin = "lessons/04_pipe/python/unpacking.py";
    assert_twins(twin, env!("CARGO_BIN_EXE_unpacking"), &[]);
}
