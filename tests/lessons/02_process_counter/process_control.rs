//! Is it alive, wait with a limit, stop it by force.

use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_process_control");

#[test]
fn its_lines_are_the_same_in_every_run() {
    for _ in 0..5 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "До запуска: не жив\n\
             Во время работы: жив\n\
             Через 100 мс: жив\n\
             Остановлен принудительно: код завершения -15\n\
             После остановки: не жив\n\
             Завершился сам: код завершения 0\n\
             Вызвал exit(3): код завершения 3\n",
        );
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(
        "Before the start: not alive\n\
         At work: alive\n\
         After 100 ms: alive\n\
         Stopped by force: exit code -15\n\
         After the stop: not alive\n\
         Returned by itself: exit code 0\n\
         Called exit(3): exit code 3\n",
    );
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 2]);
    assert_says_that_stdout_is_full(PROGRAM, &[]).stderr(predicate::str::starts_with("Ошибка: "));
}
