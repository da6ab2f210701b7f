//! Notes on their way to the host: what comes in goes out again where that is wanted, answers go out on their channel, and
//! whatever was begun is ended.

use super::Events;
use nice_plug::midi::{Channel, Key, NoteEvent, VoiceID};
use oneiro::bridge::Part;
use oneiro::live::{PlayedNote, PlayerKind};

/// Events of one piece that wait to be put in order.
const ROOM: usize = 6144;
/// Room that is kept for the ends of all notes that may sound: on 16 channels, and of answers.
const ENDS: usize = 17 * 128;

/// A note that goes out.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: u32,
    channel: u8,
    key: u8,
    /// 0 to 1; `None` ends the note.
    velocity: Option<f32>,
}

/// Sends notes, and knows which of them sound.
#[derive(Debug)]
pub(super) struct Output {
    thru: bool,
    channel: u8,
    waiting: Vec<Sent>,
    /// Keys of each channel that were passed on and not ended, a bit each.
    passed: [u128; 16],
    /// Channel of each key that an answer holds.
    answers: [Option<u8>; 128],
    /// Whether everything is to be ended.
    letting_go: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            thru: true,
            channel: 1,
            waiting: Vec::with_capacity(ROOM),
            passed: [0; 16],
            answers: [None; 128],
            letting_go: false,
        }
    }

    /// Whether what comes in goes out again, and the channel of answers, from 0.
    pub(super) fn set(&mut self, thru: bool, channel: u8) {
        if self.thru && !thru {
            self.end_passed(0);
        }
        (self.thru, self.channel) = (thru, channel.min(15));
    }

    /// Everything that sounds is ended with the next flush.
    pub(super) fn let_go(&mut self) {
        self.letting_go = true;
    }

    pub(super) fn is_full(&self) -> bool {
        // A key that is struck again takes two.
        self.waiting.len() + 2 + ENDS > ROOM
    }

    fn end_passed(&mut self, at: u32) {
        for channel in 0..16_u8 {
            let keys = std::mem::take(&mut self.passed[usize::from(channel)]);
            for key in (0..128_u8).filter(|key| keys >> key & 1 == 1) {
                self.waiting.push(Sent { at, channel, key, velocity: None });
            }
        }
    }

    fn end_all(&mut self, at: u32) {
        self.end_passed(at);
        for key in 0..128_u8 {
            if let Some(channel) = self.answers[usize::from(key)].take() {
                self.waiting.push(Sent { at, channel, key, velocity: None });
            }
        }
    }

    /// What an event of the host is to the performer.
    pub(super) fn player(event: &NoteEvent<()>) -> Option<PlayerKind> {
        match *event {
            NoteEvent::NoteOn { key: Key::Number(pitch @ ..128), velocity, .. } => {
                let velocity =
                    if velocity.is_finite() { (127.0 * velocity).round().clamp(1.0, 127.0) as u8 } else { 64 };
                Some(PlayerKind::NoteOn { pitch, velocity })
            }
            NoteEvent::NoteOff { key: Key::Number(pitch @ ..128), .. }
            | NoteEvent::Choke { key: Key::Number(pitch @ ..128), .. } => Some(PlayerKind::NoteOff { pitch }),
            // "Every key": a host's way to say that all is over.
            NoteEvent::NoteOff { key: Key::Wildcard, .. } | NoteEvent::Choke { key: Key::Wildcard, .. } => {
                Some(PlayerKind::Panic)
            }
            _ => None,
        }
    }

    /// Takes an event of the host to pass it on.
    pub(super) fn pass(&mut self, at: u32, event: NoteEvent<()>) {
        let number = |channel: Channel| channel.number().unwrap_or(0).min(15);
        match event {
            NoteEvent::NoteOn { channel, key: Key::Number(key @ ..128), velocity, .. }
                if self.thru && !self.is_full() =>
            {
                let channel = number(channel);
                let velocity = if velocity.is_finite() { velocity.clamp(1.0 / 127.0, 1.0) } else { 0.5 };
                self.end_key(at, channel, key);
                self.passed[usize::from(channel)] |= 1 << key;
                self.waiting.push(Sent { at, channel, key, velocity: Some(velocity) });
            }
            NoteEvent::NoteOff { channel, key, .. } | NoteEvent::Choke { channel, key, .. } => match key {
                Key::Number(key @ ..128) => self.end_key(at, number(channel), key),
                Key::Wildcard => self.end_all(at),
                // Hosts pass on what a broken MIDI cable brings.
                Key::Number(_) => {}
            },
            _ => {}
        }
    }

    fn end_key(&mut self, at: u32, channel: u8, key: u8) {
        let keys = &mut self.passed[usize::from(channel)];
        if *keys >> key & 1 == 1 {
            *keys &= !(1 << key);
            self.waiting.push(Sent { at, channel, key, velocity: None });
        }
    }

    /// Takes a note that the performer plays, `start` samples into the block.
    pub(super) fn played(&mut self, start: u32, note: PlayedNote) {
        if note.part != Part::Answer {
            return;
        }
        let (at, key) = (start + note.sample_offset, note.pitch & 127);
        if note.velocity == 0 {
            if let Some(channel) = self.answers[usize::from(key)].take() {
                self.waiting.push(Sent { at, channel, key, velocity: None });
            }
        } else if !self.is_full() {
            self.answers[usize::from(key)] = Some(self.channel);
            self.waiting.push(Sent {
                at,
                channel: self.channel,
                key,
                velocity: Some(f32::from(note.velocity) / 127.0),
            });
        }
    }

    /// Sends what waits, in the order of time.
    pub(super) fn flush(&mut self, events: &mut impl Events) {
        if std::mem::take(&mut self.letting_go) {
            self.end_all(0);
        }
        // Two lists that are sorted already, one behind the other: insertion takes little, and nothing is allocated.
        for i in 1..self.waiting.len() {
            let mut at = i;
            while at > 0 && self.waiting[at - 1].at > self.waiting[at].at {
                self.waiting.swap(at - 1, at);
                at -= 1;
            }
        }
        for sent in self.waiting.drain(..) {
            let Sent { at: timing, channel, key, velocity } = sent;
            let (channel, key, voice_id) = (Channel::Number(channel), Key::Number(key), VoiceID::Wildcard);
            // A host that takes no more has lost the note; there is nobody to tell on this thread.
            let _taken = events.send(match velocity {
                Some(velocity) => NoteEvent::NoteOn { timing, voice_id, channel, key, velocity },
                None => NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 },
            });
        }
    }
}
