//! Bach's four-part chorales out of the Python package music21, as MIDI files: a style far from fiddle tunes.
#![allow(dead_code)] // each test program uses a part

use oneiro::music::Note;
use oneiro::music::midi::{Part, Score, write_midi_file};
use oneiro::time::{Beats, MetreChange, MetreMap, TimeSignature};
use std::io::{Cursor, Read};
use std::path::Path;
use zip::ZipArchive;

/// Writes every chorale of the package `wheel` into `folder`: how many.
pub fn write_chorales(wheel: &Path, folder: &Path) -> usize {
    let mut wheel = ZipArchive::new(std::fs::File::open(wheel).unwrap()).unwrap();
    let inside = |name: &String| name.starts_with("music21/corpus/bach/bwv") && name.ends_with(".mxl");
    let names: Vec<String> = wheel.file_names().map(str::to_owned).filter(inside).collect();
    let mut written = 0;
    for name in names {
        let mut packed = Vec::new();
        wheel.by_name(&name).unwrap().read_to_end(&mut packed).unwrap();
        let Some(score) = score(&music_xml(packed)) else { continue };
        let stem = Path::new(&name).file_stem().unwrap().to_string_lossy().into_owned();
        write_midi_file(folder.join(format!("{stem}.mid")), &score).unwrap();
        written += 1;
    }
    written
}

fn music_xml(packed: Vec<u8>) -> String {
    let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
    let name = archive.file_names().find(|n| n.ends_with("xml") && !n.starts_with("META")).unwrap().to_owned();
    let mut bytes = Vec::new();
    archive.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text between a tag and its end.
fn inner<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{tag}>"))? + tag.len() + 2;
    Some(&text[start..start + text[start..].find(&format!("</{tag}>"))?])
}

fn number(text: &str, tag: &str) -> Option<i32> {
    inner(text, tag)?.trim().parse().ok()
}

/// Four voices in one metre; anything else is no chorale for this.
fn score(xml: &str) -> Option<Score> {
    let divisions = f64::from(number(xml, "divisions")?);
    let metre = TimeSignature::new(number(xml, "beats")? as u8, number(xml, "beat-type")? as u8).ok()?;
    let parts: Vec<&str> = xml.split("<part id").skip(1).collect();
    if parts.len() != 4 || parts[0].matches("<beats>").count() != 1 {
        return None;
    }
    let voices = parts.iter().enumerate().map(|(channel, part)| {
        let first = part.split("<measure").nth(1).map_or(0.0, |bar| notes(bar, divisions, 0.0).1);
        // A short first bar is a pick-up.
        let start = (metre.bar_beats().0 - first).max(0.0) % metre.bar_beats().0;
        Part::new("", channel as u8, 19, notes(part, divisions, start).0)
    });
    let metres = MetreMap::new(vec![MetreChange { at: Beats::ZERO, metre }]).ok()?;
    Some(Score { parts: voices.collect(), metres, ..Score::default() })
}

/// The notes from `now` on, and where they end.
fn notes(xml: &str, divisions: f64, mut now: f64) -> (Vec<Note>, f64) {
    let mut notes: Vec<Note> = Vec::new();
    for text in xml.split("<note").skip(1).filter(|text| !text.contains("<chord/>") && !text.contains("<grace")) {
        let text = &text[..text.find("</note>").unwrap_or(text.len())];
        let beats = f64::from(number(text, "duration").unwrap_or(0)) / divisions;
        if let (Some(step), Some(octave)) = (inner(text, "step"), number(text, "octave")) {
            let natural = [("C", 0), ("D", 2), ("E", 4), ("F", 5), ("G", 7), ("A", 9), ("B", 11)];
            let natural = natural.iter().find(|(name, _)| *name == step).unwrap().1;
            let pitch = (12 * (octave + 1) + natural + number(text, "alter").unwrap_or(0)) as u8;
            match notes.last_mut() {
                Some(last) if text.contains("<tie type=\"stop\"") && last.pitch == pitch => last.duration.0 += beats,
                _ => notes.push(Note { onset: Beats(now), duration: Beats(beats), pitch, velocity: 80 }),
            }
        }
        now += beats;
    }
    (notes, now)
}
