use super::chunks::check_chunks;
use super::pairing::{Density, Repair, TickNote, pair};
use super::track::{Clock, Track};
use super::warning::{WarningCounter, WarningKind};
use super::{DRUM_CHANNEL, MidiError, MidiFileError, Part, Score};
use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::{Beats, Bpm, MetreChange, MetreMap, TempoChange, TempoMap, TimeSignature};
use midly::{Format, MetaMessage, MidiMessage, TrackEventKind};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// What a reader refuses. The defaults are far above any music that people play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub max_bytes: u64,
    /// Notes in all.
    pub max_notes: usize,
    /// Notes that sound at once.
    pub max_at_once: usize,
    /// Length of the piece in hours.
    pub max_hours: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 16 << 20, max_notes: 1_000_000, max_at_once: 512, max_hours: 12.0 }
    }
}

/// What to read of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// Tracks to keep, counted from 0; `None` keeps all.
    pub tracks: Option<Vec<usize>>,
    /// Channels to keep, counted from 0; `None` keeps all.
    pub channels: Option<Vec<u8>>,
    /// What to refuse.
    pub limits: Limits,
}

impl ReadOptions {
    fn keeps(&self, track: usize, channel: u8) -> bool {
        self.tracks.as_ref().is_none_or(|t| t.contains(&track))
            && self.channels.as_ref().is_none_or(|c| c.contains(&channel))
    }
}

/// Reads a MIDI file, formats 0 and 1.
///
/// # Errors
/// [`MidiFileError`] names the file and the reason. A file over [`Limits::max_bytes`] is refused unread.
pub fn read_midi_file(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Score, MidiFileError> {
    let path = path.as_ref();
    let at = MidiFileError::at(path);
    let limit = options.limits.max_bytes;
    let file = std::fs::File::open(path).map_err(|e| at(e.into()))?;
    let size = file.metadata().map_err(|e| at(e.into()))?.len();
    if size > limit {
        return Err(at(MidiError::TooLarge { bytes: size, limit }));
    }
    // A pipe has no size beforehand, so the reading itself is limited too.
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| at(e.into()))?;
    read_midi(&bytes, options).map_err(at)
}

/// Reads the bytes of a MIDI file, formats 0 and 1; running status, RIFF wrapping and time in seconds included.
///
/// Positions come out in quarter notes. Where the file counts time in seconds (SMPTE), the tempo is 120, so that a
/// second is two of them.
///
/// # Errors
/// Every [`MidiError`] but `Io` and `Unwritable`.
pub fn read_midi(bytes: &[u8], options: &ReadOptions) -> Result<Score, MidiError> {
    if bytes.len() as u64 > options.limits.max_bytes {
        return Err(MidiError::TooLarge { bytes: bytes.len() as u64, limit: options.limits.max_bytes });
    }
    let declared_tracks = check_chunks(bytes)?;
    let (header, tracks) = midly::parse(bytes).map_err(|_| MidiError::Header("the header chunk makes no sense"))?;
    if header.format == Format::Sequential {
        return Err(MidiError::Format(2));
    }
    let clock = Clock::of(header.timing);
    let mut reader = Reader::new(clock, options);
    let mut count = 0;
    for track in tracks {
        let track = match track {
            Ok(track) => track,
            // Junk after the last track.
            Err(_) if count >= usize::from(declared_tracks) => break,
            Err(_) => return Err(MidiError::Header("a track chunk makes no sense")),
        };
        reader.track(count, track)?;
        count += 1;
    }
    if count != usize::from(declared_tracks) {
        reader.warnings.add(WarningKind::TrackCount, Beats::ZERO);
    }
    reader.finish()
}

/// What was gathered so far.
struct Reader<'a> {
    clock: Clock,
    options: &'a ReadOptions,
    warnings: WarningCounter,
    density: Density,
    tempi: Vec<TempoChange>,
    metres: Vec<MetreChange>,
    parts: Vec<Part>,
    /// Tracks and channels with notes, wanted or not.
    seen: BTreeSet<(usize, u8)>,
    note_ons: usize,
}

impl<'a> Reader<'a> {
    fn new(clock: Clock, options: &'a ReadOptions) -> Self {
        Self {
            clock,
            options,
            warnings: WarningCounter::default(),
            density: Density::default(),
            tempi: Vec::new(),
            metres: Vec::new(),
            parts: Vec::new(),
            seen: BTreeSet::new(),
            note_ons: 0,
        }
    }

