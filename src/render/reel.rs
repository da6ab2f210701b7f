//! A reel: all of a film with scenes as one value, in JSON. The program that draws scenes needs nothing else, reads no clock and
//! rolls no dice, so a reel gives the same frames every time on the same renderer.

use super::Fps;
use crate::bridge::ShowEvent;
use crate::time::{Beats, MetreMap, TempoMap};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The version that is written, and the only one that is read.
pub const REEL_VERSION: u32 = 1;
/// Most sub-frames of a video frame.
const MOST_SUB_FRAMES: u32 = 64;
/// Farthest position, in quarter notes or bars.
const FARTHEST: f64 = 1e9;
/// Last frame that there may be: more than a hundred days at 120 a second.
const LAST: u64 = 1 << 30;

/// A film with scenes. Beat 0 is second 0 is the beginning of frame 0.
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
    #[serde(with = "fps_text")]
    pub fps: Fps,
    /// The first frame that is given out, and the one after the last. Those before are drawn too, since trails and the flash
    /// guard follow from them.
    pub frames: (u64, u64),
    /// Draws only so many of the frames before the first: much faster for a late part of a long film, but trails are only nearly
    /// those of the whole. `None` draws them all.
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

/// Motion blur: the mean of several moments, in linear light.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blur {
    /// How many: 1 to 64.
    pub sub_frames: u32,
    /// Over which share of a frame, from its beginning: 0 to 1; a half is what film cameras have.
    pub shutter: f64,
}

/// Bits of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Depth {
    /// Eight, with noise below their steps.
    #[default]
    Eight,
    /// Sixteen, little endian.
    Sixteen,
}

impl TryFrom<u8> for Depth {
    type Error = String;
    fn try_from(bits: u8) -> Result<Self, String> {
        match bits {
            8 => Ok(Self::Eight),
            16 => Ok(Self::Sixteen),
            _ => Err(format!("a channel has 8 or 16 bits, not {bits}")),
        }
    }
}

impl From<Depth> for u8 {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Eight => 8,
            Depth::Sixteen => 16,
        }
    }
}

/// A fourth channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alpha {
    /// Red, green, blue.
    #[default]
    None,
    /// What is dark is not there: alpha is the greatest of the three encoded channels, and they are divided by it, so that over black
    /// it is the same picture.
    Luma,
}

/// A position in the music.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Position {
    /// Quarter notes from the beginning.
    Beat(f64),
    /// A bar from 1, and the share of it: 2.5 is the middle of the second.
    Bar(f64),
}

impl Position {
    /// In quarter notes.
    pub fn beats(self, metres: &MetreMap) -> Beats {
        match self {
            Self::Beat(beat) => Beats(beat),
            Self::Bar(bar) => {
                let whole = metres.bar(bar.floor() as i64 - 1);
                whole.start + whole.length() * (bar - bar.floor())
            }
        }
    }

    fn is_sound(self) -> bool {
        let (Self::Beat(at) | Self::Bar(at)) = self;
        at.abs() <= FARTHEST
    }
}

/// A value of a control, in its own units, or by name where its values have names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReelValue {
    /// A number.
    Number(f64),
    /// A name: a choice, a scene, a style, a class, a picture, a model.
    Name(String),
}

/// How a control comes to the value of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// At once, at the point.
    #[default]
    Step,
    /// Straight from the point before, or from the beginning; it arrives at the point. Only for controls whose values have others
    /// between them.
    Ramp,
}

/// A control has a value at a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Where.
    pub at: Position,
    /// Name of the control.
    pub control: String,
    /// Its value there; a trigger is pressed by anything from a half on. A scene begins to come exactly there.
    pub value: ReelValue,
    /// How it comes to it.
    #[serde(default)]
    pub way: Way,
}

/// A cue comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Where exactly, whatever the cue says itself.
    pub at: Position,
    /// The cue, by name or number from 1.
    pub cue: String,
}

/// A text over the pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caption {
    /// From where on; from the beginning without.
    #[serde(default)]
    pub from: Option<Position>,
    /// Up to where; to the end without.
    #[serde(default)]
    pub to: Option<Position>,
    /// What it says.
    pub text: String,
    /// Where it stands.
    #[serde(default)]
    pub kind: CaptionKind,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptionKind {
    /// Large, in the middle.
    #[default]
    Title,
    /// At the foot.
    Lyric,
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
        let form = |e: serde_json::Error| ReelError::Form(e.to_string());
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
        serde_json::to_string(self).map_err(|e| ReelError::Form(e.to_string()))
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

    /// Seconds at which the moments lie that a frame is the mean of, in order.
    pub fn moments(&self, frame: u64) -> impl Iterator<Item = f64> + use<> {
        let Blur { sub_frames, shutter } = self.blur.unwrap_or(Blur { sub_frames: 1, shutter: 0.0 });
        let (start, apart) = (self.fps.seconds_at(frame), shutter / (f64::from(sub_frames) * self.fps.rate()));
        (0..sub_frames).map(move |number| start + apart * f64::from(number))
    }
}

