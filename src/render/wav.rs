//! Sound as it is played, and as files that grow with it.

use super::RenderError;
use crate::bridge::Part;
use crate::live::Performer;
use crate::time::SampleRate;
use std::fs::File;
use std::io::BufWriter;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Seconds in which the end is faded out, so that no tail is cut audibly.
const FADE_SECONDS: f64 = 0.5;

/// Left and right.
type Stereo<'a> = [&'a [f32]; 2];

/// A piece of sound as it was played.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// Number of its first sample.
    pub start: u64,
    /// Everything together: samples within ±0.89.
    pub mix: Stereo<'a>,
    /// Each part by itself, in the order of [`Part::ALL`]: they add up to the mix. For those who asked.
    pub stems: Option<[Stereo<'a>; Part::ALL.len()]>,
}

/// Who hears a performance, piece by piece, in order.
pub trait Listener {
    /// Whether parts are wanted by themselves.
    fn wants_stems(&self) -> bool {
        false
    }

    /// Hears a piece.
    ///
    /// # Errors
    /// Why it could not be kept; the performance ends then.
    fn hear(&mut self, heard: &Heard<'_>) -> Result<(), RenderError>;
}

/// Nobody listens.
impl Listener for () {
    fn hear(&mut self, _: &Heard<'_>) -> Result<(), RenderError> {
        Ok(())
    }
}

/// Keeps all of it: left and right.
impl Listener for [Vec<f32>; 2] {
    fn hear(&mut self, heard: &Heard<'_>) -> Result<(), RenderError> {
        self.iter_mut().zip(heard.mix).for_each(|(kept, new)| kept.extend_from_slice(new));
        Ok(())
    }
}

/// Plays block after block, fades the end out, and passes each block on.
pub(super) struct Tape<'a> {
    samples: u64,
    fade: u64,
    /// Left and right of the mix, then of each part.
    rooms: Vec<[Vec<f32>; 2]>,
    listener: &'a mut dyn Listener,
}

impl<'a> Tape<'a> {
    /// For `samples` samples.
    pub fn new(samples: u64, rate: SampleRate, listener: &'a mut dyn Listener) -> Self {
        let fade = ((FADE_SECONDS * f64::from(rate.0)) as u64).min(samples);
        let rooms = if listener.wants_stems() { 1 + Part::ALL.len() } else { 1 };
        Self { samples, fade, rooms: vec![Default::default(); rooms], listener }
    }

    /// Prepares a performer for what is listened to.
    pub fn prepare(&self, performer: Performer, block: usize) -> Performer {
        if self.rooms.len() > 1 { performer.with_stems(block) } else { performer }
    }

    /// A block: `play` fills left and right.
    pub fn play(
        &mut self,
        performer: &mut Performer,
        range: Range<u64>,
        play: impl FnOnce(&mut Performer, &mut [f32], &mut [f32]),
    ) -> Result<(), RenderError> {
        let length = (range.end - range.start) as usize;
        let Some(([left, right], parts)) = self.rooms.split_first_mut() else { return Ok(()) };
        left.resize(length, 0.0);
        right.resize(length, 0.0);
        play(performer, left, right);
        for (room, part) in parts.iter_mut().zip(Part::ALL) {
            for (room, stem) in room.iter_mut().zip(performer.stem(part).unwrap_or_default()) {
                room.clear();
                room.extend_from_slice(stem);
            }
        }
        // Seen from the end, samples get louder one by one.
        let quiet = self.samples - self.fade;
        if range.end > quiet {
            for room in self.rooms.iter_mut().flatten() {
                for (sample, number) in room.iter_mut().zip(range.start..).filter(|(_, number)| *number >= quiet) {
                    *sample *= (self.samples - 1 - number) as f32 / self.fade as f32;
                }
            }
        }
        let heard = match self.rooms.as_slice() {
            [mix, call, answer, backing] => Heard {
                start: range.start,
                mix: [&mix[0], &mix[1]],
                stems: Some([call, answer, backing].map(|part| [&part[0][..], &part[1][..]])),
            },
            [mix, ..] => Heard { start: range.start, mix: [&mix[0], &mix[1]], stems: None },
            [] => return Ok(()),
        };
        self.listener.hear(&heard)
    }
}

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum WavDepth {
    /// Whole numbers of 24 bits.
    #[default]
    #[serde(rename = "24")]
    TwentyFour,
    /// Floats of 32 bits: what the synth has made, unrounded.
    #[serde(rename = "float")]
    Float,
}

