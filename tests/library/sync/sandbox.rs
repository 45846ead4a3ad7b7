//! Old kernels and sandboxes, which refuse a call: said at `new`, and never a hang later.

use library_support::{MOMENT, SOON, Suite, finish, program, soon, suite};
use shared::sync::{Barrier, Event, Mutex, Semaphore};
use shared::{Error, Process};
use std::env;
use std::process::Command;
use std::thread;

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_system_that_refuses_the_lock_says_so_at_new,
            a_system_that_refuses_the_memory_says_so_at_new,
            an_older_kernel_waits_by_its_older_call,
        ],
        children: [
            adds,
        ],
        programs: [
            "has no such locks" => has_no_such_locks,
            "has no such memory" => has_no_such_memory,
            "has an older kernel" => has_an_older_kernel,
        ],
    }
}

/// Runs a program where the system refuses a call with an error number: the call, and for a futex the
/// operations of it. It is a filter of system calls (seccomp), which only Python can set in safe code.
const REFUSE: &str = r#"
import ctypes, os, struct, sys
call, errno, *operations = map(int, sys.argv[2:sys.argv.index("--")])
code = [(0x20, 0, 0, 0)]  # the number of the call
if operations:
    skip = len(operations)
    code += [(0x15, 0, 3 + skip, call), (0x20, 0, 0, 24), (0x54, 0, 0, 0x7f)]
    code += [(0x15, skip - n, 0 if n < skip else 1, op) for n, op in enumerate(operations, 1)]
else:
    code += [(0x15, 0, 1, call)]
code += [(0x06, 0, 0, 0x00050000 | errno), (0x06, 0, 0, 0x7fff0000)]
program = b"".join(struct.pack("HBBI", *step) for step in code)
steps = ctypes.create_string_buffer(program)
libc = ctypes.CDLL(None, use_errno=True)
header = struct.pack("HxxxxxxP", len(code), ctypes.addressof(steps))
assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
if libc.prctl(22, 2, ctypes.create_string_buffer(header)) != 0:  # the filter
    sys.exit("no filter: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], [sys.argv[1]] + sys.argv[sys.argv.index("--") + 1:])
"#;

const ENOSYS: u32 = 38;
const EPERM: u32 = 1;
const LOCK_PI: u32 = 6;
const LOCK_PI2: u32 = 13;

/// The numbers of `futex` and `memfd_create`.
const CALLS: Option<(u32, u32)> = if cfg!(target_arch = "x86_64") {
    Some((202, 319))
} else if cfg!(target_arch = "aarch64") {
    Some((98, 279))
} else {
    None
};

fn run_refused(name: &str, call: u32, errno: u32, operations: &[u32]) {
    let as_program = program(name);
    let mut command = Command::new("python3");
    command.args(["-c", REFUSE]).arg(env::current_exe().expect("this program has a file"));
    command.args([call, errno].iter().chain(operations).map(u32::to_string));
    command.arg("--").args(as_program.get_args()).env("RUST_BACKTRACE", "0");
    finish(&mut command).well();
}

fn a_system_that_refuses_the_lock_says_so_at_new() {
    let Some((futex, _)) = CALLS else { return eprintln!("not tested on this machine") };
    run_refused("has no such locks", futex, ENOSYS, &[LOCK_PI, LOCK_PI2]);
}

pub fn has_no_such_locks() {
    for error in [Mutex::new(1).err(), Barrier::new(2).err()] {
        let error = error.expect("it is refused").to_string();
        assert!(error.contains("LOCK_PI"), "{error}");
    }
    // They need no lock.
    Event::new().expect("an event").set();
    drop(Semaphore::new(1).expect("a semaphore").acquire().expect("it is free"));
}

fn a_system_that_refuses_the_memory_says_so_at_new() {
    let Some((_, memfd_create)) = CALLS else { return eprintln!("not tested on this machine") };
    run_refused("has no such memory", memfd_create, EPERM, &[]);
}

pub fn has_no_such_memory() {
    let errors = [Mutex::new(1).err(), Event::new().err(), Semaphore::new(1).err()];
    for error in errors {
        let error = error.expect("it is refused").to_string();
        assert!(error.contains("shared memory could not be made"), "{error}");
    }
}

pub fn adds(n: u64, counter: Mutex<u64>) {
    for _ in 0..n {
        *counter.lock().expect("nobody is killed") += 1;
    }
}

fn an_older_kernel_waits_by_its_older_call() {
    let Some((futex, _)) = CALLS else { return eprintln!("not tested on this machine") };
    run_refused("has an older kernel", futex, ENOSYS, &[LOCK_PI2]);
}

pub fn has_an_older_kernel() {
    let counter = Mutex::new(0).expect("a mutex");
    let guard = counter.lock().expect("it is free");
    let other = counter.clone();
    soon(move || assert!(matches!(other.lock_timeout(3 * MOMENT), Err(Error::Timeout))));
    drop(guard);
    let workers =
        [(); 2].map(|()| Process::spawn(adds, (10_000, counter.clone())).expect("a start"));
    for worker in workers {
        assert_eq!(worker.wait_timeout(SOON).expect("no error"), Some(0));
    }
    let other = counter.clone();
    thread::spawn(move || std::mem::forget(other.lock())).join().expect("it forgets");
    assert_eq!(*counter.lock().expect("its reader is gone"), 20_000);
}
