//! What `--help`, `--version` and a refused command line say, in the language of the reader.

use super::options::{Lang, MOST, lang};
use super::{Text, about};
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, Command, Error};
use std::env;
use std::io::{self, Write as _};
use std::process;
use std::sync::OnceLock;

const LANG: Text = Text::new("Язык программы: ru или en", "Language of the program: ru or en");
const HELP: Text = Text::new("Показать эту справку", "Print this help");
const VERSION: Text = Text::new("Показать версию", "Print the version");
const FIRST: Text = Text::new("Сколько шагов делает первый рабочий", "Steps of the first worker");
const SECOND: Text = Text::new("Сколько шагов делает второй рабочий", "Steps of the second worker");
const TICK: Text = Text::new(
    "Время от шага до шага: 1s, 100ms, 0s",
    "Time from one step to the next: 1s, 100ms, 0s",
);
const SHOW_STEPS: Text = Text::new(
    "Печатать счётчик на каждом шаге, с рабочим и его PID",
    "Print the counter at every step, with the worker and its PID",
);

const USAGE: Text = Text::new("Запуск", "Usage");
const OPTIONS: Text = Text::new("Параметры", "Options");
const ANY_OPTIONS: Text = Text::new("[ПАРАМЕТРЫ]", "[OPTIONS]");
const DEFAULT: Text = Text::new("по умолчанию", "default");

/// The help of an option.
pub(super) fn of(option: &str) -> Text {
    match option {
        "first" => FIRST,
        "second" => SECOND,
        "tick" => TICK,
        "show-steps" => SHOW_STEPS,
        _ => LANG,
    }
}

/// An option with a value that it has if none is given.
pub(super) fn with_default(arg: Arg, default: &'static str) -> Arg {
    let help = format!("{} [{DEFAULT}: {default}]", of(arg.get_id().as_str()));
    let value_name = match arg.get_id().as_str() {
        "tick" => Text::new("ВРЕМЯ", "TIME").get(),
        "lang" => Text::new("ЯЗЫК", "LANG").get(),
        _ => "N",
    };
    // Clap's own note of the default is in English only.
    let arg = arg.default_value(default).hide_default_value(true);
    arg.hide_possible_values(true).value_name(value_name).help(help)
}

/// The command line of this program: the options of every lesson, and those that are added.
pub(super) fn command(with_options: impl FnOnce(Command) -> Command) -> Command {
    let name = program();
    let command = Command::new(name)
        .about(about::of(name).map(Text::get).unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"))
        .override_usage(format!("{name} {ANY_OPTIONS}"))
        .help_template(format!(
            "{{about-with-newline}}\n{USAGE}: {{usage}}\n\n{OPTIONS}:\n{{options}}"
        ))
        .disable_help_flag(true)
        .disable_version_flag(true);
    let flag = |id, short, action| Arg::new(id).long(id).short(short).action(action);
    with_options(command).args([
        with_default(Arg::new("lang").long("lang").value_parser(["ru", "en"]), "ru"),
        flag("help", 'h', ArgAction::Help).help(HELP.to_string()),
        flag("version", 'V', ArgAction::Version).help(VERSION.to_string()),
    ])
}

/// Says what is wrong with the command line, and ends the program with exit code 2.
pub(super) fn refuse(error: &Error) -> ! {
    if lang() == Lang::En {
        error.exit();
    }
    let text = format!("ошибка: {}\n\nЧто можно указать, скажет '--help'.\n", russian(error));
    let _ = io::stderr().write_all(text.as_bytes());
    process::exit(error.exit_code())
}

/// The errors that the options of the lessons can meet.
fn russian(error: &Error) -> String {
    let part = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (option, value) = (part(ContextKind::InvalidArg), part(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::UnknownArgument => format!("неизвестный параметр '{option}'"),
        ErrorKind::ArgumentConflict => format!("'{option}' указан дважды"),
        ErrorKind::InvalidValue if value.is_empty() => format!("у '{option}' нет значения"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("значение '{value}' не подходит для '{option}': нужно {}", wanted(&option))
        }
        _ => error.to_string().trim_start_matches("error: ").trim_end().to_owned(),
    }
}

fn wanted(option: &str) -> String {
    if option.starts_with("--tick") {
        "время, например 1s или 100ms".to_owned()
    } else if option.starts_with("--lang") {
        "ru или en".to_owned()
    } else {
        format!("целое число от 0 до {MOST}")
    }
}

/// The name of this program's file.
fn program() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        // The first argument is the name that the program was called by; in a child it is another.
        let file = env::current_exe().unwrap_or_default();
        file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    })
}
