//! Which part of a performance is written.

use super::arrangement::Arrangement;
use super::place::Place;
use super::{Fps, RenderError};
use crate::time::{Beats, SampleRate};
use std::ops::Range;

/// From where to where; nothing is the beginning, or the end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Excerpt {
    /// The first place that is written.
    pub from: Option<Place>,
    /// The first that is not any more.
    pub to: Option<Place>,
}

/// A part of a performance in video frames, samples and quarter notes. Parts that meet share no frame, no sample and no note,
/// and leave none out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    /// Numbers of the video frames.
    pub frames: Range<u64>,
    /// Numbers of the samples.
    pub samples: Range<u64>,
    /// Positions in the music.
    pub beats: Range<f64>,
}

/// How long a whole performance is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    pub frames: u64,
    pub samples: u64,
}

impl Span {
    /// With pictures a part begins and ends with a video frame, the one that shows its place, so that sound and pictures stay
    /// together; without, at the sample.
    ///
    /// # Errors
    /// [`RenderError::Excerpt`] for places that are not there, or in the wrong order.
    pub fn new(
        part: Excerpt,
        arrangement: &Arrangement,
        whole: Length,
        fps: Fps,
        rate: SampleRate,
        with_pictures: bool,
    ) -> Result<Self, RenderError> {
        let seconds = |position: Option<Place>| {
            position
                .map(|p| p.seconds(&arrangement.metres, &arrangement.tempo))
                .transpose()
                .map_err(RenderError::Excerpt)
        };
        let (from, to) = (seconds(part.from)?, seconds(part.to)?);
        let frame = |seconds: f64| (seconds * fps.rate() + 1e-6).floor().max(0.0) as u64;
        let frames = from.map_or(0, frame)..to.map_or(whole.frames, frame).min(whole.frames);
        let sample = |seconds: f64| (seconds * f64::from(rate.0) - 1e-6).ceil().max(0.0) as u64;
        let samples = if with_pictures {
            fps.sample_at(frames.start, rate.0)..fps.sample_at(frames.end, rate.0)
        } else {
            from.map_or(0, sample)..to.map_or(whole.samples, sample).min(whole.samples)
        };
        let end = fps.seconds_at(whole.frames);
        if let Some(from) = part.from.filter(|_| from.is_some_and(|at| at >= end)) {
            return Err(RenderError::Excerpt(format!("{from} is after the end, which is at {end:.1}s")));
        }
        if samples.is_empty() || (with_pictures && frames.is_empty()) {
            let said = |position: Option<Place>, or: &str| position.map_or(or.to_owned(), |p| p.to_string());
            let (from, to) = (said(part.from, "the beginning"), said(part.to, "the end"));
            return Err(RenderError::Excerpt(format!("there is nothing from {from} to {to}")));
        }
        // Notes go with the sound. What is before the first or after the last bar belongs to the first and the last part.
        let beats = |sample: u64| arrangement.tempo.beats_at_sample(sample as i64, rate).0;
        let start = from.map_or(f64::NEG_INFINITY, |_| beats(samples.start));
        let end = to.map_or(f64::INFINITY, |_| beats(samples.end));
        let beats = start..end;
        Ok(Self { frames, samples, beats })
    }

    /// Where the part begins in the music, of which its notes are counted.
    pub fn begin(&self) -> Beats {
        Beats(self.beats.start.max(0.0))
    }
}