impl FromStr for WavDepth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "24" => Ok(Self::TwentyFour),
            "float" => Ok(Self::Float),
            _ => Err(format!("`{text}`: 24 or float")),
        }
    }
}

/// What a WAV file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Mix,
    Stem(Part),
}

/// WAV files that a performance, or a part of it, is written to while it is played.
pub(super) struct WavFiles {
    rate: SampleRate,
    samples: Range<u64>,
    files: Vec<(Source, WavDepth, PathBuf, hound::WavWriter<BufWriter<File>>)>,
}

impl WavFiles {
    /// None yet; `samples` of the performance will be written.
    pub fn new(rate: SampleRate, samples: Range<u64>) -> Self {
        Self { rate, samples, files: Vec::new() }
    }

    /// A file of everything together. Errors speak of `target`.
    pub fn mix(&mut self, path: &Path, depth: WavDepth, target: &Path) -> Result<(), RenderError> {
        self.begin(Source::Mix, path, depth, target)
    }

    /// A file for each part in a folder, by its name.
    pub fn stems(&mut self, folder: &Path, depth: WavDepth, target: &Path) -> Result<(), RenderError> {
        for (part, name) in Part::ALL.into_iter().zip(STEMS) {
            self.begin(Source::Stem(part), &folder.join(name), depth, target)?;
        }
        Ok(())
    }

    fn begin(&mut self, source: Source, path: &Path, depth: WavDepth, target: &Path) -> Result<(), RenderError> {
        let (bits_per_sample, sample_format) = match depth {
            WavDepth::TwentyFour => (24, hound::SampleFormat::Int),
            WavDepth::Float => (32, hound::SampleFormat::Float),
        };
        let spec = hound::WavSpec { channels: 2, sample_rate: self.rate.0, bits_per_sample, sample_format };
        let writer = hound::WavWriter::create(path, spec).map_err(|e| broken(target, &e))?;
        self.files.push((source, depth, target.to_owned(), writer));
        Ok(())
    }

    /// Ends every file.
    pub fn finish(self) -> Result<(), RenderError> {
        self.files.into_iter().try_for_each(|(_, _, target, file)| file.finalize().map_err(|e| broken(&target, &e)))
    }
}

/// Names of the files of stems, in the order of [`Part::ALL`].
pub(super) const STEMS: [&str; Part::ALL.len()] = ["call.wav", "answer.wav", "backing.wav"];

fn broken(target: &Path, error: &hound::Error) -> RenderError {
    RenderError::Write { path: target.to_owned(), reason: error.to_string() }
}

impl Listener for WavFiles {
    fn wants_stems(&self) -> bool {
        self.files.iter().any(|(source, ..)| matches!(source, Source::Stem(_)))
    }

    fn hear(&mut self, heard: &Heard<'_>) -> Result<(), RenderError> {
        let length = heard.mix[0].len() as u64;
        let inside = |at: u64| at.clamp(heard.start, heard.start + length) - heard.start;
        let range = inside(self.samples.start) as usize..inside(self.samples.end) as usize;
        for (source, depth, target, file) in &mut self.files {
            let [left, right] = match source {
                Source::Mix => heard.mix,
                Source::Stem(part) => heard.stems.map_or([&[][..]; 2], |stems| stems[part.index()]),
            };
            let pairs = left.get(range.clone()).unwrap_or(&[]).iter().zip(right.get(range.clone()).unwrap_or(&[]));
            let full = f32::from(i16::MAX) * 256.0 + 255.0;
            for sample in pairs.flat_map(|(l, r)| [*l, *r]) {
                let written = match depth {
                    WavDepth::TwentyFour => file.write_sample((sample.clamp(-1.0, 1.0) * full).round() as i32),
                    WavDepth::Float => file.write_sample(sample),
                };
                written.map_err(|e| broken(target, &e))?;
            }
        }
        Ok(())
    }
}
