use super::{MidiError, MidiFileError, Part, Score};
use crate::files::write_whole;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};
use std::path::Path;

/// Ticks of a quarter note in written files.
pub const TICKS_PER_BEAT: u16 = 960;

/// Writes a score as a MIDI file: beside it under a temporary name first, so that no half of a file ever bears its
/// name.
///
/// # Errors
/// [`MidiFileError`] where the score does not fit a MIDI file or the disk refuses.
pub fn write_midi_file(path: impl AsRef<Path>, score: &Score) -> Result<(), MidiFileError> {
    let path = path.as_ref();
    let at = MidiFileError::at(path);
    let bytes = write_midi(score).map_err(&at)?;
    write_whole(path, &bytes).map_err(|e| at(e.into()))
}

/// The bytes of a format 1 MIDI file: a track of tempi and metres, then one track for each part, at
/// [`TICKS_PER_BEAT`]. Track numbers of parts are not kept; warnings are not written.
///
/// # Errors
/// [`MidiError::Unwritable`]: notes before beat 0 or without a length, a key, velocity, channel or program out of
/// range, a tempo below 3.6 (a MIDI file cannot say it), positions past the end of the format.
pub fn write_midi(score: &Score) -> Result<Vec<u8>, MidiError> {
    let mut tracks = vec![conductor(score)?];
    for part in &score.parts {
        tracks.push(part_track(part)?);
    }
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::from(TICKS_PER_BEAT)));
    let tracks = tracks.iter().map(deltas).collect::<Result<Vec<_>, _>>()?;
    let mut bytes = Vec::new();
    midly::write_std(&header, tracks.iter().map(|t| t.iter()), &mut bytes)
        .map_err(|e| MidiError::Unwritable(e.to_string()))?;
    Ok(bytes)
}

/// Events at ticks; of several at one tick the lower rank comes first.
type Timed<'a> = Vec<(u64, u8, TrackEventKind<'a>)>;

fn conductor(score: &Score) -> Result<Timed<'_>, MidiError> {
    let mut events = Timed::new();
    for change in score.metres.changes() {
        let metre = change.metre;
        // Clocks a click: MIDI clocks run at 24 a quarter note, and metronomes click the pulse.
        let clocks = (metre.pulse_beats().0 * 24.0).round().clamp(1.0, 255.0) as u8;
        let power = metre.denominator.trailing_zeros() as u8;
        let meta = MetaMessage::TimeSignature(metre.numerator, power, clocks, 8);
        events.push((to_tick(change.at.0, "a metre")?, 0, TrackEventKind::Meta(meta)));
    }
    for change in score.tempo.changes() {
        let micros = (60e6 / change.tempo.0).round();
        if !(1.0..=f64::from(0xff_ffff_u32)).contains(&micros) {
            return Err(MidiError::Unwritable(format!("tempo {}", change.tempo.0)));
        }
        let meta = MetaMessage::Tempo(u24::from(micros as u32));
        events.push((to_tick(change.at.0, "a tempo")?, 1, TrackEventKind::Meta(meta)));
    }
    Ok(events)
}

fn part_track(part: &Part) -> Result<Timed<'_>, MidiError> {
    let fits = part.channel < 16 && part.program < 128;
    if !fits {
        let what = format!("part '{}' on channel {} with program {}", part.name, part.channel, part.program);
        return Err(MidiError::Unwritable(what));
    }
    let midi = |message| TrackEventKind::Midi { channel: u4::from(part.channel), message };
    let mut events: Timed = vec![(0, 1, midi(MidiMessage::ProgramChange { program: u7::from(part.program) }))];
    if !part.name.is_empty() {
        events.push((0, 0, TrackEventKind::Meta(MetaMessage::TrackName(part.name.as_bytes()))));
    }
    for note in &part.notes {
        if note.pitch > 127 || !(1..=127).contains(&note.velocity) || note.duration.0.is_nan() || note.duration.0 <= 0.0
        {
            return Err(MidiError::Unwritable(format!("{note:?} in part '{}'", part.name)));
        }
        let start = to_tick(note.onset.0, "a note")?;
        // The end itself is rounded, not the length, so that joined notes stay joined.
        let end = to_tick(note.end().0, "a note")?.max(start + 1);
        let key = u7::from(note.pitch);
        // Offs before ons, so that a repeated pitch is not cut off by its predecessor's end.
        events.push((end, 2, midi(MidiMessage::NoteOff { key, vel: u7::from(64) })));
        events.push((start, 3, midi(MidiMessage::NoteOn { key, vel: u7::from(note.velocity) })));
    }
    Ok(events)
}

fn to_tick(beats: f64, what: &str) -> Result<u64, MidiError> {
    let tick = (beats * f64::from(TICKS_PER_BEAT)).round();
    // u32 is far past anything that can be played, and keeps every sum below in range.
    if (0.0..=f64::from(u32::MAX)).contains(&tick) {
        Ok(tick as u64)
    } else {
        Err(MidiError::Unwritable(format!("{what} at beat {beats}, before the start or beyond the end of the format")))
    }
}

fn deltas<'a>(events: &Timed<'a>) -> Result<Vec<TrackEvent<'a>>, MidiError> {
    let mut sorted = events.clone();
    sorted.sort_by_key(|(tick, rank, _)| (*tick, *rank));
    let mut now = 0;
    let mut track = Vec::with_capacity(sorted.len() + 1);
    for (tick, _, kind) in sorted {
        let delta = u32::try_from(tick - now).ok().and_then(u28::try_from).ok_or_else(|| {
            MidiError::Unwritable(format!("a silence of {} quarter notes", (tick - now) / u64::from(TICKS_PER_BEAT)))
        })?;
        track.push(TrackEvent { delta, kind });
        now = tick;
    }
    track.push(TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    Ok(track)
}
