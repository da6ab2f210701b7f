//! Instances and those who follow them, as processes of their own: found, followed, chosen, killed at any moment, and nothing is
//! left behind.

#[cfg(unix)]
mod fault_support;
mod link_support;

use link_support::{Alone, PATIENCE, own_part};
use oneiro::bridge::ShowKind;
use oneiro::link::{Choice, Follower, Listener, Merge, Mirror, Room, Tidings, instances};
use oneiro::moment::now_ns;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// A second, and what a busy machine takes besides; far less than until anybody who failed tries again.
const SOON: Duration = Duration::from_secs(4);

/// Follows those whose name has a part, and says what comes of it: how many are heard, who leads, and that there are notes.
fn follow(name: &str) {
    let choice = if name.is_empty() { Choice::All } else { Choice::Named(vec![name.to_owned()]) };
    let listener = Listener::spawn(choice, Mirror::default());
    let (mut merge, mut events, mut notes) = (Merge::default(), Vec::new(), 0);
    loop {
        std::thread::sleep(Duration::from_millis(16));
        while let Some(tidings) = listener.next() {
            match tidings {
                Tidings::Joined(line, found) => merge.join(line, found),
                Tidings::Left(line) => merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => merge.take(line, pulse, read_ns),
                Tidings::Problem(reason) => println!("problem: {reason}"),
            }
        }
        events.clear();
        let at = merge.advance(now_ns(), &mut events);
        notes += events.iter().filter(|event| matches!(event.kind, ShowKind::NoteOn { .. })).count();
        match merge.about(now_ns()) {
            Some((found, count)) if at.is_some_and(|at| at.playing) && notes > 0 => {
                println!("hears {count}, led by {}", found.name);
            }
            _ => {
                println!("hears nobody");
                notes = 0;
            }
        }
    }
}

#[test]
fn part() {
    match own_part() {
        Some((part, name)) if part == "follow" => follow(&name),
        Some((part, _)) if part == "sweep" => {
            // Whoever opens the link removes what killed programs have left.
            drop(Follower::open(&Room::usual().unwrap(), Choice::All).unwrap());
        }
        _ => {}
    }
}

/// Waits until something is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn whoever_is_killed_is_let_go_and_taken_up_again_and_nothing_stays_behind() {
    let (alone, seed) = (Alone::new(), u64::from(std::process::id()));
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    assert_eq!(alone.left(), [""; 0]);
    let mut player = alone.player("lead");
    let mut follower = alone.part("follow", "");
    follower.until(|line| line == "hears 1, led by lead");
    let whole = alone.left().len();
    assert!(whole > 0);
    let (mut longest, mut long) = ([Duration::ZERO; 2], 0);
    for round in 0..20 {
        std::thread::sleep(Duration::from_millis(rng.random_range(0..150)));
        if rng.random() {
            player.kill();
            follower.forget();
            let took = follower.until(|line| line == "hears nobody");
            (longest[0], long) = (longest[0].max(took), long + u32::from(took > SOON));
            player = alone.player("lead");
            // Its first line comes when it begins.
            player.until(|line| !line.is_empty());
            follower.forget();
        } else {
            follower.kill();
            follower = alone.part("follow", "");
            follower.until(|line| line.starts_with("hears"));
        }
        let took = follower.until(|line| line == "hears 1, led by lead");
        println!("round {round}: heard again after {took:?}");
        (longest[1], long) = (longest[1].max(took), long + u32::from(took > SOON));
    }
    println!("let go after {:?}, heard again after {:?} at most", longest[0], longest[1]);
    // A machine that is held up takes longer now and then.
    assert!(long <= 2, "seed {seed}: {long} times of {longest:?} at most");
    until("the dead are still there", || alone.left().len() <= whole);
    player.kill();
    follower.kill();
    assert!(alone.part("sweep", "").ends_well());
    assert_eq!(alone.left(), [""; 0], "seed {seed}");
}

