//! MIDI from devices: notes as they are played, time from MIDI clock where one runs, and the show's own tempo where none does.

use super::Feed;
use super::pulse::Pulse;
use crate::show::clock::Reading;
use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::devices::midi::{Input, MidiChoice, MidiKeeper, MidiNews, Outputs};
use oneiro::devices::{DeviceError, now_ns};
use oneiro::live::transport::{ClockIn, ClockMessage, TransportSource};
use oneiro::music::Chord;
use oneiro::music::midi::{Message, MessageReader};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// Steps of the clock that follows MIDI clock, a second.
const RATE: SampleRate = SampleRate(48_000);
/// Messages that wait to be seen; more are dropped, oldest kept.
const WAITING: usize = 4096;
/// Seconds in which what was loud fades.
const FADE: f64 = 1.2;
/// Longest stretch that the clock is asked for at once, in its steps.
const LONGEST: u32 = 48_000;

/// A message and when it came.
type Stamped = (u32, u64, Message);

/// Sees every message first, and says whether it is its own and no music.
pub type FirstHand = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Makes messages of bytes, on the threads of devices.
struct Intake {
    readers: Mutex<BTreeMap<u32, MessageReader>>,
    messages: SyncSender<Stamped>,
    first: Option<FirstHand>,
}

impl Input for Intake {
    fn bytes(&self, hand: u32, ns: u64, bytes: &[u8]) {
        let Ok(mut readers) = self.readers.lock() else { return };
        readers.entry(hand).or_default().read(bytes, |message| {
            if self.first.as_ref().is_some_and(|first| first(message.bytes())) {
                return;
            }
            // Where nobody looks, nothing waits: the newest is lost.
            let _lost = self.messages.try_send((hand, ns, message));
        });
    }

    fn gone(&self, hand: u32, _: u64) {
        if let Ok(mut readers) = self.readers.lock() {
            readers.remove(&hand);
        }
    }
}

/// MIDI from devices.
pub struct Midi {
    _keeper: MidiKeeper,
    news: Receiver<MidiNews>,
    messages: Receiver<Stamped>,
    player: Player,
    ports: BTreeSet<String>,
}

impl Midi {
    /// Takes up every input whose name has one of these parts; every input without any. What `first` takes is not heard.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn open(inputs: Vec<String>, tempo: f64, first: Option<FirstHand>) -> Result<Self, DeviceError> {
        let (messages, received) = sync_channel(WAITING);
        let (told, news) = std::sync::mpsc::channel();
        let intake = Arc::new(Intake { readers: Mutex::default(), messages, first });
        let choice = MidiChoice { inputs, ..MidiChoice::default() };
        let keeper = MidiKeeper::spawn(choice, intake, Arc::new(Outputs::default()), told)?;
        Ok(Self { _keeper: keeper, news, messages: received, player: Player::new(tempo), ports: BTreeSet::new() })
    }
}

impl Feed for Midi {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        while let Ok(news) = self.news.try_recv() {
            match news {
                MidiNews::Connected { port } => drop(self.ports.insert(port)),
                MidiNews::Vanished { port } => drop(self.ports.remove(&port)),
                MidiNews::Unavailable { .. } => {}
            }
        }
        let now = now_ns();
        while let Ok((_, ns, message)) = self.messages.try_recv() {
            // A moment ago, on the show's clock.
            let ago = now.saturating_sub(ns) as f64 * 1e-9;
            self.player.message(seconds - ago, message.bytes());
        }
        self.player.advance(seconds, events)
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        self.player.set_tempo(tempo)
    }

    fn about(&self) -> String {
        let ports: Vec<&str> = self.ports.iter().map(String::as_str).collect();
        let from = if ports.is_empty() { "no MIDI input yet".to_owned() } else { ports.join(", ") };
        let clock = if self.player.following { "MIDI clock" } else { "own time" };
        format!("{from}; {clock}, {:.1} bpm", self.player.tempo.0)
    }
}

