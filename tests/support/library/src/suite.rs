//! What a module of tests has: named once, in one list.

use crate::{Entry, nothing, program::program_name, says_hello_and_waits, sleeps, takes_an_end};
use shared::process::guard;

/// A test, and its name.
pub type Test = (&'static str, fn());

/// What one module of tests has, or several together. [`suite!`](crate::suite) makes it.
pub struct Suite<T = Test> {
    #[doc(hidden)]
    pub tests: Vec<T>,
    #[doc(hidden)]
    pub children: Vec<Entry>,
    #[doc(hidden)]
    pub programs: Vec<(&'static str, fn())>,
}

/// Names a module's tests; the functions that its children start from, which the guard must list;
/// and the programs as which the test program is run again.
///
/// ```text
/// suite! {
///     tests: [a_child_ends],
///     children: [ends],
///     programs: ["has a child" => has_a_child],
/// }
/// ```
#[macro_export]
macro_rules! suite {
    (tests: [$($test:ident),* $(,)?] $($rest:tt)*) => {
        $crate::suite!(@ [$((stringify!($test), $test as fn())),*] $($rest)*)
    };
    (drills: [$($drill:expr),* $(,)?] $($rest:tt)*) => {
        $crate::suite!(@ [$($drill),*] $($rest)*)
    };
    (
        @ [$($test:expr),*] $(,)?
        $(children: [$($child:expr),* $(,)?] $(,)?)?
        $(programs: [$($name:literal => $program:path),* $(,)?] $(,)?)?
    ) => {
        $crate::Suite {
            tests: vec![$($test),*],
            children: vec![$($($crate::Entry::new($child)),*)?],
            programs: vec![$($(($name, $program as fn())),*)?],
        }
    };
}

/// The guard of a test program: lists what the children of all its modules start from, as
/// `shared::main_guard!` does. In a child it does not return.
pub fn guard<T>(suites: impl IntoIterator<Item = Suite<T>>) -> Suite<T> {
    let mut all = Suite { tests: Vec::new(), children: Vec::new(), programs: Vec::new() };
    for suite in suites {
        all.tests.extend(suite.tests);
        all.children.extend(suite.children);
        all.programs.extend(suite.programs);
    }
    let ours = [
        Entry::new(nothing),
        Entry::new(sleeps),
        Entry::new(says_hello_and_waits),
        Entry::new(takes_an_end),
    ];
    guard::enter(all.children.drain(..).chain(ours).collect(), false);
    all
}

impl<T> Suite<T> {
    /// The tests; but where this test program is run again as one of its programs, that is run, and
    /// nothing else.
    pub fn tests_unless_program(self) -> Vec<T> {
        let Some(name) = program_name() else { return self.tests };
        let program = self.programs.iter().find(|program| program.0 == name);
        let (_, run) = program.unwrap_or_else(|| panic!("there is no program `{name}`"));
        run();
        std::process::exit(0)
    }
}

impl Suite {
    /// Runs the tests, or the program as which this test program was run again.
    pub fn run(self) -> ! {
        crate::run(self.tests_unless_program())
    }
}
