//! Older kernels, systems that refuse a call, one CPU, and processes that cannot see each other.

use crate::handles::{Fault, passed};
use library_support::{
    SOON, Suite, children_of, finish, finish_within, program, suite, until, until_orphans_end,
};
use rustix::thread::{CpuSet, LinkNameSpaceType, move_into_link_name_space, sched_setaffinity};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use shared::{Process, Queue};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::thread;

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_queue_works_on_a_kernel_as_old_as_5_4,
            a_system_that_refuses_locks_between_processes_is_told_at_new,
            a_queue_works_where_one_cpu_is_all_there_is,
            a_handle_in_another_pid_namespace_is_an_error,
        ],
        children: [
            adds_one,
            says_what_fails,
        ],
        programs: [
            "runs on an old kernel" => runs_on_an_old_kernel,
            "has no locks" => has_no_locks,
            "has one cpu" => has_one_cpu,
            "starts in another namespace" => starts_in_another_namespace,
        ],
    }
}

#[cfg(target_arch = "x86_64")]
const CALLS: Calls = Calls { futex: 202, memfd_create: 319 };
#[cfg(not(target_arch = "x86_64"))]
const CALLS: Calls = Calls { futex: 98, memfd_create: 279 };

/// The numbers of two calls.
struct Calls {
    futex: i64,
    memfd_create: i64,
}

const LOCK_PI: u64 = 6;
const LOCK_PI2: u64 = 13;
const NOEXEC_SEAL: u64 = 8;

const INVAL: u32 = 22;
const NOSYS: u32 = 38;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// A call with such a second argument.
fn rule(operator: SeccompCmpOp, value: u64) -> SeccompRule {
    let condition = SeccompCondition::new(1, SeccompCmpArgLen::Dword, operator, value);
    SeccompRule::new(vec![condition.expect("an argument")]).expect("a condition")
}

/// From now on these calls fail, in this thread and in all that it starts, processes too.
fn refuse(rules: Rules, errno: u32) {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).expect("it is known");
    let action = SeccompAction::Errno(errno);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture);
    let filter = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
    apply_filter(&filter).expect("a process may refuse itself something");
}

/// Adds one to each number, until the end.
pub fn adds_one(from: Queue<u32>, to: Queue<u32>) {
    for number in &from {
        to.put(number.expect("a number") + 1).expect("it is open");
    }
}

/// Two processes and two threads, so that they meet at the locks.
fn uses_queues() {
    const COUNT: u32 = 5000;
    let (to, from) = (Queue::new().expect("a queue"), Queue::bounded(100).expect("a queue"));
    let children =
        [(); 2].map(|()| Process::spawn(adds_one, (to.clone(), from.clone())).expect("a start"));
    let puts = to.clone();
    let putting = thread::spawn(move || {
        puts.extend(0..COUNT).expect("it is open");
        puts.close().expect("it is open");
    });
    let mut got: Vec<u32> = (0..COUNT).map(|_| from.get_timeout(SOON).expect("a number")).collect();
    putting.join().expect("no panic");
    for child in children {
        child.join().expect("it returns");
    }
    got.sort_unstable();
    assert!(got.into_iter().eq(1..=COUNT));
}

fn a_queue_works_on_a_kernel_as_old_as_5_4() {
    finish_within(&mut program("runs on an old kernel"), 2 * SOON).well();
}

pub fn runs_on_an_old_kernel() {
    let noexec = rule(SeccompCmpOp::MaskedEq(NOEXEC_SEAL), NOEXEC_SEAL);
    refuse(Rules::from([(CALLS.memfd_create, vec![noexec])]), INVAL);
    let mut unknown = Rules::from([(CALLS.futex, vec![rule(SeccompCmpOp::Eq, LOCK_PI2)])]);
    // All calls that came later, the first of which is `close_range` of 5.9.
    unknown.extend((436..=470).map(|call| (call, vec![])));
    refuse(unknown, NOSYS);
    uses_queues();
}

fn a_system_that_refuses_locks_between_processes_is_told_at_new() {
    finish(&mut program("has no locks")).well();
}

pub fn has_no_locks() {
    let both = [LOCK_PI, LOCK_PI2].map(|operation| rule(SeccompCmpOp::Eq, operation));
    refuse(Rules::from([(CALLS.futex, both.to_vec())]), NOSYS);
    for _ in 0..2 {
        let error = Queue::<u32>::new().expect_err("there are no locks").to_string();
        assert!(error.contains("LOCK_PI"), "{error}");
        assert!(error.contains("this system refuses"), "{error}");
    }
    // What needs no lock works.
    let child = Process::spawn(library_support::nothing, ()).expect("a start");
    child.join().expect("it returns");
}

fn a_queue_works_where_one_cpu_is_all_there_is() {
    finish_within(&mut program("has one cpu"), 2 * SOON).well();
}

pub fn has_one_cpu() {
    let all = rustix::thread::sched_getaffinity(None).expect("a set");
    let cpu = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).expect("one at least");
    let mut one = CpuSet::new();
    one.set(cpu);
    sched_setaffinity(None, &one).expect("it may be less");
    uses_queues();
}

pub fn says_what_fails(queue: Queue<u32>) -> (Fault, Fault) {
    let fault = |error: Option<shared::Error>| error.map_or(Fault::Empty, Fault::from);
    (fault(queue.put(1).err()), fault(queue.get().err()))
}

fn a_handle_in_another_pid_namespace_is_an_error() {
    if !rustix::process::geteuid().is_root() {
        print!("(skipped: only root can make a PID namespace) ");
        return;
    }
    let ended = finish(&mut program("starts in another namespace"));
    until_orphans_end(SOON);
    if ended.stdout.starts_with("skipped") {
        print!("({}) ", ended.stdout.trim());
    }
    ended.well();
}

pub fn starts_in_another_namespace() {
    let mut keeper = Command::new("unshare");
    keeper.args(["--pid", "--fork", "--kill-child", "sleep", "60"]).stdin(Stdio::null());
    let Ok(mut keeper) = keeper.stderr(Stdio::null()).spawn() else {
        return println!("skipped: there is no unshare");
    };
    let mut inside = None;
    until("the namespace is there", SOON, || {
        inside = children_of(keeper.id()).first().map(|child| child.pid);
        inside.is_some() || keeper.try_wait().is_ok_and(|end| end.is_some())
    });
    let Some(inside) = inside else { return println!("skipped: no PID namespace may be made") };
    let namespace = File::open(format!("/proc/{inside}/ns/pid")).expect("/proc");
    let kind = Some(LinkNameSpaceType::ProcessID);
    let queue = Queue::new().expect("a queue");
    // It is watched already, since no thread can be started from now on.
    let other = passed(&queue);
    // From now on, what this process starts is in there.
    move_into_link_name_space(namespace.as_fd(), kind).expect("root may");
    let child = Process::spawn(says_what_fails, (queue.clone(),)).and_then(Process::join);
    keeper.kill().expect("it can be signalled");
    keeper.wait().expect("it ends");
    if let Ok(faults) = child {
        for fault in [faults.0, faults.1] {
            assert!(
                matches!(&fault, Fault::Other(text) if text.contains("PID namespace")),
                "{fault:?}"
            );
        }
    } else {
        println!("skipped: {child:?}");
    }
    // It hinders nobody else.
    other.put(1).expect("it is open");
    assert_eq!(queue.get().expect("an item"), 1);
}