/// What is played, and where: everything but the devices.
struct Player {
    clock: ClockIn,
    following: bool,
    tempo: Bpm,
    /// A second, and the position then, while no clock is followed.
    anchor: (f64, f64),
    /// The second up to which the clock has been asked.
    asked: f64,
    waiting: Vec<(f64, Kind)>,
    pulse: Pulse,
    held: BTreeSet<u8>,
    chord: Option<Chord>,
    level: f64,
    epoch: u32,
}

#[derive(Clone, Copy)]
enum Kind {
    On(u8, u8),
    Off(u8),
    Clock(ClockMessage),
}

impl Player {
    fn new(tempo: f64) -> Self {
        Self {
            clock: ClockIn::new(RATE),
            following: false,
            tempo: Bpm(tempo.clamp(20.0, 400.0)),
            anchor: (0.0, 0.0),
            asked: 0.0,
            waiting: Vec::new(),
            pulse: Pulse::new(TimeSignature::COMMON),
            held: BTreeSet::new(),
            chord: None,
            level: 0.0,
            epoch: 0,
        }
    }

    fn message(&mut self, at: f64, bytes: &[u8]) {
        if let Some(clock) = ClockMessage::parse(bytes) {
            self.waiting.push((at, Kind::Clock(clock)));
            return;
        }
        match *bytes {
            [status, pitch, velocity] if status & 0xF0 == 0x90 && velocity > 0 => {
                self.waiting.push((at, Kind::On(pitch & 127, velocity & 127)));
            }
            [status, pitch, _] if matches!(status & 0xF0, 0x80 | 0x90) => {
                self.waiting.push((at, Kind::Off(pitch & 127)))
            }
            _ => {}
        }
    }