/// Video frames a second as a text, so that they stay exact.
mod fps_text {
    use super::Fps;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(fps: &Fps, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(fps)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fps, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{Part, ShowKind};
    use crate::time::{MetreChange, TimeSignature};

    fn reel() -> Reel {
        let kind = ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 100 };
        let point = |at, control: &str, value, way| Point { at, control: control.into(), value, way };
        Reel {
            seed: u64::MAX,
            fps: "30000/1001".parse().unwrap(),
            frames: (10, 20),
            blur: Some(Blur { sub_frames: 4, shutter: 0.5 }),
            depth: Depth::Sixteen,
            alpha: Alpha::Luma,
            show: vec![ShowEvent { pos_beats: Beats(0.1), kind }],
            controls: [("zoom".to_owned(), ReelValue::Number(1.5))].into(),
            points: vec![
                point(Position::Bar(2.5), "walk", ReelValue::Name("loop".into()), Way::Step),
                point(Position::Beat(3.0), "hue", ReelValue::Number(0.25), Way::Ramp),
            ],
            calls: vec![Call { at: Position::Bar(3.0), cue: "2".into() }],
            texts: vec![Caption { from: None, to: None, text: "Oneiro".into(), kind: CaptionKind::Title }],
            models: ReelModels { first: "a.onnx".into(), ..ReelModels::default() },
            ..Reel::default()
        }
    }

    #[test]
    fn a_reel_is_written_and_read_again_whole() {
        let reel = reel();
        assert_eq!(Reel::read(&reel.json().unwrap()), Ok(reel.clone()));
        assert_eq!(reel.frame_bytes(), 1280 * 720 * 8);
        let moments: Vec<f64> = reel.moments(30).collect();
        assert!((moments[0] - 1.001).abs() < 1e-12 && moments.len() == 4, "{moments:?}");
        assert!((moments[3] - moments[0] - 0.375 * 1001.0 / 30_000.0).abs() < 1e-12);
        let short = r#"{"version":1,"size":[96,64],"fps":"24","frames":[0,2],"models":{"first":"a.onnx"}}"#;
        assert_eq!(Reel::read(short).unwrap().frame_bytes(), 96 * 64 * 3);
    }

    #[test]
    fn bars_are_found_through_changes_of_metre() {
        let change = |at, n| MetreChange { at: Beats(at), metre: TimeSignature::new(n, 4).unwrap() };
        let metres = MetreMap::new(vec![change(0.0, 3), change(6.0, 4)]).unwrap();
        for (bar, beats) in [(1.0, 0.0), (2.5, 4.5), (3.0, 6.0), (4.25, 11.0), (0.0, -3.0)] {
            assert_eq!(Position::Bar(bar).beats(&metres), Beats(beats), "bar {bar}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        let broken: [(fn(&mut Reel), &str); 8] = [
            (|r| r.size.0 = 8, "`size`"),
            (|r| r.frames = (5, 5), "`frames`"),
            (|r| r.blur = Some(Blur { sub_frames: 0, shutter: 0.5 }), "`blur`"),
            (|r| r.blur = Some(Blur { sub_frames: 2, shutter: f64::NAN }), "`blur`"),
            (|r| r.show[0].pos_beats = Beats(f64::INFINITY), "`show`"),
            (|r| r.points[0].at = Position::Bar(f64::NAN), "`walk`"),
            (|r| r.version = 2, "version 2"),
            (|r| r.models.first = PathBuf::new(), "`models`"),
        ];
        for (damage, says) in broken {
            let mut reel = reel();
            damage(&mut reel);
            let error = reel.json().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let json = reel().json().unwrap();
        for (from, to) in
            [("\"seed\"", "\"sead\""), ("\"depth\":16", "\"depth\":10"), ("30000/1001", "0/1"), ("{", "[")]
        {
            let error = Reel::read(&json.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with("the reel cannot be read: ") && error.lines().count() == 1, "{error}");
        }
    }
}
