//! MIDI clock out: others follow the show. A thread of its own predicts the present from the newest snapshot and sends each message
//! at its moment.

use super::hub::Handle;
use super::snapshot::Snapshot;
use oneiro::devices::DeviceError;
use oneiro::devices::midi::{Input, MidiChoice, MidiKeeper, MidiNews, Outputs, list};
use oneiro::live::transport::{ClockMessage, ClockOut};
use oneiro::moment::now_ns;
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

/// Steps of a second in which moments are counted.
const RATE: SampleRate = SampleRate(1_000_000);
/// Time from one look to the next: what a message may be late by.
const LOOK: Duration = Duration::from_millis(1);
/// A show of which nothing was heard for so long stands.
const STALE_NS: u64 = 1_000_000_000;
/// Longest stretch that is made up for.
const LONGEST_NS: u64 = 100_000_000;

/// MIDI clock out, as long as this lives.
#[derive(Debug)]
pub struct MidiClock {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Closes the ports when the last message is out.
    _keeper: MidiKeeper,
}

impl MidiClock {
    /// Sends to every output that has `part` in its name, also one that appears later, and to a port of its own, `oneiro`, which
    /// others connect to; with an empty part only there. `tell` is told what becomes of ports.
    ///
    /// # Errors
    /// [`DeviceError::Midi`] where this system has no MIDI, [`DeviceError::Unknown`] where no output has such a name.
    pub fn open(part: &str, handle: Handle, tell: impl Fn(&str) + Send + 'static) -> Result<Self, DeviceError> {
        let [_, there] = list()?;
        if !part.is_empty() && !there.iter().any(|name| name.to_lowercase().contains(&part.to_lowercase())) {
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            return Err(DeviceError::Unknown { what: "MIDI output", name: part.to_owned(), there });
        }
        let outputs = Arc::new(Outputs::default());
        // No name has this in it: nothing is listened to.
        let inputs = vec!["\0".to_owned()];
        let wanted = if part.is_empty() { Vec::new() } else { vec![part.to_owned()] };
        let choice = MidiChoice { inputs, outputs: wanted, ..MidiChoice::default() };
        let (told, news) = channel();
        let keeper = MidiKeeper::spawn(choice, Arc::new(Deaf), Arc::clone(&outputs), told)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let run = move || {
            let mut beat = Beat::new(now_ns());
            let send = |message: ClockMessage| {
                let (bytes, length) = message.bytes();
                let now = now_ns();
                outputs.send(now, &bytes[..length]);
                outputs.flush(now);
            };
            while !stopped.load(Ordering::Relaxed) {
                beat.advance(now_ns(), &handle.now(), &mut |message| send(message));
                while let Ok(news) = news.try_recv() {
                    match news {
                        MidiNews::Connected { port } => tell(&format!("MIDI clock to {port}")),
                        MidiNews::Vanished { port } => tell(&format!("{port} is gone")),
                        MidiNews::Unavailable { reason } => tell(&reason),
                    }
                }
                std::thread::sleep(LOOK);
            }
            beat.end(&mut |message| send(message));
        };
        let no_thread = |e: std::io::Error| DeviceError::Midi(format!("MIDI clock has no thread: {e}"));
        let thread = std::thread::Builder::new().name("MIDI clock".into()).spawn(run).map_err(no_thread)?;
        Ok(Self { stop, thread: Some(thread), _keeper: keeper })
    }
}

impl Drop for MidiClock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has ended it already.
            drop(thread.join());
        }
    }
}

/// Hears nothing.
struct Deaf;

impl Input for Deaf {
    fn bytes(&self, _: u32, _: u64, _: &[u8]) {}
    fn gone(&self, _: u32, _: u64) {}
}

/// The messages of a show, whatever it is looked at: everything but the ports.
#[derive(Debug)]
struct Beat {
    out: ClockOut,
    /// Up to when messages were sent.
    sent_ns: u64,
    playing: bool,
}

impl Beat {
    fn new(now_ns: u64) -> Self {
        Self { out: ClockOut::new(RATE), sent_ns: now_ns, playing: false }
    }

    /// Sends what is due by a moment, by the newest that is known of the show.
    fn advance(&mut self, now_ns: u64, show: &Snapshot, send: &mut impl FnMut(ClockMessage)) {
        // What nobody could send in time is not made up for.
        self.sent_ns = self.sent_ns.max(now_ns.saturating_sub(LONGEST_NS));
        let steps = now_ns.saturating_sub(self.sent_ns) * u64::from(RATE.0) / 1_000_000_000;
        if steps == 0 {
            return;
        }
        let (Ok(tempo), true) = (Bpm::new(show.music.tempo), show.at_ns > 0 && show.music.beats.is_finite()) else {
            // There is no show yet: it begins when it begins.
            self.sent_ns = now_ns;
            return;
        };
        // A snapshot is of the past, or of a moment after what was sent last.
        let since = (self.sent_ns as f64 - show.at_ns as f64) * 1e-9;
        let playing = show.music.playing && now_ns.saturating_sub(show.at_ns) < STALE_NS;
        let beats = show.music.beats + if playing { since / tempo.seconds_per_beat() } else { 0.0 };
        let transport = Transport { playing, pos_beats: Beats(beats), tempo, time_signature: TimeSignature::COMMON };
        self.out.block(&transport, steps as u32, &mut |_, message| send(message));
        self.sent_ns += steps * 1_000_000_000 / u64::from(RATE.0);
        self.playing = playing;
    }

