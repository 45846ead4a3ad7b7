//! The command line of the lessons.

use clap::{Arg, Command, CommandFactory, FromArgMatches, Parser, ValueEnum, value_parser};
use std::process;
use std::sync::OnceLock;
use std::time::Duration;

/// The language of what is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Lang {
    Ru,
    En,
}

// What every lesson takes. (`///` here would open the text of `--help`.)
#[derive(Debug, Parser)]
struct Common {
    /// Language of the printed lines
    #[arg(long, value_enum, default_value = "ru")]
    lang: Lang,
}

/// The options of the counters: how far each worker counts, how fast, and what is shown.
#[derive(Debug, Parser)]
#[command(about = None, long_about = None)]
pub struct CounterOptions {
    /// Steps of the first worker
    #[arg(long, value_name = "N", default_value_t, value_parser = value_parser!(u32).range(..=MOST))]
    pub first: u32,

    /// Steps of the second worker
    #[arg(long, value_name = "N", default_value_t, value_parser = value_parser!(u32).range(..=MOST))]
    pub second: u32,

    /// Time from one step to the next: 1s, 100ms, 0s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(super) tick: Duration,

    /// Print the counter at every step, with the worker and its PID
    #[arg(long)]
    pub(super) show_steps: bool,

    #[command(flatten)]
    common: Common,
}

/// The counter of two workers who each count as far as this still fits a `u32`.
const MOST: i64 = 1_000_000;

static COUNTER_OPTIONS: OnceLock<CounterOptions> = OnceLock::new();
static LANG: OnceLock<Lang> = OnceLock::new();

/// The options of a counter, with the lesson's own numbers of steps where none are given.
///
/// Bad input ends the program with an error on stderr and exit code 2.
pub fn counter_options(first: u32, second: u32) -> &'static CounterOptions {
    COUNTER_OPTIONS.get_or_init(|| {
        // A default lives as long as the program; so leaking two short strings costs nothing.
        let default = |n: u32| move |arg: Arg| arg.default_value(&*n.to_string().leak());
        let command = CounterOptions::command().mut_arg("first", default(first));
        parse(command.mut_arg("second", default(second)))
    })
}

/// Takes `--lang` and `--help`; anything else ends the program with an error and exit code 2.
pub fn options() {
    LANG.get_or_init(|| parse::<Common>(Common::command()).lang);
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

pub(super) fn lang() -> Lang {
    // A counter's options contain those of every lesson, so this holds for a child of each.
    *LANG.get_or_init(|| in_worker().common.lang)
}

fn parse<T: FromArgMatches>(command: Command) -> T {
    let found = command.try_get_matches();
    match found.and_then(|found| T::from_arg_matches(&found)) {
        Ok(options) => options,
        // `--help` is no error: it goes to stdout, as every line there by way of `say`.
        Err(help) if !help.use_stderr() => {
            crate::lesson::say!("{}", help.to_string().trim_end());
            process::exit(0)
        }
        Err(error) => error.exit(),
    }
}
