//! The audio callback makes no system call: it takes no lock that another thread holds, waits for nothing, asks for no
//! memory, reads and writes nothing. Shown by a jail: on a thread of which the system takes no call, the first one
//! kills the process, and the callback plays there for twenty seconds of music while the other ends of its rings are busy.
//!
//! A lock that happens to be free makes no system call. That the callback has none at all, `live_boundary.rs` reads off
//! its sources.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use oneiro::bench::Rig;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a process is to do in the jail.
const TASK: &str = "ONEIRO_TEST_JAIL";
/// The signal of a system call that is not allowed: SIGSYS.
const KILLED: i32 = 31;

/// From here on every system call of this thread kills the process.
fn lock_up() {
    let no_rules = BTreeMap::new();
    let architecture = std::env::consts::ARCH.try_into().expect("a known architecture");
    let filter = SeccompFilter::new(no_rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture);
    let program: BpfProgram = filter.and_then(TryInto::try_into).expect("a filter without rules");
    seccompiler::apply_filter(&program).expect("the system has seccomp");
}

/// Does a task on a thread in the jail, with other threads about it; ends the process.
fn inmate(task: &str) -> ! {
    let (mut rig, mut hands) = Rig::new(None);
    hands.step();
    rig.blocks(4);
    let held = Arc::new(Mutex::new(0));
    let guard = held.lock().expect("nobody has it");
    let (done, theirs, task) = (Arc::new(AtomicBool::new(false)), Arc::clone(&held), task.to_owned());
    let tell = Arc::clone(&done);
    std::thread::spawn(move || {
        lock_up();
        match task.as_str() {
            "play" => drop(std::hint::black_box(rig.blocks(15_000))),
            "lock" => *theirs.lock().expect("it is never poisoned") += 1,
            "sleep" => std::thread::sleep(Duration::from_nanos(1)),
            _ => drop(std::hint::black_box(vec![1_u8; 256 << 20])),
        }
        tell.store(true, Ordering::Release);
        // Even the end of a thread is a system call.
        loop {
            std::hint::spin_loop();
        }
    });
    let began = Instant::now();
    while !done.load(Ordering::Acquire) && began.elapsed() < Duration::from_secs(100) {
        hands.step();
    }
    drop(guard);
    std::process::exit(if done.load(Ordering::Acquire) { 0 } else { 3 });
}

#[test]
fn playing_makes_no_system_call() {
    if let Ok(task) = std::env::var(TASK) {
        inmate(&task);
    }
    let outcome = |task: &str| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "playing_makes_no_system_call", "--nocapture"]).env(TASK, task);
        let output = command.output().expect("it can be started");
        assert!(
            output.status.code().is_some_and(|code| code == 0) || output.status.signal() == Some(KILLED),
            "{output:?}"
        );
        output.status.signal()
    };
    // The jail holds: a lock that is held elsewhere, a nap and a large piece of memory are not survived.
    for task in ["lock", "sleep", "allocate"] {
        assert_eq!(outcome(task), Some(KILLED), "{task}");
    }
    assert_eq!(outcome("play"), None);
}