    /// The show is over.
    fn end(&mut self, send: &mut impl FnMut(ClockMessage)) {
        if std::mem::take(&mut self.playing) {
            send(ClockMessage::Stop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::snapshot::MusicSeen;
    use oneiro::live::transport::{ClockIn, TransportSource};

    fn show(at_ns: u64, beats: f64, tempo: f64, playing: bool) -> Snapshot {
        Snapshot { at_ns, music: MusicSeen { beats, tempo, playing, ..MusicSeen::default() }, ..Snapshot::default() }
    }

    const MS: u64 = 1_000_000;

    /// Runs a show on a virtual clock, frames every 17 ms and looks every millisecond: the messages and their milliseconds.
    fn run(milliseconds: u64, at: impl Fn(f64) -> (f64, f64, bool)) -> Vec<(u64, ClockMessage)> {
        let (mut beat, mut sent) = (Beat::new(MS), Vec::new());
        let mut newest = Snapshot::default();
        for ms in 1..milliseconds {
            if ms % 17 == 0 {
                let (beats, tempo, playing) = at(ms as f64 * 1e-3);
                newest = show(ms * MS, beats, tempo, playing);
            }
            beat.advance(ms * MS, &newest, &mut |message| sent.push((ms, message)));
        }
        beat.end(&mut |message| sent.push((milliseconds, message)));
        sent
    }

    #[test]
    fn a_follower_keeps_with_the_show_through_tempi_and_jumps() {
        // At 2 s faster, at 4 s a jump to beat 33.
        let at = |s: f64| match s {
            s if s < 2.0 => (2.0 * s, 120.0, true),
            s if s < 4.0 => (4.0 + 3.0 * (s - 2.0), 180.0, true),
            s => (33.0 + 3.0 * (s - 4.0), 180.0, true),
        };
        let sent = run(6000, at);
        let rate = SampleRate(1000);
        let (mut follower, mut next) = (ClockIn::new(rate), 0);
        for ms in 0..6000 {
            while sent.get(next).is_some_and(|(at, _)| *at <= ms) {
                follower.message(0, sent[next].1);
                next += 1;
            }
            let heard = follower.next_block(1);
            let wanted = at(ms as f64 * 1e-3).0;
            let settling = ms < 300 || (2000..2400).contains(&ms) || (4000..4500).contains(&ms);
            let off = (heard.pos_beats.0 - wanted).abs();
            assert!(settling || (heard.playing && off < 0.08), "{off} beats off at {ms} ms: {heard:?} for {wanted}");
        }
        let ticks = sent.iter().filter(|(_, message)| *message == ClockMessage::Tick).count();
        let whole = 24.0 * (4.0 + 6.0 + 6.0);
        assert!((ticks as f64 - whole).abs() <= 4.0, "{ticks} ticks for {whole}");
        let others: Vec<ClockMessage> = sent.iter().map(|(_, m)| *m).filter(|m| *m != ClockMessage::Tick).collect();
        let is = |message: &ClockMessage| matches!(message, ClockMessage::Start | ClockMessage::Continue);
        assert!(is(&others[0]) || is(&others[1]), "{others:?}");
        assert!(
            others.contains(&ClockMessage::Position(4 * 33)) || others.contains(&ClockMessage::Position(4 * 33 + 1))
        );
        assert_eq!(others.last(), Some(&ClockMessage::Stop));
    }

    #[test]
    fn a_show_that_stands_or_hangs_is_stopped_and_one_that_never_was_is_silent() {
        let sent = run(3000, |s| if s < 1.0 { (4.0 * s, 240.0, true) } else { (4.0, 240.0, false) });
        let stop = sent.iter().find(|(_, message)| *message == ClockMessage::Stop).unwrap().0;
        assert!((1000..1030).contains(&stop), "{stop}");
        assert!(
            sent.iter().any(|(at, message)| *at > 2900 && *message == ClockMessage::Tick),
            "followers keep the tempo"
        );
        assert_eq!(sent.iter().filter(|(_, message)| *message == ClockMessage::Stop).count(), 1);

        let (mut beat, mut sent) = (Beat::new(MS), Vec::new());
        for ms in 1..2000 {
            let seen = if ms < 500 { Snapshot::default() } else { show(500 * MS, 0.0, 120.0, true) };
            beat.advance(ms * MS, &seen, &mut |message| sent.push((ms, message)));
        }
        assert!(sent[0].1 == ClockMessage::Start && (500..=502).contains(&sent[0].0), "{:?}", sent[0]);
        let stop = sent.iter().find(|(_, message)| *message == ClockMessage::Stop).unwrap().0;
        assert!((1500..1510).contains(&stop), "it hung at 500 ms, and was stopped at {stop}");
    }
}
