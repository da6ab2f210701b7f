//! What holds of every reader of untrusted bytes, one function for each: it panics where a promise is broken. Tests and fuzz
//! targets share them.
#![allow(dead_code)] // each program uses a part

#[path = "seeds.rs"]
mod seeds;

use oneiro::controls::{Control, ControlMap};
use oneiro::link::{Found, Merge, Pulse, Watch};
use oneiro::model::inspect::{MAX_TENSORS, inspect_bytes};
use oneiro::model::onnx::ModelProto;
use oneiro::model::spec::ModelSpec;
use oneiro::music::abc::{self, Repeats};
use oneiro::music::midi::{MessageReader, ReadOptions, read_midi, write_midi};
use oneiro::music::{SoundFont, extract_melody, select_melody_part};
use oneiro::render::Reel;
use oneiro::render::project::Project;
use oneiro::take::read_lines;
use oneiro::train::checkpoint;
use oneiro::train::pictures::decode::{self, PIXEL_LIMIT, SIDE_MIN};
use oneiro::train::weights::constants;
use prost::Message as _;

/// A reader: its name, what holds of it, and sound inputs.
pub type Reader = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);

/// All readers of the library.
pub const READERS: [Reader; 12] = [
    ("midi", midi, seeds::midi),
    ("abc", abc, seeds::abc),
    ("model", model, seeds::model),
    ("spec", spec, seeds::spec),
    ("take", take, seeds::take),
    ("map", map, seeds::map),
    ("checkpoint", checkpoint, seeds::checkpoint),
    ("picture", picture, seeds::picture),
    ("link", link, seeds::link),
    ("project", project, seeds::project),
    ("reel", reel, seeds::reel),
    ("font", font, seeds::font),
];

/// A reason that a user reads is one line, and not longer than a screen.
fn readable(reason: &str) {
    assert!(reason.lines().count() == 1 && reason.chars().count() <= 2000, "no line to read: {reason:?}");
}

/// MIDI files, and MIDI as it comes over a wire.
pub fn midi(bytes: &[u8]) {
    MessageReader::default().read(bytes, |message| {
        let [status, data @ ..] = message.bytes() else { panic!("an empty message") };
        assert!(*status >= 0x80 && data.iter().all(|byte| *byte < 0x80));
    });
    let score = match read_midi(bytes, &ReadOptions::default()) {
        Ok(score) => score,
        Err(e) => return readable(&e.to_string()),
    };
    assert!(score.duration_seconds().is_finite());
    for note in score.parts.iter().flat_map(|part| &part.notes) {
        assert!(note.onset.0 >= 0.0 && note.duration.0 > 0.0 && note.pitch < 128 && (1..128).contains(&note.velocity));
    }
    assert!(select_melody_part(&score).is_none_or(|part| part < score.parts.len()));
    for part in &score.parts {
        assert!(extract_melody(part, &score.metres).is_none_or(|placed| placed.melody.note_count() > 0));
    }
    // What was read and repaired can be written; files cannot say every length of silence.
    if let Ok(again) = write_midi(&score) {
        assert!(read_midi(&again, &ReadOptions::default()).is_ok());
    }
}

/// Books of ABC.
pub fn abc(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for repeats in [Repeats::Played, Repeats::Once] {
        match abc::read(&text, repeats) {
            Ok(tunes) => {
                let events = || tunes.iter().flat_map(|tune| &tune.melody.events);
                assert!(events().all(|event| event.steps > 0 && event.pitch.is_none_or(|pitch| pitch < 128)));
                assert!(events().count() <= abc::MAX_EVENTS, "{} events", events().count());
            }
            Err(e) => readable(&e.to_string()),
        }
    }
}

/// Model files: what is found sound has sound parts and weights that can be read.
pub fn model(bytes: &[u8]) {
    match inspect_bytes("a model", bytes.to_vec()) {
        Ok(model) => {
            assert!(model.facts.tensors <= MAX_TENSORS);
            let decoded = ModelProto::decode(bytes).expect("it was decoded before");
            let held: usize = constants(&decoded).values().map(|tensor| tensor.data.len()).sum();
            assert!(held <= bytes.len(), "{held} numbers in {} bytes", bytes.len());
            let first = model.spec.outputs.first().map_or("", |output| &output.name);
            assert!(model.part(&[first]).spec.outputs.len() <= model.spec.outputs.len());
        }
        Err(e) => readable(&e.to_string()),
    }
}

/// Descriptions of models, inside of a file and beside it.
pub fn spec(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for read in [ModelSpec::from_toml(text), ModelSpec::from_json(text)] {
        match read {
            // What has no form in JSON is refused, not changed.
            Ok(spec) => {
                if let Ok(json) = spec.to_json() {
                    assert_eq!(ModelSpec::from_json(&json).expect("it was just written").kind, spec.kind);
                }
            }
            Err(e) => readable(&e.to_string()),
        }
    }
}

