//! The command line of the lessons.

use super::help;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::env;
use std::process;
use std::sync::OnceLock;
use std::time::Duration;

/// The language of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    Ru,
    En,
}

/// The options of the counters: how far each worker counts, how fast, and what is shown.
#[derive(Debug)]
pub struct CounterOptions {
    /// Steps of the first worker.
    pub first: u32,
    /// Steps of the second worker.
    pub second: u32,
    pub(super) tick: Duration,
    pub(super) show_steps: bool,
}

/// The counter of two workers who each count as far as this still fits a `u32`.
pub(super) const MOST: i64 = 1_000_000;

static COUNTER_OPTIONS: OnceLock<CounterOptions> = OnceLock::new();
static LANG: OnceLock<Lang> = OnceLock::new();

/// The options of a counter, with the lesson's own numbers of steps where none are given.
///
/// Bad input ends the program with an error on stderr and exit code 2.
pub fn counter_options(first: u32, second: u32) -> &'static CounterOptions {
    COUNTER_OPTIONS.get_or_init(|| {
        let steps = |id: &'static str, default: u32| {
            let range = value_parser!(u32).range(..=MOST);
            // A default lives as long as the program; so leaking two short strings costs nothing.
            let default = &*default.to_string().leak();
            help::with_default(Arg::new(id).long(id).value_parser(range), default)
        };
        let tick = Arg::new("tick").long("tick").value_parser(humantime::parse_duration);
        let show_steps = Arg::new("show-steps").long("show-steps").action(ArgAction::SetTrue);
        let found = parse(|command| {
            command.args([steps("first", first), steps("second", second)]).args([
                help::with_default(tick, "1s"),
                show_steps.help(help::of("show-steps").to_string()),
            ])
        });
        let number = |id| found.get_one(id).copied().unwrap_or_default();
        CounterOptions {
            first: number("first"),
            second: number("second"),
            tick: found.get_one("tick").copied().unwrap_or_default(),
            show_steps: found.get_flag("show-steps"),
        }
    })
}

/// Takes `--lang`, `--help` and `--version`; anything else ends the program with an error and exit
/// code 2.
pub fn options() {
    parse(|command| command);
}

/// The options of the counter in a worker: the numbers of steps are not read there, since each
/// worker has its own as an argument.
pub(super) fn in_worker() -> &'static CounterOptions {
    counter_options(0, 0)
}

/// Whether this program is a counter: the options of one were read.
pub(super) fn is_counter() -> bool {
    COUNTER_OPTIONS.get().is_some()
}

/// The language that the command line asks for.
///
/// It is read apart from the other options: the text of an error or of `--help` is needed before
/// the command line is understood as a whole.
pub(super) fn lang() -> Lang {
    *LANG.get_or_init(|| {
        let mut args = env::args_os().map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            let value = match arg.strip_prefix("--lang") {
                Some("") => args.next(),
                Some(value) => value.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            if let Some(value) = value {
                return if value == "en" { Lang::En } else { Lang::Ru };
            }
        }
        Lang::Ru
    })
}

fn parse(with_options: impl FnOnce(Command) -> Command) -> ArgMatches {
    match help::command(with_options).try_get_matches() {
        Ok(found) => found,
        // `--help` and `--version` are no errors: they go to stdout, as every line by way of `say`.
        Err(text) if !text.use_stderr() => {
            crate::lesson::say!("{}", text.to_string().trim_end());
            process::exit(0)
        }
        Err(error) => help::refuse(&error),
    }
}
