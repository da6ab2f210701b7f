//! Reading a take: untrusted lines.

use super::{Event, FORMAT, Header, Moment, Take};
use crate::complaint::one_line;
use crate::music::Note;
use crate::time::{Bpm, TimeSignature, Transport};
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 20;
/// Most moments of a take: 90 a second for twelve hours.
const MOST_MOMENTS: usize = 4_000_000;
/// Most notes of all phrases together.
const MOST_NOTES: usize = 4_000_000;
/// Longest take: twelve hours.
const LONGEST_SECONDS: u64 = 12 * 3600;

/// Why a take cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct TakeError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Whether a file is a take, by its first bytes.
pub fn is_take(path: &Path) -> bool {
    let mut first = [0; 18];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first.starts_with(b"{\"oneiro_session\":")
}

/// Reads a take. One that breaks off in the middle of a line is read up to there.
///
/// # Errors
/// [`TakeError`].
pub fn read_take(path: &Path) -> Result<Take, TakeError> {
    let fail = |reason: String| TakeError { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|e| fail(e.to_string()))?;
    read_lines(BufReader::new(file)).map_err(fail)
}

/// Reads the lines of a take, as [`read_take`].
///
/// # Errors
/// What is wrong with them, in words.
pub fn read_lines(lines: impl BufRead) -> Result<Take, String> {
    parse(lines).map_err(|reason| one_line(&reason))
}

fn parse(mut lines: impl BufRead) -> Result<Take, String> {
    let first = line(&mut lines)?.ok_or("is empty")?;
    let header: Header = serde_json::from_slice(&first.bytes).map_err(|e| format!("is no session: {e}"))?;
    if header.oneiro_session != FORMAT {
        return Err(format!("is of format {}; this program reads {FORMAT}", header.oneiro_session));
    }
    if !(8_000..=384_000).contains(&header.rate.0) {
        return Err(format!("has {} samples a second; 8000 to 384000 are possible", header.rate.0));
    }
    let most = LONGEST_SECONDS * u64::from(header.rate.0);
    let mut take = Take { header, moments: Vec::new(), length: 0, broken_off: true };
    let (mut number, mut notes) = (1, 0);
    loop {
        number += 1;
        let broken = |e: &dyn std::fmt::Display| format!("line {number}: {e}");
        let Some(line) = line(&mut lines).map_err(|e| broken(&e))? else { break };
        let moment: Moment = match serde_json::from_slice(&line.bytes) {
            Ok(moment) => moment,
            // The last line may have been cut, in the middle of a letter too.
            Err(_) if !line.whole => break,
            Err(e) => return Err(broken(&e)),
        };
        check(&moment).map_err(|e| broken(&e))?;
        if moment.sample > most {
            return Err(broken(&"is more than twelve hours after the beginning"));
        }
        take.length = take.length.max(moment.sample);
        if moment.event == Event::End {
            take.broken_off = false;
            break;
        }
        if let Event::Phrase(phrase) = &moment.event {
            notes += phrase.notes.len();
        }
        if take.moments.len() >= MOST_MOMENTS || notes > MOST_NOTES {
            return Err(broken(&"more happens than in any session"));
        }
        take.moments.push(moment);
    }
    // Phrases are told when they were composed, somewhat out of order.
    take.moments.sort_by_key(|moment| moment.sample);
    Ok(take)
}

/// A line, and whether its end is there.
struct Line {
    bytes: Vec<u8>,
    whole: bool,
}

fn line(lines: &mut impl BufRead) -> Result<Option<Line>, String> {
    let mut bytes = Vec::new();
    lines.take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(|e| e.to_string())?;
    let whole = bytes.ends_with(b"\n");
    if !whole && bytes.len() as u64 == LONGEST_LINE {
        return Err(format!("a line is longer than {LONGEST_LINE} bytes"));
    }
    Ok((!bytes.is_empty()).then_some(Line { bytes, whole }))
}

