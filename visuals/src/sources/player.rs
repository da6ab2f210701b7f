//! What somebody plays, and where it is: notes as they come, time from MIDI clock where one runs, from beats where those are told,
//! and the show's own tempo where neither is.

use super::pulse::Pulse;
use crate::show::clock::Reading;
use crate::show::taps::Taps;
use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::live::transport::{ClockIn, ClockMessage, TransportSource};
use oneiro::music::Chord;
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use std::collections::BTreeSet;

/// Steps of the clock that follows MIDI clock, a second.
const RATE: SampleRate = SampleRate(48_000);
/// Seconds in which what was loud fades.
const FADE: f64 = 1.2;
/// Longest stretch that the clock is asked for at once, in its steps.
const LONGEST: u32 = 48_000;

/// What is played, and where: everything but the devices.
#[derive(Debug)]
pub(super) struct Player {
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
    /// Beats that were told.
    taps: Taps,
    jumped: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    On(u8, u8),
    Off(u8),
    Clock(ClockMessage),
}

impl Player {
    pub fn new(tempo: f64) -> Self {
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
            taps: Taps::default(),
            jumped: false,
        }
    }

    /// A MIDI message came at a second of the show.
    pub fn message(&mut self, at: f64, bytes: &[u8]) {
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

    /// A beat falls at a second of the show, of this number in its bar, from 1, where that is known: own time goes on from there, in
    /// the tempo of the last ones.
    pub fn beat(&mut self, at: f64, number: Option<u8>) {
        let own = self.own_beats(at);
        let nearest = match number {
            Some(number) => {
                let beats = TimeSignature::COMMON.bar_beats().0;
                let in_bar = f64::from(number.saturating_sub(1)) % beats;
                ((own - in_bar) / beats).round().max(0.0) * beats + in_bar
            }
            None => own.round().max(0.0),
        };
        if let Some(tempo) = self.taps.tap(at) {
            self.tempo = Bpm(tempo.clamp(20.0, 400.0));
        }
        self.anchor = (at, nearest);
        self.jumped |= (self.anchor.1 - own).abs() > 0.5;
    }

    /// Whether MIDI clock is followed.
    #[cfg(feature = "live")]
    pub fn follows(&self) -> bool {
        self.following
    }

    /// Quarter notes a minute.
    pub fn tempo(&self) -> f64 {
        self.tempo.0
    }

    fn own_beats(&self, seconds: f64) -> f64 {
        self.anchor.1 + (seconds - self.anchor.0).max(0.0) / self.tempo.seconds_per_beat()
    }

    /// Sets the tempo of own time: whether that is what runs.
    pub fn set_tempo(&mut self, tempo: f64) -> bool {
        if self.following || !tempo.is_finite() {
            return false;
        }
        self.anchor = (self.asked, self.own_beats(self.asked));
        self.tempo = Bpm(tempo.clamp(20.0, 400.0));
        true
    }

    /// As [`super::Feed::advance`].
    pub fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
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
        if std::mem::take(&mut self.jumped) && !follows {
            self.epoch += 1;
            self.pulse.jump();
            events.push(ShowEvent {
                pos_beats: Beats(beats),
                kind: ShowKind::Transport { playing, tempo, epoch: self.epoch },
            });
        }
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
    fn beats_that_are_told_give_tempo_and_place() {
        let mut player = Player::new(60.0);
        let (mut events, mut told, mut last) = (Vec::new(), 0, 0.0);
        for frame in 0..300 {
            let now = f64::from(frame) / 60.0;
            // Three beats a second from 0.4 s on; the second of them is the first of a bar.
            while 0.4 + f64::from(told) / 3.0 <= now {
                let number = (told + 3) % 4 + 1;
                player.beat(0.4 + f64::from(told) / 3.0, Some(number as u8));
                told += 1;
            }
            last = player.advance(now, &mut events).beats.0;
        }
        assert!((player.tempo() - 180.0).abs() < 1.0, "{}", player.tempo());
        let beats = (299.0 / 60.0 - 0.4) * 3.0 - 1.0;
        assert!(((last - beats) / 4.0 - ((last - beats) / 4.0).round()).abs() < 0.02, "{last} for {beats}");
        let bars = events.iter().filter(|e| matches!(e.kind, ShowKind::Bar { .. })).count();
        assert!((3..=6).contains(&bars), "{bars}");
        assert!(
            events.iter().any(|e| matches!(e.kind, ShowKind::Transport { .. })),
            "its place in the bar was another"
        );
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
