//! Messages to a child and back.

use super::PEERS;
use crate::cpu::Setting::{self, Free, Loaded, OneCpu};
use crate::unit::Unit::Micros;
use crate::workload::Workload;

pub fn round_trips() -> [Workload; 3] {
    const FREE: &str = "procspawn has no channels of its own: its messages go through those of the \
        ipc-channel that it is built on.";
    const ONE: &str = "All processes are on one CPU, where no wake-up crosses to another.";
    const LOADED: &str = "Beside them are as many busy processes as there are CPUs.";
    [
        round_trip("round-trip", "Round trip of 32 bytes", Free, 4000, FREE),
        round_trip("round-trip-one-cpu", "Round trip of 32 bytes, on one CPU", OneCpu, 8000, ONE),
        round_trip(
            "round-trip-busy",
            "Round trip of 32 bytes, on a busy machine",
            Loaded,
            2000,
            LOADED,
        ),
    ]
}

fn round_trip(
    name: &'static str,
    title: &str,
    setting: Setting,
    count: u32,
    more: &str,
) -> Workload {
    let what = format!("round_trip {count}");
    let about = format!(
        "A string of 32 bytes goes to a child and comes back. The mean of {count} one after \
         another, after a tenth of them that is not counted. {more}"
    );
    Workload::new(name, title, Micros, about)
        .within(setting)
        .rust(&["ours"], &what)
        .python("CPython", &format!("messages.py fork {what}"))
        .rust(PEERS, &what)
}

pub fn echoes() -> [Workload; 4] {
    [
        echo_of_bytes("echo-64k-bytes", "64 KiB", "65536 500"),
        echo_of_bytes("echo-1m-bytes", "1 MiB", "1048576 60"),
        echo_of_numbers("echo-64k-numbers", "64 KiB", "65536 100"),
        echo_of_numbers("echo-1m-numbers", "1 MiB", "1048576 10"),
    ]
}

fn echo_of_bytes(name: &'static str, size: &str, what: &str) -> Workload {
    const ABOUT: &str = "As many bytes go to a child and come back; in this crate, procspawn and \
        raw ipc-channel as `serde_bytes::ByteBuf`. The floor is a stream.";
    let rust = format!("echo_bytes {what}");
    Workload::new(name, &format!("Echo of {size}, as bytes"), Micros, ABOUT)
        .rust(&["ours"], &rust)
        .python("CPython, `send_bytes`", &format!("messages.py fork echo_send_bytes {what}"))
        .python("CPython, `send`", &format!("messages.py fork echo_send {what}"))
        .rust(PEERS, &rust)
}

fn echo_of_numbers(name: &'static str, size: &str, what: &str) -> Workload {
    const ABOUT: &str = "As many bytes of numbers go to a child and come back, as a `Vec<u64>` or a \
        Python list. crossmist and the floor copy memory; the others encode each number.";
    let what = format!("echo_numbers {what}");
    Workload::new(name, &format!("Echo of {size}, as numbers"), Micros, ABOUT)
        .rust(&["ours"], &what)
        .python("CPython", &format!("messages.py fork {what}"))
        .rust(PEERS, &what)
}