#[test]
fn instances_are_listed_by_name_and_each_visualizer_follows_those_that_it_wants() {
    let alone = Alone::new();
    assert_eq!(instances(&alone.room()), Ok(Vec::new()));
    let bass = alone.player("Bass");
    let lead = alone.player("Lead Synth");
    until("both are not listed", || instances(&alone.room()).is_ok_and(|found| found.len() == 2));
    let mut found = instances(&alone.room()).unwrap();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.program.as_str(), f.process, f.rate)).collect();
    assert_eq!(seen, [("Bass", "bench", bass.id(), 48_000), ("Lead Synth", "bench", lead.id(), 48_000)]);

    let (all, one) = (alone.part("follow", ""), alone.part("follow", "lead"));
    all.until(|line| line.starts_with("hears 2"));
    one.until(|line| line == "hears 1, led by Lead Synth");
    drop(bass);
    all.until(|line| line == "hears 1, led by Lead Synth");
    one.forget();
    one.until(|line| line == "hears 1, led by Lead Synth");
    drop(lead);
    all.until(|line| line == "hears nobody");
    one.until(|line| line == "hears nobody");
    until("the killed are listed", || instances(&alone.room()) == Ok(Vec::new()));
}

/// An instance that plays, in an environment.
#[cfg(unix)]
fn player(variable: &str, value: &str) -> std::process::Command {
    let mut player = std::process::Command::new(env!("CARGO_BIN_EXE_oneiro"));
    player.args(["bench", "link", "--seconds", "600", "--play", "lead"]).env(variable, value);
    player
}

#[cfg(all(unix, debug_assertions))]
#[test]
fn threads_of_the_link_that_panic_begin_anew_and_are_found_again() {
    let alone = Alone::new();
    // Each rests for two milliseconds while music plays.
    let lead = alone.start(player("ONEIRO_PANIC", "publisher:400+"));
    let follower = alone.part("follow", "");
    follower.until(|line| line == "hears 1, led by lead");
    for _ in 0..2 {
        follower.until(|line| line == "hears nobody");
        follower.until(|line| line == "hears 1, led by lead");
    }
    drop((lead, follower));
    let lead = alone.player("lead");
    let mut listening = std::process::Command::new(std::env::current_exe().unwrap());
    listening.args(["--exact", "part", "--nocapture"]).env("LINK_PART", "follow").env("ONEIRO_PANIC", "listener:400");
    let follower = alone.start(listening);
    follower.until(|line| line == "hears 1, led by lead");
    let failed = "problem: the link between programs has failed (ONEIRO_PANIC asked for it, listener.rs:";
    follower.until(|line| line.starts_with(failed) && line.ends_with(") and begins anew"));
    follower.until(|line| line == "hears nobody");
    follower.until(|line| line == "hears 1, led by lead");
    drop(lead);
    follower.until(|line| line == "hears nobody");
}

#[cfg(unix)]
#[test]
fn a_clock_that_is_set_forward_and_back_does_not_part_those_who_follow() {
    let (alone, folder) = (Alone::new(), tempfile::tempdir().unwrap());
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0").unwrap();
    let mut lead = player("ONEIRO_FAULT", "none");
    let mut listening = std::process::Command::new(std::env::current_exe().unwrap());
    listening.args(["--exact", "part", "--nocapture"]).env("LINK_PART", "follow");
    if ![&mut lead, &mut listening].into_iter().all(|program| fault_support::under_a_clock(program, &clock)) {
        return;
    }
    let (_lead, follower) = (alone.start(lead), alone.start(listening));
    // A machine that is held up for most of a second parts them too; not at each of three times.
    let stays = || {
        follower.until(|line| line == "hears 1, led by lead");
        follower.forget();
        for jump in ["+10d", "-10y", "+0", "+300y", "-1h"].iter().cycle().take(15) {
            std::fs::write(&clock, jump).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
        !follower.heard(|line| line != "hears 1, led by lead")
    };
    assert!((0..3).any(|_| stays()), "it was lost meanwhile");
    follower.until(|line| line == "hears 1, led by lead");
}
