//! A reel: all of a film with scenes as one value, in JSON. The program that draws scenes needs nothing else, reads no clock and
//! rolls no dice, so a reel gives the same frames every time on the same renderer.

mod orders;

pub use orders::{Call, Caption, CaptionKind, Point, Position, ReelValue, Way};

use super::shutter::MOST_SUB_FRAMES;
use super::{Alpha, Blur, Depth, Fps, Shutter};
use crate::bridge::ShowEvent;
use crate::complaint::one_line;
use crate::time::{MetreMap, TempoMap};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The version that is written, and the only one that is read.
pub const REEL_VERSION: u32 = 1;
/// Last frame that there may be: more than a hundred days at 120 a second.
const LAST: u64 = 1 << 30;

/// A film with scenes. Beat 0 is second 0 is the beginning of frame 0, and a frame shows the middle of its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reel {
    /// [`REEL_VERSION`].
    pub version: u32,
    /// Seed of the pictures.
    #[serde(default)]
    pub seed: u64,
    /// Pixels across (16 to 7680) and down (16 to 4320).
    pub size: (u32, u32),
    /// Video frames a second, as `"30"` or `"30000/1001"`.
    #[serde(with = "super::project::text::required")]
    pub fps: Fps,
    /// The first frame that is given out, and the one after the last. Of those before, as many are drawn as trails and the flash
    /// guard follow from.
    pub frames: (u64, u64),
    /// Draws only so many of the frames before the first, for a look at one: trails are then only nearly those of the whole. `None`
    /// draws all that are needed.
    #[serde(default)]
    pub lead_in: Option<u64>,
    /// Motion blur.
    #[serde(default)]
    pub blur: Option<Blur>,
    /// Bits of a channel.
    #[serde(default)]
    pub depth: Depth,
    /// Whether there is a fourth channel.
    #[serde(default)]
    pub alpha: Alpha,
    /// Tempi.
    #[serde(default)]
    pub tempo: TempoMap,
    /// Metres: where bars are.
    #[serde(default)]
    pub metres: MetreMap,
    /// Everything worth seeing, as [`super::Recording::show`] holds it.
    #[serde(default)]
    pub show: Vec<ShowEvent>,
    /// A file of scenes; those that the program comes with without.
    #[serde(default)]
    pub scenes: Option<PathBuf>,
    /// The scene that it begins with, by name or number from 1.
    #[serde(default)]
    pub scene: Option<String>,
    /// Controls at the beginning, by name.
    #[serde(default)]
    pub controls: BTreeMap<String, ReelValue>,
    /// What controls do later.
    #[serde(default)]
    pub points: Vec<Point>,
    /// A file of cues.
    #[serde(default)]
    pub cues: Option<PathBuf>,
    /// When they come.
    #[serde(default)]
    pub calls: Vec<Call>,
    /// Titles and lyrics.
    #[serde(default)]
    pub texts: Vec<Caption>,
    /// The models that paint.
    pub models: ReelModels,
    /// Pictures of the user's that the walk can visit.
    #[serde(default)]
    pub pictures: Vec<PathBuf>,
    /// Threads of each model; 0 counts as 1.
    #[serde(default)]
    pub threads: usize,
}

impl Default for Reel {
    /// One second of 1280 × 720 at 30 frames a second, without music and without models.
    fn default() -> Self {
        Self {
            version: REEL_VERSION,
            seed: 0,
            size: (1280, 720),
            fps: Fps::THIRTY,
            frames: (0, 30),
            lead_in: None,
            blur: None,
            depth: Depth::default(),
            alpha: Alpha::default(),
            tempo: TempoMap::default(),
            metres: MetreMap::default(),
            show: Vec::new(),
            scenes: None,
            scene: None,
            controls: BTreeMap::new(),
            points: Vec::new(),
            cues: None,
            calls: Vec::new(),
            texts: Vec::new(),
            models: ReelModels::default(),
            pictures: Vec::new(),
            threads: 1,
        }
    }
}

/// The models, by file. No others are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReelModels {
    /// Paints first.
    pub first: PathBuf,
    /// Paints second; another walk through the first without.
    #[serde(default)]
    pub second: Option<PathBuf>,
    /// Others that the controls `first` and `second` can turn to, by name or by number after these.
    #[serde(default)]
    pub others: Vec<PathBuf>,
    /// Repaints in styles.
    #[serde(default)]
    pub style: Option<PathBuf>,
    /// Enlarges.
    #[serde(default)]
    pub upscaler: Option<PathBuf>,
    /// Says what is classical, modern, abstract.
    #[serde(default)]
    pub classifier: Option<PathBuf>,
}

