//! What an instance tells: how its clock stands, and what has happened.

use super::bytes::{Malformed, Reader, Writer};
use crate::bridge::{ClockReading, Moment, Part, ShowEvent, ShowKind, Shown};
use crate::time::{Beats, Bpm, TimeSignature};

/// Most events of one message; more go into the next.
pub const MOST_EVENTS: usize = 12;
/// Bytes of the longest message.
pub(super) const LONGEST: usize = 72 + MOST_EVENTS * 32;
/// Its kind.
const KIND: u16 = 1;
/// Positions further from the beginning than this, in quarter notes, are nonsense.
const FAR: f64 = 1e9;

/// A message of an instance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pulse {
    /// Its number, from 0 for each instance: where one is missing, messages were lost.
    pub number: u64,
    /// When it was sent, by [`crate::moment::now_ns`].
    pub sent_ns: u64,
    /// The musical clock.
    pub now: Moment,
    /// Whether a picture of the visualizer is wanted.
    pub wants_picture: bool,
    /// What has happened, in order: at most [`MOST_EVENTS`].
    pub events: Vec<Shown>,
}

impl Pulse {
    /// Writes it; events beyond [`MOST_EVENTS`] are left out.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let mut w = Writer(bytes);
        let clock = &self.now.clock;
        let events = &self.events[..self.events.len().min(MOST_EVENTS)];
        w.begin(KIND);
        w.put(self.number.to_le_bytes());
        w.put(self.sent_ns.to_le_bytes());
        w.put(self.now.ns.to_le_bytes());
        w.put(clock.sample.to_le_bytes());
        w.put(clock.pos_beats.0.to_le_bytes());
        w.put(clock.tempo.0.to_le_bytes());
        w.put(clock.epoch.to_le_bytes());
        w.put([clock.time_signature.numerator, clock.time_signature.denominator]);
        w.put([u8::from(clock.playing), u8::from(self.wants_picture)]);
        w.put((events.len() as u16).to_le_bytes());
        for shown in events {
            event(&mut w, shown);
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`] where any value cannot be.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::begin(bytes, KIND)?;
        let (number, sent_ns, ns, sample) = (r.u64()?, r.u64()?, r.u64()?, r.u64()?);
        let pos_beats = Beats(r.number("a position", FAR)?);
        let tempo = tempo(&mut r)?;
        let epoch = r.u32()?;
        let time_signature = metre(&mut r)?;
        let (playing, wants_picture) = (flag(&mut r)?, flag(&mut r)?);
        let clock = ClockReading { sample, pos_beats, tempo, time_signature, playing, epoch };
        let count = usize::from(r.u16()?);
        if count > MOST_EVENTS {
            return Err(Malformed::Value { what: "the number of events", value: count as i64 });
        }
        let events = (0..count).map(|_| read_event(&mut r)).collect::<Result<_, _>>()?;
        Ok(Self { number, sent_ns, now: Moment { ns, clock }, wants_picture, events })
    }
}

/// An event: moment, position, kind, three small values, one of four bytes and one of eight.
fn event(w: &mut Writer, Shown { ns, event: ShowEvent { pos_beats, kind } }: &Shown) {
    let part = |part: &Part| part.index() as u8;
    let (small, word, number) = match kind {
        ShowKind::NoteOn { part: p, pitch, velocity } => ([0, part(p), *pitch, *velocity], 0, 0.0),
        ShowKind::NoteOff { part: p, pitch } => ([1, part(p), *pitch, 0], 0, 0.0),
        ShowKind::Beat { in_bar } => ([2, *in_bar, 0, 0], 0, 0.0),
        ShowKind::Bar { bar, time_signature: t } => ([3, t.numerator, t.denominator, 0], bar.cast_unsigned(), 0.0),
        ShowKind::Transport { playing, tempo, epoch } => ([4, u8::from(*playing), 0, 0], *epoch, tempo.0),
        ShowKind::Phrase { part: p, duration } => ([5, part(p), 0, 0], 0, duration.0),
        ShowKind::Chord { root, pitch_classes } => ([6, *root, 0, 0], u32::from(*pitch_classes), 0.0),
        ShowKind::Energy { level } => ([7, 0, 0, 0], 0, f64::from(*level)),
    };
    w.put(ns.to_le_bytes());
    w.put(pos_beats.0.to_le_bytes());
    w.put(small);
    w.put(word.to_le_bytes());
    w.put(number.to_le_bytes());
}

fn read_event(r: &mut Reader) -> Result<Shown, Malformed> {
    let ns = r.u64()?;
    let pos_beats = Beats(r.number("an event's position", FAR)?);
    let [tag, a, b, c] = r.take()?;
    let word = r.u32()?;
    let number = r.number("an event's number", FAR)?;
    let part = || small("a part", a, Part::ALL.len() as u8 - 1).map(|a| Part::ALL[usize::from(a)]);
    let kind = match tag {
        0 => ShowKind::NoteOn { part: part()?, pitch: small("a key", b, 127)?, velocity: small("a velocity", c, 127)? },
        1 => ShowKind::NoteOff { part: part()?, pitch: small("a key", b, 127)? },
        2 => ShowKind::Beat { in_bar: small("a beat", a, 63)? },
        3 => ShowKind::Bar { bar: word.cast_signed(), time_signature: checked_metre(a, b)? },
        4 => ShowKind::Transport { playing: a != 0, tempo: checked_tempo(number)?, epoch: word },
        5 => ShowKind::Phrase { part: part()?, duration: Beats(number) },
        6 => {
            let classes = u16::try_from(word).ok().filter(|classes| *classes < 1 << 12);
            let pitch_classes = classes.ok_or(Malformed::Value { what: "a chord", value: i64::from(word) })?;
            ShowKind::Chord { root: small("a root", a, 11)?, pitch_classes }
        }
        7 if (0.0..=1.0).contains(&number) => ShowKind::Energy { level: number as f32 },
        7 => return Err(Malformed::Number { what: "an energy" }),
        _ => return Err(Malformed::Value { what: "the kind of an event", value: i64::from(tag) }),
    };
    Ok(Shown { ns, event: ShowEvent { pos_beats, kind } })
}

fn small(what: &'static str, value: u8, most: u8) -> Result<u8, Malformed> {
    if value <= most { Ok(value) } else { Err(Malformed::Value { what, value: i64::from(value) }) }
}

fn flag(r: &mut Reader) -> Result<bool, Malformed> {
    Ok(small("a flag", r.u8()?, 1)? == 1)
}

fn tempo(r: &mut Reader) -> Result<Bpm, Malformed> {
    checked_tempo(r.number("a tempo", FAR)?)
}

fn checked_tempo(tempo: f64) -> Result<Bpm, Malformed> {
    Bpm::new(tempo).map_err(|_| Malformed::Number { what: "a tempo" })
}

fn metre(r: &mut Reader) -> Result<TimeSignature, Malformed> {
    let [numerator, denominator] = r.take()?;
    checked_metre(numerator, denominator)
}

fn checked_metre(numerator: u8, denominator: u8) -> Result<TimeSignature, Malformed> {
    let value = i64::from(numerator) << 8 | i64::from(denominator);
    TimeSignature::new(numerator, denominator).map_err(|_| Malformed::Value { what: "a metre", value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn full() -> Pulse {
        let metre = TimeSignature::new(6, 8).unwrap();
        let kinds = [
            ShowKind::NoteOn { part: Part::Backing, pitch: 127, velocity: 1 },
            ShowKind::NoteOff { part: Part::Answer, pitch: 0 },
            ShowKind::Beat { in_bar: 5 },
            ShowKind::Bar { bar: -3, time_signature: metre },
            ShowKind::Transport { playing: true, tempo: Bpm(93.517), epoch: u32::MAX },
            ShowKind::Phrase { part: Part::Call, duration: Beats(8.0) },
            ShowKind::Chord { root: 11, pitch_classes: 0xFFF },
            ShowKind::Energy { level: 0.625 },
        ];
        let event = |(i, kind)| Shown { ns: 1_u64 << i, event: ShowEvent { pos_beats: Beats(i as f64 - 4.5), kind } };
        let clock = ClockReading {
            sample: 7 << 40,
            pos_beats: Beats(-0.25),
            tempo: Bpm(93.517),
            time_signature: metre,
            playing: true,
            epoch: 9,
        };
        let now = Moment { ns: u64::MAX, clock };
        Pulse {
            number: 3,
            sent_ns: 5,
            now,
            wants_picture: true,
            events: kinds.into_iter().enumerate().map(event).collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_fits() {
        let (mut pulse, mut bytes) = (full(), Vec::new());
        pulse.write(&mut bytes);
        assert_eq!(Pulse::read(&bytes), Ok(pulse.clone()));
        pulse.events = pulse.events.iter().cycle().take(40).copied().collect();
        pulse.write(&mut bytes);
        assert!(bytes.len() <= LONGEST, "{}", bytes.len());
        assert_eq!(Pulse::read(&bytes).unwrap().events.len(), MOST_EVENTS);
    }

    #[test]
    fn garbage_is_refused_and_whatever_is_read_can_be() {
        let (mut sound, seed) = (Vec::new(), 11);
        full().write(&mut sound);
        for length in 0..sound.len() {
            assert!(Pulse::read(&sound[..length]).is_err(), "{length} bytes");
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut refused = 0;
        for round in 0..20_000 {
            let mut bytes = sound.clone();
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            let Ok(pulse) = Pulse::read(&bytes) else {
                refused += 1;
                continue;
            };
            let clock = pulse.now.clock;
            let sane = clock.pos_beats.0.is_finite() && clock.tempo.0 >= 1.0 && clock.time_signature.numerator > 0;
            assert!(
                sane && pulse.events.iter().all(|e| e.event.pos_beats.0.abs() <= FAR),
                "seed {seed}, round {round}"
            );
        }
        assert!(refused > 2000, "{refused}");
        assert_eq!(Pulse::read(b"something else altogether"), Err(Malformed::Foreign));
    }
}
