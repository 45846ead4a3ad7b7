//! Where and with what it was measured, and who cannot be measured there.

use crate::contender::{python, rust};
use crate::cpu;
use crate::run::{figures, says};
use std::fs;
use std::process::Command;
use std::time::SystemTime;

/// The machine and the versions, as lines of a table.
pub fn describe() -> Vec<[String; 2]> {
    let line = |name: &str, value: String| [name.to_owned(), value];
    let mut lines = vec![
        line("date", date()),
        line("machine", processor()),
        line("system", system()),
        line("load before", load()),
        line("compiler", says(Command::new("rustc").arg("--version")).unwrap_or_default()),
        line("Python", python_version().unwrap_or_else(|| "none".to_owned())),
    ];
    let peers = ["procspawn", "crossmist", "ipc-channel", "rustix"];
    let versions = peers.map(|name| format!("{name} {}", versions(name).join(" and ")));
    lines.push(line("crates", versions.join(", ")));
    lines
}

fn date() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    let model = field("model name").unwrap_or("unknown processor");
    let flags = field("flags").unwrap_or_default();
    let is_virtual = flags.split_whitespace().any(|flag| flag == "hypervisor");
    let kind = if is_virtual { ", a virtual machine" } else { "" };
    format!("{} CPUs, {model}{kind}", cpu::count())
}

fn system() -> String {
    let name = rustix::system::uname();
    let [system, release, machine] = [name.sysname(), name.release(), name.machine()];
    [system, release, machine].map(|part| part.to_string_lossy().into_owned()).join(" ")
}

/// How many processes wanted to run in the last minute.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or_default().to_owned()
}

fn python_version() -> Option<String> {
    const SAY: &str = "import platform as p; print(p.python_implementation(), p.python_version())";
    says(Command::new("python3").args(["-c", SAY]))
}

/// The versions of a crate that the contenders were built with.
fn versions(name: &str) -> Vec<&'static str> {
    let lock = include_str!("../../Cargo.lock");
    let name = format!("name = \"{name}\"");
    let lines = lock.lines().zip(lock.lines().skip(1));
    let versions = lines.filter(|(line, _)| *line == name);
    let version = |line: &'static str| line.split('"').nth(1);
    versions.filter_map(|(_, next)| version(next)).collect()
}

/// Who cannot be measured here, and why: found out by starting one process.
pub fn absent() -> Vec<(&'static str, String)> {
    let peers = ["procspawn", "crossmist", "raw"].into_iter();
    let peers = peers.map(|which| (which, figures(&mut rust(&format!("{which} start 1")))));
    let python = ("python", figures(&mut python("start.py fork start 1")));
    let tried = peers.chain([python]);
    tried.filter_map(|(which, tried)| Some((which, tried.err()?.to_string()))).collect()
}
