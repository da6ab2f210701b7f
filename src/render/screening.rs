//! A performance as a film with scenes: another program draws it, and its frames go where others go.

use super::arrangement::Arrangement;
use super::film::{Film, RUN_UP_SECONDS, missing};
use super::frame::{Alpha, Depth, Format, Frame};
use super::place::Place;
use super::project::{Course, Value};
use super::reel::{Call, Caption, CaptionKind, Point, Position, Reel, ReelModels, ReelValue, Way};
use super::scenes::Scenes;
use super::sink::{Sink, send};
use super::{RenderError, Watch};
use crate::picture::Print;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Scenes over the pictures, and what happens in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Show {
    /// The scene that it begins with, by name or number from 1.
    pub scene: Option<String>,
    /// A file of scenes in place of those that the program comes with.
    pub scenes: Option<PathBuf>,
    /// A file of cues.
    pub cues: Option<PathBuf>,
    /// Which cues come, and where.
    pub calls: Vec<(Place, String)>,
    /// A title over the pictures.
    pub title: Option<String>,
    /// Controls of the show at the beginning.
    pub controls: BTreeMap<String, Value>,
    /// How they move.
    pub automation: Vec<Course>,
    /// The models that paint.
    pub models: ReelModels,
    /// Threads of each model.
    pub threads: usize,
}

impl From<&Value> for ReelValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Name(text.clone()),
        }
    }
}

impl Show {
    /// All of it as one value; which frames are drawn is still open.
    pub(super) fn reel(&self, film: &Film<'_>, arrangement: &Arrangement) -> Result<Reel, RenderError> {
        let beats = |place: Place| {
            let at = place.beats(&arrangement.metres, &arrangement.tempo).map_err(RenderError::Excerpt)?;
            Ok::<_, RenderError>(Position::Beat(at.0))
        };
        let mut points = Vec::new();
        for course in &self.automation {
            for point in &course.points {
                let at = beats(Place::Bar { bar: point.bar, beat: point.beat })?;
                let way = if point.ramp { Way::Ramp } else { Way::Step };
                points.push(Point { at, control: course.control.clone(), value: (&point.value).into(), way });
            }
        }
        let calls = self.calls.iter().map(|(place, cue)| Ok(Call { at: beats(*place)?, cue: cue.clone() }));
        let caption = |text: &String| Caption { from: None, to: None, text: text.clone(), kind: CaptionKind::Title };
        Ok(Reel {
            seed: film.seed,
            size: (film.size.width, film.size.height),
            fps: film.fps,
            frames: (0, film.frames),
            blur: film.shutter.is_open().then_some(film.shutter.into()),
            tempo: film.tempo.clone(),
            metres: arrangement.metres.clone(),
            show: film.events.to_vec(),
            scenes: self.scenes.clone(),
            scene: self.scene.clone(),
            controls: self.controls.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
            points,
            cues: self.cues.clone(),
            calls: calls.collect::<Result<_, RenderError>>()?,
            texts: self.title.iter().map(caption).collect(),
            models: self.models.clone(),
            threads: self.threads,
            ..Reel::default()
        })
    }
}

/// Draws video frames of a reel and hands them to the sinks, from the first that one of them lacks on. What must be drawn before
/// that, the other program knows.
pub(super) fn make(
    mut reel: Reel,
    frames: Range<u64>,
    sinks: &mut [Sink],
    watch: &mut dyn Watch,
) -> Result<(), RenderError> {
    let Some(first) = missing(&frames, sinks, watch) else { return Ok(()) };
    let formats: Vec<Format> = sinks.iter().map(|sink| sink.format).collect();
    let deep = formats.iter().any(|format| format.depth == Depth::Sixteen);
    (reel.depth, reel.alpha) = (if deep { Depth::Sixteen } else { Depth::Eight }, Alpha::None);
    reel.frames = (first, frames.end);
    watch.begin("drawing", frames.end - first);
    let mut scenes = Scenes::start(&reel)?;
    for number in first..frames.end {
        let drawn = scenes.next();
        if watch.cancelled() {
            return Err(RenderError::Interrupted);
        }
        let Some(bytes) = drawn? else { break };
        let frame = Arc::new(Frame::of_bytes(bytes, reel.depth, &formats));
        send(sinks, number, &frame, watch)?;
        watch.done(1);
    }
    Ok(())
}

/// One video frame of a reel, soon.
pub(super) fn still(mut reel: Reel, number: u64, watch: &mut dyn Watch) -> Result<Print, RenderError> {
    reel.frames = (number, number + 1);
    reel.lead_in = Some(reel.fps.frames_in(RUN_UP_SECONDS));
    (reel.depth, reel.alpha) = (Depth::Sixteen, Alpha::None);
    watch.begin("drawing", 1);
    let bytes = Scenes::start(&reel)?.next()?.unwrap_or_default();
    watch.done(1);
    let light = bytes.chunks_exact(2).map(|b| f32::from(u16::from_le_bytes([b[0], b[1]])) / 65_535.0);
    Ok(Print::of_light(light.collect()))
}