/// Recorded sessions.
pub fn take(bytes: &[u8]) {
    match read_lines(bytes) {
        Ok(take) => {
            assert!(take.moments.is_sorted_by_key(|moment| moment.sample));
            assert!(take.length <= 12 * 3600 * u64::from(take.header.rate.0));
            assert!(take.moments.iter().all(|moment| moment.sample <= take.length));
        }
        Err(e) => readable(&e),
    }
}

/// Maps of knobs.
pub fn map(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ControlMap::<Control>::parse(text) {
        Ok(map) => {
            let again = ControlMap::parse(&map.text_of_all().expect("names and numbers"));
            assert_eq!(again.as_ref(), Ok(&map));
        }
        Err(e) => readable(&e),
    }
}

/// Checkpoints of training.
pub fn checkpoint(bytes: &[u8]) {
    match checkpoint::read(bytes) {
        Ok((_, state)) => {
            let held: usize = state.values().map(|tensor| tensor.data.len()).sum();
            assert!(4 * held <= bytes.len(), "{held} numbers in {} bytes", bytes.len());
            assert!(state.values().all(|t| t.shape.iter().product::<usize>() == t.data.len()));
        }
        Err(e) => readable(&e),
    }
}

/// Pictures.
pub fn picture(bytes: &[u8]) {
    match decode::decode(bytes) {
        Ok(picture) => {
            let (width, height) = picture.dimensions();
            assert!(width.min(height) >= SIDE_MIN && u64::from(width) * u64::from(height) <= PIXEL_LIMIT);
        }
        Err(e) => readable(&e.to_string()),
    }
}

/// What programs tell each other.
pub fn link(bytes: &[u8]) {
    match Pulse::read(bytes) {
        Ok(pulse) => {
            let mut again = Vec::new();
            pulse.write(&mut again);
            assert_eq!(Pulse::read(&again).as_ref(), Ok(&pulse));
            let (mut merge, mut events) = (Merge::default(), Vec::new());
            let name = |text: &str| text.to_owned();
            merge.join(1, Found { id: name("a"), name: name("a"), program: name("p"), process: 1, rate: 48_000 });
            let now = pulse.sent_ns;
            merge.take(1, pulse.clone(), now);
            for later in [0, 5_000_000, 100_000_000] {
                let at = merge.advance(now.saturating_add(later), &mut events);
                assert!(at.is_none_or(|at| at.beats.is_finite()) && events.iter().all(|e| e.pos_beats.is_finite()));
            }
        }
        Err(e) => readable(&e.to_string()),
    }
    match Watch::read(bytes) {
        Ok(watch) => {
            let mut again = Vec::new();
            watch.write(&mut again);
            assert_eq!(Watch::read(&again), Ok(watch));
        }
        Err(e) => readable(&e.to_string()),
    }
}

/// Projects: what is taken is a job, and says the same when it is written.
pub fn project(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Project::parse(text) {
        Ok(project) => {
            assert!(project.job().is_ok_and(|job| job.targets.len() == project.targets().map_or(0, |t| t.len())));
            let written = project.text().expect("what was read can be written");
            assert_eq!(Project::parse(&written).map_err(|(_, reason)| reason).as_ref(), Ok(&project));
        }
        Err((line, reason)) => {
            readable(&reason);
            assert!(line.is_none_or(|line| line <= 1 + text.matches('\n').count()), "line {line:?}");
        }
    }
}

/// Reels: what is taken has finite moments and frames of a size, and says the same when it is written.
pub fn reel(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Reel::read(text) {
        Ok(reel) => {
            assert!((16 * 16 * 3..=7680 * 4320 * 8).contains(&reel.frame_bytes()));
            for frame in [reel.frames.0, reel.frames.1] {
                let moments: Vec<f64> = reel.moments(frame).collect();
                assert!(!moments.is_empty() && moments.len() <= 64 && moments.iter().all(|at| at.is_finite()));
            }
            assert!(reel.points.iter().all(|point| point.at.beats(&reel.metres).0.is_finite()));
            assert_eq!(reel.json().and_then(|json| Reel::read(&json)).as_ref(), Ok(&reel));
        }
        Err(e) => readable(&e.to_string()),
    }
}

/// SoundFonts: what is taken has instruments that can be played.
pub fn font(bytes: &[u8]) {
    match SoundFont::read(bytes) {
        Ok(font) => assert!(font.programs().all(|(program, _)| program < 128)),
        Err(reason) => readable(&reason),
    }
}