    fn own_beats(&self, seconds: f64) -> f64 {
        self.anchor.1 + (seconds - self.anchor.0).max(0.0) / self.tempo.seconds_per_beat()
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        if self.following || !tempo.is_finite() {
            return false;
        }
        self.anchor = (self.asked, self.own_beats(self.asked));
        self.tempo = Bpm(tempo.clamp(20.0, 400.0));
        true
    }

    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        let steps = ((seconds - self.asked).max(0.0) * f64::from(RATE.0)) as u32;
        let waiting = std::mem::take(&mut self.waiting);
        for (at, kind) in &waiting {
            if let Kind::Clock(message) = kind {
                let offset = ((at - self.asked).max(0.0) * f64::from(RATE.0)) as u32;
                self.clock.message(offset.min(steps), *message);
            }
        }
        let transport = self.clock.next_block(steps.min(LONGEST));
        // The transport is that of the stretch's beginning; it goes on to its end.
        let since = f64::from(steps.min(LONGEST)) / f64::from(RATE.0);
        let before = self.asked;
        self.asked = seconds;
        let reading = self.reading(seconds, &transport, since, events);
        self.level *= (-(seconds - before).max(0.0) / FADE).exp();
        for (at, kind) in waiting {
            let back = (seconds - at).clamp(0.0, 1.0) / reading.tempo.seconds_per_beat();
            let pos_beats = if reading.playing { Beats(reading.beats.0 - back) } else { reading.beats };
            match kind {
                Kind::On(pitch, velocity) => {
                    self.level = (self.level + f64::from(velocity) / 127.0).min(3.0);
                    self.held.insert(pitch);
                    events.push(ShowEvent { pos_beats, kind: ShowKind::NoteOn { part: Part::Call, pitch, velocity } });
                    self.harmony(pos_beats, events);
                }
                Kind::Off(pitch) => {
                    self.held.remove(&pitch);
                    events.push(ShowEvent { pos_beats, kind: ShowKind::NoteOff { part: Part::Call, pitch } });
                }
                Kind::Clock(_) => {}
            }
        }
        if reading.playing {
            let level = (self.level / 3.0).sqrt().min(1.0) as f32;
            self.pulse.advance(reading.beats.0, level, events);
        }
        reading
    }

    /// Where the music is; says so where that has jumped.
    fn reading(&mut self, seconds: f64, transport: &Transport, since: f64, events: &mut Vec<ShowEvent>) -> Reading {
        let follows = self.clock.locked() || transport.playing;
        let own = self.own_beats(seconds);
        let (beats, tempo, playing) = if follows {
            let gone = if transport.playing { since / transport.tempo.seconds_per_beat() } else { 0.0 };
            (transport.pos_beats.0 + gone, transport.tempo, transport.playing)
        } else {
            (own, self.tempo, true)
        };
        if follows != self.following {
            // Its own time goes on from where the other stopped.
            self.following = follows;
            self.epoch += 1;
            self.pulse.jump();
            if follows {
                let kind = ShowKind::Transport { playing, tempo, epoch: self.epoch };
                events.push(ShowEvent { pos_beats: Beats(beats), kind });
            }
        }
        if follows {
            (self.anchor, self.tempo) = ((seconds, beats), tempo);
        }
        Reading { seconds, beats: Beats(beats), tempo, playing }
    }

    fn harmony(&mut self, pos_beats: Beats, events: &mut Vec<ShowEvent>) {
        let pitches: Vec<u8> = self.held.iter().copied().collect();
        if let Some(chord) = Chord::of_pitches(&pitches).filter(|chord| self.chord != Some(*chord)) {
            self.chord = Some(chord);
            let (root, pitch_classes) = (chord.root.semitone(), chord.tones().mask());
            events.push(ShowEvent { pos_beats, kind: ShowKind::Chord { root, pitch_classes } });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_become_events_where_they_were_played_and_three_of_them_a_chord() {
        let mut player = Player::new(120.0);
        let mut events = Vec::new();
        player.advance(1.0, &mut events);
        for pitch in [60, 64, 67] {
            player.message(1.5, &[0x90, pitch, 100]);
        }
        player.message(1.6, &[0x80, 60, 0]);
        player.message(1.6, &[0xB0, 1, 2]);
        player.advance(2.0, &mut events);
        let found = |f: fn(&ShowKind) -> bool| events.iter().filter(|e| f(&e.kind)).copied().collect::<Vec<_>>();
        let notes = found(|k| matches!(k, ShowKind::NoteOn { .. }));
        assert!(notes.len() == 3 && notes.iter().all(|n| (n.pos_beats.0 - 3.0).abs() < 1e-6), "{notes:?}");
        assert_eq!(found(|k| matches!(k, ShowKind::NoteOff { .. })).len(), 1);
        assert_eq!(found(|k| matches!(k, ShowKind::Chord { root: 0, .. })).len(), 1);
        assert!(found(|k| matches!(k, ShowKind::Beat { .. })).len() >= 3);
    }

    #[test]
    fn midi_clock_is_followed_and_left_again() {
        let mut player = Player::new(60.0);
        let mut events = Vec::new();
        let tick = 60.0 / 150.0 / 24.0;
        player.message(0.0, &[0xFA]);
        let mut reading = player.advance(0.0, &mut events);
        let mut ticks = 0;
        for frame in 1..400 {
            let now = f64::from(frame) / 60.0;
            while f64::from(ticks) * tick <= now && now < 5.0 {
                player.message(f64::from(ticks) * tick, &[0xF8]);
                ticks += 1;
            }
            reading = player.advance(now, &mut events);
            if (3.0..4.9).contains(&now) {
                assert!((reading.beats.0 - now * 2.5).abs() < 0.1, "{} at {now}", reading.beats.0);
                assert!((reading.tempo.0 - 150.0).abs() < 2.0 && player.following);
            }
        }
        assert!(!player.following && reading.playing, "its own time goes on: {reading:?}");
    }
}
