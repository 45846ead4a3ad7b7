//! The source's cells 3 and 4, which start two processes and never join them.

use lesson_support::python::python;
use lesson_support::source::differences;
use lesson_support::{assert_speaks_one_language, lines, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_no_join");

const SOURCE: &str = include_str!("../../../lessons/02_process_counter/src/bin/no_join.rs");
const JOINED: &str = include_str!("../../../lessons/02_process_counter/src/main.rs");

#[test]
fn it_is_the_lesson_less_the_joins() {
    let without_gaps = |source: &str| source.replace("\n\n", "\n");
    let (joined, unjoined) = (without_gaps(JOINED), without_gaps(SOURCE));
    let (joined, unjoined) = differences(&joined, &unjoined);
    let of_the_handles = |line: &&str| line.contains("Process::spawn");
    let handles = |lines: &[&str]| -> Vec<String> {
        let lines = lines.iter().filter(|line| of_the_handles(line));
        lines.map(|line| line.replace("let _", "let ")).collect()
    };
    assert_eq!(handles(&joined), handles(&unjoined));
    let rest: Vec<_> = joined.into_iter().filter(|line| !of_the_handles(line)).collect();
    assert_eq!(
        rest,
        [
            "    let live = lesson::live_counter(&COUNTER);",
            "    first.join()?;",
            "    second.join()?;",
            "    drop(live);",
            "    lesson::in_main(|| COUNTER.load(SeqCst));",
        ]
    );
    assert_eq!(unjoined.len(), 2, "{unjoined:?}");
}

/// With a tick of an hour no worker gets to its line by itself, and none may be left.
#[test]
fn it_ends_at_once_prints_nothing_and_leaves_no_worker() {
    for tick in ["1s", "1h"] {
        run(PROGRAM, &["--tick", tick]).success().stdout("").stderr("");
    }
    assert_speaks_one_language(PROGRAM);
}

#[test]
fn python_waits_for_both_workers_though_nobody_joins_them() {
    let twin = "lessons/02_process_counter/python/no_join.py";
    if let Some(run) = python(twin, &["--tick", "120ms"]) {
        let run = run.success().stderr("");
        let expected = [
            "Первый рабочий изменил значение счетчика на 10",
            "Второй рабочий изменил значение счетчика на 15",
        ];
        assert_eq!(lines(&run), expected);
    }
}

#[test]
fn the_python_is_the_lesson_s_less_the_joins() {
    let joined = include_str!("../../../lessons/02_process_counter/python/process_counter.py");
    let unjoined = include_str!("../../../lessons/02_process_counter/python/no_join.py");
    let code = |source: &str| -> Vec<String> {
        let body = source.split("\"\"\"").nth(2).expect("what follows the docstring");
        body.lines().filter(|line| !line.contains(".join()")).map(str::to_owned).collect()
    };
    assert_eq!(code(joined), code(unjoined));
    assert!(!unjoined.contains(".join()"));
}