fn check(moment: &Moment) -> Result<(), &'static str> {
    let key = |pitch: u8, velocity: u8| {
        if pitch < 128 && (1..128).contains(&velocity) { Ok(()) } else { Err("a note is out of range") }
    };
    match &moment.event {
        Event::On(_, pitch, velocity) | Event::Press(pitch, velocity) => key(*pitch, *velocity),
        Event::Off(_, pitch) | Event::Release(pitch) => key(*pitch, 1),
        Event::Transport(t) if !t.pos_beats.is_finite() || Bpm::new(t.tempo.0).is_err() => {
            Err("the tempo or the position is out of range")
        }
        Event::Transport(Transport { time_signature: t, .. })
            if TimeSignature::new(t.numerator, t.denominator).is_err() =>
        {
            Err("the metre is out of range")
        }
        Event::Order(_, _, at) if !at.is_finite() => Err("the position of an order is out of range"),
        Event::Phrase(phrase) => {
            let sounds = |n: &Note| n.onset.is_finite() && n.duration.is_finite() && key(n.pitch, n.velocity).is_ok();
            let sound = phrase.at.is_finite() && phrase.duration.is_finite() && phrase.notes.iter().all(sounds);
            if sound { Ok(()) } else { Err("a phrase is out of range") }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChosenPhrase, Recorder};
    use super::*;
    use crate::bridge::Part;
    use crate::live::Patch;
    use crate::time::{Beats, SampleRate};

    fn header() -> Header {
        Header::new(SampleRate(48_000), 7, [Patch::Keys, Patch::Lead, Patch::Keys])
    }

    #[test]
    fn a_take_is_read_as_it_was_written_and_one_that_was_killed_up_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.oneiro-session");
        let mut recorder = Recorder::begin(&path, &header(), 1000).unwrap();
        recorder.write(900, Event::Patch(Part::Answer, Patch::Bells)).unwrap();
        recorder.write(1500, Event::On(Part::Call, 60, 90)).unwrap();
        recorder.write(2500, Event::Off(Part::Call, 60)).unwrap();
        recorder.flush().unwrap();
        let partial = recorder.partial().to_owned();
        assert!(is_take(&partial) && !path.exists());
        let killed = read_take(&partial).unwrap();
        assert!(killed.broken_off && killed.moments.len() == 3 && killed.length == 1500);
        let cut = std::fs::read(&partial).unwrap();
        let short = folder.path().join("short");
        std::fs::write(&short, &cut[..cut.len() - 9]).unwrap();
        assert_eq!(read_take(&short).unwrap().moments.len(), 2);
        recorder.write(3500, Event::On(Part::Answer, 64, 80)).unwrap();
        recorder.end(4000).unwrap();
        let take = read_take(&path).unwrap();
        assert!(!take.broken_off && !partial.exists());
        assert_eq!((take.header, take.length), (header(), 3000));
        assert_eq!(take.moments[1], Moment { sample: 500, event: Event::On(Part::Call, 60, 90) });
        // What sounds when a take ends, ends with it.
        assert_eq!(take.moments[4], Moment { sample: 3000, event: Event::Off(Part::Answer, 64) });
    }

    #[test]
    fn damaged_takes_are_errors_that_name_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.oneiro-session");
        let first = serde_json::to_string(&header()).unwrap();
        let line = |event| serde_json::to_string(&Moment { sample: 1, event }).unwrap();
        let time_signature = TimeSignature { numerator: 0, denominator: 4 };
        let without_metre = Transport { playing: true, pos_beats: Beats(0.0), tempo: Bpm(120.0), time_signature };
        let note = Note { onset: Beats(0.0), duration: Beats(1.0), pitch: 200, velocity: 90 };
        let off_the_keys = ChosenPhrase { at: Beats(0.0), duration: Beats(4.0), notes: vec![note] };
        let damaged = [
            (String::new(), "is empty"),
            ("{}".into(), "is no session"),
            (first.replace(":1,", ":2,"), "format 2"),
            (first.replace("48000", "3"), "3 samples"),
            (format!("{first}\n{{\"s\":1,\"on\":[\"call\",200,3]}}"), "line 2"),
            (format!("{first}\n{}\n", line(Event::Transport(without_metre))), "line 2: the metre"),
            (format!("{first}\n{}\n", line(Event::Phrase(off_the_keys))), "line 2: a phrase"),
            (format!("{first}\n{{\"s\":1,\"panic\":null}}\nnonsense\n"), "line 3"),
            (format!("{first}\n{{\"s\":99999999999999,\"panic\":null}}\n"), "twelve hours"),
        ];
        for (text, expected) in damaged {
            std::fs::write(&path, &text).unwrap();
            let error = read_take(&path).unwrap_err().to_string();
            assert!(error.contains("bad.oneiro-session") && error.contains(expected), "{text}: {error}");
        }
    }
}
