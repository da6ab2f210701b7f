//! Sound and notes as files.

use super::RenderError;
use super::arrangement::Arrangement;
use super::target::Partial;
use crate::music::Note;
use crate::music::midi::{Part, Score, write_midi};
use crate::music::piano_roll::{ANSWER_COLOUR, BACKING_COLOUR, CALL_COLOUR, RollView, RollVoice, write_piano_roll};
use std::path::Path;

/// Writes stereo sound as 24-bit WAV.
pub(super) fn write_wav(path: &Path, sound: &[Vec<f32>; 2], sample_rate: u32) -> Result<(), hound::Error> {
    let spec =
        hound::WavSpec { channels: 2, sample_rate, bits_per_sample: 24, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec)?;
    let full = f32::from(i16::MAX) * 256.0 + 255.0;
    for (left, right) in sound[0].iter().zip(&sound[1]) {
        for sample in [left, right] {
            writer.write_sample((sample.clamp(-1.0, 1.0) * full).round() as i32)?;
        }
    }
    writer.finalize()
}

/// General MIDI programs of tune, answer and accompaniment: near to what the synth plays.
const PROGRAMS: [u8; 3] = [4, 81, 5];

/// Writes the tune, the answers and the accompaniment as a MIDI file.
pub(super) fn write_notes(partial: &Partial, arrangement: &Arrangement, answer: &[Note]) -> Result<(), RenderError> {
    let part = |name: &str, channel: u8, notes: &[Note]| {
        let mut notes = notes.to_vec();
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
        Part::new(name, channel, PROGRAMS[usize::from(channel)], notes)
    };
    let mut parts = vec![part("Call", 0, &arrangement.call), part("Answer", 1, answer)];
    if !arrangement.backing.is_empty() {
        parts.push(part("Backing", 2, &arrangement.backing));
    }
    let score =
        Score { parts, tempo: arrangement.tempo.clone(), metres: arrangement.metres.clone(), warnings: Vec::new() };
    let bytes = write_midi(&score).map_err(|e| partial.fail(e))?;
    std::fs::write(partial.path(), bytes).map_err(|e| partial.fail(e))
}

/// Draws the piano roll.
pub(super) fn write_roll(partial: &Partial, arrangement: &Arrangement, answer: &[Note]) -> Result<(), RenderError> {
    let voices = [
        RollVoice { notes: &arrangement.backing, colour: BACKING_COLOUR },
        RollVoice { notes: &arrangement.call, colour: CALL_COLOUR },
        RollVoice { notes: answer, colour: ANSWER_COLOUR },
    ];
    write_piano_roll(partial.path(), &voices, &arrangement.metres, RollView::default()).map_err(|e| partial.fail(e))
}