    fn track(&mut self, index: usize, events: midly::EventIter) -> Result<(), MidiError> {
        let mut track = Track::new(index);
        let mut ended = false;
        for event in events {
            let Ok(event) = event else { break };
            track.tick += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Midi { channel, message } => self.message(channel.as_int(), message, &mut track)?,
                TrackEventKind::Meta(MetaMessage::TrackName(text)) if track.name.is_empty() => {
                    track.name = clean_name(text);
                }
                TrackEventKind::Meta(MetaMessage::Tempo(micros)) => self.tempo(track.tick, micros.as_int())?,
                TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, ..)) => {
                    self.metre(track.tick, numerator, power);
                }
                TrackEventKind::Meta(MetaMessage::EndOfTrack) => {
                    ended = true;
                    break;
                }
                _ => {}
            }
        }
        if !ended {
            self.warnings.add(WarningKind::DamagedTrack, self.clock.beats(track.tick));
        }
        self.pair_track(&track);
        Ok(())
    }

    fn message(&mut self, channel: u8, message: MidiMessage, track: &mut Track) -> Result<(), MidiError> {
        let is_on = matches!(message, MidiMessage::NoteOn { vel, .. } if vel.as_int() > 0);
        if is_on {
            self.seen.insert((track.index, channel));
            self.note_ons += 1;
            if self.note_ons > self.options.limits.max_notes {
                return Err(MidiError::TooManyNotes { limit: self.options.limits.max_notes });
            }
        }
        if !self.options.keeps(track.index, channel) {
            return Ok(());
        }
        match message {
            MidiMessage::NoteOn { key, vel } if is_on => track.note_on(channel, key.as_int(), vel.as_int()),
            MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                track.note_off(channel, key.as_int());
            }
            // All sound off, all notes off: some writers end notes by these alone.
            MidiMessage::Controller { controller, .. } if matches!(controller.as_int(), 120 | 123) => {
                track.all_off(channel);
            }
            MidiMessage::ProgramChange { program } => {
                track.programs.entry(channel).or_insert(program.as_int());
            }
            _ => {}
        }
        Ok(())
    }

    fn tempo(&mut self, tick: u64, micros: u32) -> Result<(), MidiError> {
        let at = self.clock.beats(tick);
        if self.clock.in_seconds {
            self.warnings.add(WarningKind::TempoInSmpte, at);
            return Ok(());
        }
        if micros == 0 {
            return Err(MidiError::TempoZero { beat: at.0 });
        }
        let tempo = Bpm::new(60e6 / f64::from(micros)).map_err(|source| MidiError::Tempo { beat: at.0, source })?;
        self.tempi.push(TempoChange { at, tempo });
        Ok(())
    }

    fn metre(&mut self, tick: u64, numerator: u8, power: u8) {
        let at = self.clock.beats(tick);
        let denominator = 1u8.checked_shl(u32::from(power)).unwrap_or(0);
        match TimeSignature::new(numerator, denominator) {
            Ok(metre) => self.metres.push(MetreChange { at, metre }),
            Err(_) => self.warnings.add(WarningKind::BadMetre, at),
        }
    }

    fn pair_track(&mut self, track: &Track) {
        let clock = self.clock;
        let repair = Repair {
            shortest: clock.ticks(1.0 / f64::from(STEPS_PER_BEAT)),
            longest_hanging: clock.ticks(4.0),
            beats: &|tick| clock.beats(tick),
        };
        let mut by_channel = BTreeMap::<u8, Vec<TickNote>>::new();
        for note in pair(&track.events, track.tick, &repair, &mut self.warnings, &mut self.density) {
            by_channel.entry((note.key >> 8) as u8).or_default().push(note);
        }
        for (channel, notes) in by_channel {
            self.parts.push(Part {
                name: track.name.clone(),
                channel,
                program: track.programs.get(&channel).copied().unwrap_or(0),
                track: track.index,
                is_drums: channel == DRUM_CHANNEL,
                notes: notes.iter().map(|n| to_note(n, &clock)).collect(),
            });
        }
    }

    fn finish(self) -> Result<Score, MidiError> {
        let limits = self.options.limits;
        if self.seen.is_empty() {
            return Err(MidiError::NoNotes);
        }
        if self.parts.is_empty() {
            let places: Vec<_> = self.seen.iter().take(40).map(|(t, c)| format!("track {t} channel {c}")).collect();
            return Err(MidiError::NothingSelected { available: places.join(", ") });
        }
        let (count, tick) = self.density.most_at_once();
        if count > limits.max_at_once {
            let beat = self.clock.beats(tick).0;
            return Err(MidiError::TooManyAtOnce { count, limit: limits.max_at_once, beat });
        }
        // Every tempo and metre was checked one by one; a failure here would be a fault of that check.
        let tempo = TempoMap::new(self.tempi).map_err(|source| MidiError::Tempo { beat: 0.0, source })?;
        let metres = MetreMap::new(self.metres).unwrap_or_default();
        let score = Score { parts: self.parts, tempo, metres, warnings: self.warnings.into_warnings() };
        let hours = score.duration_seconds() / 3600.0;
        if hours > limits.max_hours {
            return Err(MidiError::TooLong { hours, limit: limits.max_hours });
        }
        Ok(score)
    }
}

fn to_note(note: &TickNote, clock: &Clock) -> Note {
    Note {
        onset: clock.beats(note.start),
        duration: clock.beats(note.end - note.start),
        pitch: (note.key & 0x7f) as u8,
        velocity: note.velocity,
    }
}

/// A name to show: control characters out, at most 80 characters.
fn clean_name(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|c| !c.is_control()).take(80).collect::<String>().trim().to_owned()
}
