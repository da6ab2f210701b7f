//! How far pictures lag behind music: an instance plays in one process, and another follows it as a visualizer does.

use super::Spread;
use crate::bridge::{Part, ShowKind, Stage, relay};
use crate::link::{Choice, Identity, Listener, Merge, Mirror, Onlooker, Publisher, Tidings, Watched};
use crate::live::{Performer, PlayerEvent, PlayerKind, Setup};
use crate::moment::now_ns;
use crate::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// Samples a second.
const RATE: u32 = 48_000;
/// Samples of a block.
const BLOCK: usize = 256;
/// The first tempo, and the one that takes turns with it.
const TEMPO: [f64; 2] = [120.0, 97.0];
/// Seconds that a tempo lasts.
const TURN: f64 = 2.0;
/// Quarter notes from a note to the next, off every grid that a frame could keep to.
const EVERY: f64 = 0.2113;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct LinkSpeed {
    /// Samples of a block, and a second.
    pub block: (usize, u32),
    /// Frames a second.
    pub frames: f64,
    /// Milliseconds from a message's sending to its reading.
    pub transport_ms: Spread,
    /// Milliseconds that the position of a frame is away from the position that sounds.
    pub position_ms: Spread,
    /// Milliseconds from a note's audio time to the first frame that shows it.
    pub shown_ms: Spread,
    /// Notes that were shown before their audio time, by more than a hundredth of a millisecond.
    pub early: usize,
    /// Messages and events that were lost.
    pub lost: u64,
}

/// Where the music is at a moment after the start, in seconds: tempo takes turns.
fn beats_at(seconds: f64) -> f64 {
    let turns = (seconds / TURN).floor().max(0.0);
    let whole = |n: f64| TURN * (TEMPO[0] * (n / 2.0).ceil() + TEMPO[1] * (n / 2.0).floor()) / 60.0;
    whole(turns) + (seconds - turns * TURN) * TEMPO[turns as usize % 2] / 60.0
}

struct Nobody;

impl Onlooker for Nobody {
    fn watched(&mut self, _: &Watched) {}
    fn problem(&mut self, reason: &str) {
        eprintln!("{reason}");
    }
}

/// Plays notes as a host's audio thread would, under a name, and tells the moment of its first sample in a line.
///
/// # Errors
/// Where that line cannot be written.
pub fn play(name: &str, seconds: f64, mut out: impl Write) -> std::io::Result<()> {
    let Stage { audio, composer, watcher } = Stage::default();
    let rate = SampleRate(RATE);
    let (sender, receiver) = relay(rate);
    let mut performer = Performer::prepare(Setup::new(rate), audio).with_relay(sender);
    let identity = Identity { name: name.to_owned(), program: "bench".to_owned(), rate };
    let _link = Publisher::spawn(identity, receiver, Box::new(Nobody));
    // Where the system does not allow it, blocks come less evenly.
    let _denied = crate::priority::ask_for_real_time();
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    let (mut composer, mut watcher) = (composer, watcher);
    let start_ns = now_ns() + 50_000_000;
    writeln!(out, "{start_ns}")?;
    out.flush()?;
    let (mut sample, mut note) = (0_u64, 0_u64);
    while (sample as f64) < seconds * f64::from(RATE) {
        let at = |sample: u64| sample as f64 / f64::from(RATE);
        let due = start_ns + (at(sample) * 1e9) as u64;
        if let Some(rest) = due.checked_sub(now_ns()) {
            std::thread::sleep(Duration::from_nanos(rest));
        }
        let tempo = Bpm(TEMPO[(at(sample) / TURN) as usize % 2]);
        let pos_beats = Beats(beats_at(at(sample)));
        let transport = Transport { playing: true, pos_beats, tempo, time_signature: TimeSignature::COMMON };
        let mut events = Vec::new();
        for offset in 0..BLOCK as u32 {
            if beats_at(at(sample + u64::from(offset))) >= EVERY * (note + 1) as f64 {
                note += 1;
                let kind = PlayerKind::NoteOn { pitch: 36 + (note % 60) as u8, velocity: 80 };
                events.push(PlayerEvent { sample_offset: offset, kind });
                let kind = PlayerKind::NoteOff { pitch: 36 + ((note + 59) % 60) as u8 };
                events.push(PlayerEvent { sample_offset: offset, kind });
            }
        }
        performer.begins_at(now_ns());
        performer.process(&transport, &events, &mut left, &mut right);
        while composer.heard.receive().is_some() {}
        while watcher.show.receive().is_some() {}
        sample += BLOCK as u64;
    }
    Ok(())
}

/// Follows the instance of that name, whose first sample was at `start_ns`, with so many frames a second.
pub fn follow(name: &str, start_ns: u64, seconds: f64, frames: f64) -> LinkSpeed {
    let listener = Listener::spawn(Choice::Named(vec![name.to_owned()]), Mirror::default());
    let mut merge = Merge::default();
    let (mut transport, mut position, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let mut events = Vec::new();
    let mut early = 0;
    let began = now_ns();
    for frame in 1.. {
        let due = began + (f64::from(frame) * 1e9 / frames) as u64;
        if let Some(rest) = due.checked_sub(now_ns()) {
            std::thread::sleep(Duration::from_nanos(rest));
        }
        while let Some(tidings) = listener.next() {
            match tidings {
                Tidings::Joined(line, found) => merge.join(line, found),
                Tidings::Left(line) => merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => {
                    transport.push((read_ns.saturating_sub(pulse.sent_ns)) as f64 * 1e-6);
                    merge.take(line, pulse, read_ns);
                }
                Tidings::Problem(reason) => eprintln!("{reason}"),
            }
        }
        let now = now_ns();
        let since = (now.saturating_sub(start_ns)) as f64 * 1e-9;
        events.clear();
        let Some(at) = merge.advance(now, &mut events) else { if since > seconds { break } else { continue } };
        // What was played before it was followed is not counted, nor what is left in the end.
        if since < 1.0 {
            continue;
        }
        if since > seconds - 0.2 {
            break;
        }
        let off = at.beats.0 - beats_at(since);
        position.push(off.abs() * at.tempo.seconds_per_beat() * 1e3);
        for event in &events {
            if let ShowKind::NoteOn { part: Part::Call, .. } = event.kind {
                let late = seconds_late(event.pos_beats.0, since) * 1e3;
                early += usize::from(late < -0.01);
                shown.push(late);
            }
        }
    }
    LinkSpeed {
        block: (BLOCK, RATE),
        frames,
        transport_ms: Spread::of(transport),
        position_ms: Spread::of(position),
        shown_ms: Spread::of(shown),
        early,
        lost: merge.lost(),
    }
}

/// How long ago a position sounded, in seconds, found by halving.
fn seconds_late(beats: f64, now: f64) -> f64 {
    let (mut from, mut to) = (0.0, now + 10.0);
    for _ in 0..60 {
        let middle = 0.5 * (from + to);
        if beats_at(middle) < beats { from = middle } else { to = middle }
    }
    now - from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_moments_lead_to_each_other_through_turns_of_tempo() {
        assert_eq!(beats_at(2.0), 4.0);
        assert!((beats_at(4.0) - (4.0 + 2.0 * 97.0 / 60.0)).abs() < 1e-12);
        for i in 0..100 {
            let at = 0.173 * f64::from(i);
            assert!((seconds_late(beats_at(at), at + 0.25) - 0.25).abs() < 1e-9, "{at}");
        }
    }
}