/// Why a reel cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReelError {
    /// It is no reel.
    #[error("the reel cannot be read: {0}")]
    Form(String),
    /// It is of another version.
    #[error("the reel is of version {found}; this program shows version {REEL_VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Something in it cannot be.
    #[error("the reel's `{field}`: {reason}")]
    Value {
        /// What.
        field: &'static str,
        /// Why not.
        reason: String,
    },
}

impl ReelError {
    /// Something in a reel cannot be.
    pub fn value(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Value { field, reason: reason.into() }
    }
}

impl Reel {
    /// Reads and checks a reel.
    ///
    /// # Errors
    /// [`ReelError`].
    pub fn read(json: &str) -> Result<Self, ReelError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let form = |e: serde_json::Error| ReelError::Form(one_line(&e));
        // The version first: what another one has in it need not be understood.
        let Versioned { version } = serde_json::from_str(json).map_err(form)?;
        if version != REEL_VERSION {
            return Err(ReelError::Version { found: version });
        }
        let reel: Self = serde_json::from_str(json).map_err(form)?;
        reel.check()?;
        Ok(reel)
    }

    /// As JSON that [`Reel::read`] reads.
    ///
    /// # Errors
    /// [`ReelError`] for one that it would refuse.
    pub fn json(&self) -> Result<String, ReelError> {
        self.check()?;
        serde_json::to_string(self).map_err(|e| ReelError::Form(one_line(&e)))
    }

    /// Whether everything lies in its range. Names are only known to the program that draws.
    ///
    /// # Errors
    /// [`ReelError`] names the first thing that does not.
    pub fn check(&self) -> Result<(), ReelError> {
        let ((width, height), (from, to)) = (self.size, self.frames);
        if self.version != REEL_VERSION {
            return Err(ReelError::Version { found: self.version });
        }
        if !((16..=7680).contains(&width) && (16..=4320).contains(&height)) {
            return Err(ReelError::value("size", format!("{width}x{height} is not from 16x16 to 7680x4320")));
        }
        if from >= to || to > LAST {
            return Err(ReelError::value("frames", format!("{from} to {to} are no frames")));
        }
        if let Some(Blur { sub_frames, shutter }) = self.blur
            && !((1..=MOST_SUB_FRAMES).contains(&sub_frames) && (0.0..=1.0).contains(&shutter))
        {
            let reason = format!(
                "{sub_frames} sub-frames are not 1 to {MOST_SUB_FRAMES}, or a shutter of {shutter} is not 0 to 1"
            );
            return Err(ReelError::value("blur", reason));
        }
        if self.show.iter().any(|event| !event.pos_beats.is_finite()) {
            return Err(ReelError::value("show", "an event has no position"));
        }
        let far = |position: Position| !position.is_sound();
        if let Some(point) = self.points.iter().find(|point| far(point.at)) {
            return Err(ReelError::value("points", format!("`{}` is nowhere", point.control)));
        }
        if let Some(call) = self.calls.iter().find(|call| far(call.at)) {
            return Err(ReelError::value("calls", format!("`{}` comes nowhere", call.cue)));
        }
        if let Some(caption) = self.texts.iter().find(|text| text.from.is_some_and(far) || text.to.is_some_and(far)) {
            return Err(ReelError::value("texts", format!("`{}` stands nowhere", caption.text)));
        }
        if self.models.first.as_os_str().is_empty() {
            return Err(ReelError::value("models", "no model paints first"));
        }
        Ok(())
    }

    /// Bytes of a pixel.
    pub fn pixel_bytes(&self) -> usize {
        let channels = if self.alpha == Alpha::None { 3 } else { 4 };
        channels * usize::from(u8::from(self.depth)) / 8
    }

    /// Bytes of a frame: rows from top to bottom, without gaps.
    pub fn frame_bytes(&self) -> usize {
        self.size.0 as usize * self.size.1 as usize * self.pixel_bytes()
    }

    /// Seconds at which the moments lie that a frame is the mean of, in order: [`Shutter::moments`].
    pub fn moments(&self, frame: u64) -> impl Iterator<Item = f64> + use<> {
        let (fps, shutter) = (self.fps, self.blur.map_or(Shutter::default(), Shutter::from));
        shutter.moments().map(move |part| fps.seconds_within(frame, part))
    }
}

#[cfg(test)]
mod tests;
