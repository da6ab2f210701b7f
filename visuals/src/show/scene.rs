//! Scenes as data: which pictures, which effects, which palette, and how music moves them.

use super::dials::{BLEND, DIALS, Dial, FLOW, TRAVEL};
use super::music::Signals;
use super::values::Palette;
use oneiro::complaint::one_line;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The scenes that come with the program.
const SHIPPED: &str = include_str!("scenes.toml");
/// Most scenes of a file.
const MOST: usize = 256;
/// Greatest file, in bytes.
const LARGEST: u64 = 1 << 20;

/// Pictures that a scene may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// What the first model paints.
    Paintings,
    /// What the second model paints.
    Light,
    /// What the first model paints, repainted in a style.
    Styled,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Paintings, Self::Light, Self::Styled];

    /// Its place among [`Source::ALL`].
    pub fn place(self) -> usize {
        self as usize
    }
}

/// How music moves a dial: its value is `is` plus each signal times its amount.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Motion {
    /// Its value without music; the dial's usual one where it is missing.
    is: Option<f32>,
    /// By the accent of beats.
    #[serde(default)]
    beat: f32,
    /// By the accent of bars.
    #[serde(default)]
    bar: f32,
    /// By notes.
    #[serde(default)]
    note: f32,
    /// By loudness.
    #[serde(default)]
    energy: f32,
    /// By how many notes there are.
    #[serde(default)]
    density: f32,
    /// By the chord, 0 to 1 round the circle of fifths.
    #[serde(default)]
    chord: f32,
    /// Swings once in eight bars of four quarter notes.
    #[serde(default)]
    sway: f32,
    /// Swings once in twenty quarter notes.
    #[serde(default)]
    drift: f32,
    /// Grows by so much in sixteen quarter notes.
    #[serde(default)]
    time: f32,
}

impl Motion {
    fn is_finite(&self) -> bool {
        let Self { is, beat, bar, note, energy, density, chord, sway, drift, time } = self;
        let amounts = [beat, bar, note, energy, density, chord, sway, drift, time];
        amounts.into_iter().chain(is).all(|amount| amount.is_finite())
    }

    fn at(&self, usual: f32, s: &Signals) -> f32 {
        let turns = |period: f64| (std::f64::consts::TAU * s.beats / period).sin() as f32;
        // What grows without end is turns or places in mirrored pictures: both come back after 1024.
        let grown = (f64::from(self.time) * s.beats / 16.0 % 1024.0) as f32;
        self.is.unwrap_or(usual)
            + self.beat * s.beat
            + self.bar * s.bar
            + self.note * s.note
            + self.energy * s.energy
            + self.density * s.density
            + self.chord * s.chord
            + self.sway * turns(32.0)
            + self.drift * turns(20.0)
            + grown
    }
}

/// How the pictures of a scene walk.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// Keyframes a bar.
    pub keyframes: f64,
    /// How far notes push.
    pub push: f32,
    /// Added to the model's truncation.
    pub truncation: f32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { keyframes: 1.0, push: 1.0, truncation: 0.0 }
    }
}

/// A scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Its name.
    pub name: String,
    /// What it shows: the first pictures and those that may lie over them.
    pub sources: [Source; 2],
    /// Shares of styles by name, for [`Source::Styled`].
    pub styles: Vec<(String, f32)>,
    /// How the pictures walk.
    pub pace: Pace,
    /// Its colours from dark to light.
    pub palette: Palette,
    motions: Vec<(usize, Motion)>,
}

/// Why a file of scenes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// It is longer than any that is wanted.
    #[error("a file of scenes has at most {LARGEST} bytes")]
    Size,
    /// It is no TOML, or has something in it that scenes have not.
    #[error("{0}")]
    Form(String),
    /// A scene has something that is not right.
    #[error("scene `{scene}`: {reason}")]
    Scene {
        /// Its name.
        scene: String,
        /// What is the matter.
        reason: String,
    },
    /// There are none, or too many.
    #[error("{0} scenes; there may be 1 to {MOST}")]
    Count(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    scene: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default)]
    sources: Vec<Source>,
    #[serde(default)]
    styles: BTreeMap<String, f32>,
    #[serde(default)]
    pace: Pace,
    palette: Vec<String>,
    #[serde(default)]
    dials: BTreeMap<String, Setting>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Setting {
    Number(f32),
    Name(String),
    Moving(Motion),
}

/// The scenes that come with the program.
///
/// # Panics
/// Never: a test reads them.
pub fn shipped() -> Vec<Scene> {
    read(SHIPPED).expect("the shipped scenes are sound")
}

/// Reads scenes from TOML: an array of tables `scene`.
///
/// # Errors
/// [`SceneError`] with the scene and what is the matter with it.
pub fn read(text: &str) -> Result<Vec<Scene>, SceneError> {
    let file: Table = toml::from_str(text).map_err(|e| SceneError::Form(one_line(&e)))?;
    if !(1..=MOST).contains(&file.scene.len()) {
        return Err(SceneError::Count(file.scene.len()));
    }
    file.scene.into_iter().map(Scene::from_raw).collect()
}

/// Reads a file of scenes: see [`read`].
///
/// # Errors
/// [`SceneError`]; whoever knows its name adds it.
pub fn read_file(path: &Path) -> Result<Vec<Scene>, SceneError> {
    let mut text = String::new();
    let length = File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LARGEST { Err(SceneError::Size) } else { read(&text) }
}

impl Scene {
    fn from_raw(raw: Raw) -> Result<Self, SceneError> {
        let name = raw.name;
        let refuse = |reason: String| SceneError::Scene { scene: name.clone(), reason };
        let sources = match raw.sources[..] {
            [] => [Source::Paintings; 2],
            [one] => [one; 2],
            [first, second] => [first, second],
            _ => return Err(refuse(format!("{} sources; there are one or two", raw.sources.len()))),
        };
        let colours: Vec<[f32; 3]> = raw
            .palette
            .iter()
            .map(|text| colour(text).ok_or_else(|| refuse(format!("`{text}` is no colour such as #1a2b3c"))))
            .collect::<Result<_, _>>()?;
        let palette: Palette =
            colours.try_into().map_err(|c: Vec<_>| refuse(format!("a palette of {} colours instead of 5", c.len())))?;
        let pace = raw.pace;
        if !((0.01..=16.0).contains(&pace.keyframes) && pace.push.is_finite() && pace.truncation.is_finite()) {
            return Err(refuse("its pace is out of range: keyframes 0.01 to 16 a bar".into()));
        }
        let mut motions = Vec::new();
        for (dial, setting) in raw.dials {
            let place = Dial::by_name(&dial).ok_or_else(|| refuse(format!("there is no dial `{dial}`")))?;
            let spec = &DIALS[place];
            let motion = match setting {
                Setting::Number(value) => Motion { is: Some(value), ..Motion::default() },
                Setting::Name(name) => {
                    let value = spec.names.iter().position(|n| *n == name);
                    let value = value
                        .ok_or_else(|| refuse(format!("`{dial}` is one of {}, not `{name}`", spec.names.join(", "))))?;
                    Motion { is: Some(value as f32), ..Motion::default() }
                }
                Setting::Moving(motion) => motion,
            };
            if let Some(is) = motion.is
                && spec.allow(is) != is
            {
                let (low, high) = spec.range;
                return Err(refuse(format!("`{dial}` is {is}; it is from {low} to {high}")));
            }
            if !motion.is_finite() {
                return Err(refuse(format!("`{dial}` is moved by something that is no number")));
            }
            motions.push((place, motion));
        }
        if let Some((style, share)) = raw.styles.iter().find(|(_, s)| !(0.0..=1.0).contains(*s)) {
            return Err(refuse(format!("style `{style}` has a share of {share}; shares are 0 to 1")));
        }
        let styles = raw.styles.into_iter().collect();
        Ok(Self { name, sources, styles, pace, palette, motions })
    }

    /// Its dials at a moment, each within its range. What flows with time has come as far as it has.
    pub fn dials(&self, signals: &Signals) -> Vec<f32> {
        let mut dials: Vec<f32> = DIALS.iter().map(|dial| dial.usual).collect();
        for (place, motion) in &self.motions {
            dials[*place] = DIALS[*place].allow(motion.at(DIALS[*place].usual, signals));
        }
        for place in [FLOW, TRAVEL] {
            // Wrapped far away, where the noise repeats anyway.
            dials[place] = ((f64::from(dials[place]) * signals.beats) % 4096.0) as f32;
        }
        dials
    }

    /// Whether it may show a source.
    pub fn shows(&self, source: Source) -> bool {
        self.sources[0] == source || (self.sources[1] == source && self.has_second())
    }

    fn has_second(&self) -> bool {
        let cross = Dial::by_name("cross");
        self.motions.iter().any(|(place, _)| *place == BLEND || Some(*place) == cross)
    }
}

/// `#rrggbb` in linear light.
fn colour(text: &str) -> Option<[f32; 3]> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let mut linear = [0.0; 3];
    for (i, value) in linear.iter_mut().enumerate() {
        let byte = u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).ok()?;
        let encoded = f32::from(byte) / 255.0;
        *value = if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) };
    }
    Some(linear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_shipped_scenes_are_sound_and_differ() {
        let scenes = shipped();
        assert!(scenes.len() >= 12, "{}", scenes.len());
        let names: BTreeSet<&str> = scenes.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names.len(), scenes.len(), "a name is there twice");
        for (i, a) in scenes.iter().enumerate() {
            for b in &scenes[..i] {
                assert_ne!(a.motions, b.motions, "{} and {}", a.name, b.name);
            }
        }
        let wild = Signals { beats: 1e7, beat: 1.0, bar: 1.0, note: 1.0, energy: 1.0, density: 1.0, chord: 1.0 };
        for scene in &scenes {
            for (dial, value) in DIALS.iter().zip(scene.dials(&wild)) {
                let flows = dial.name == "flow" || dial.name == "travel";
                assert!(value.is_finite() && (flows || dial.allow(value) == value), "{}: {}", scene.name, dial.name);
            }
        }
    }

    #[test]
    fn what_is_wrong_in_a_file_is_said() {
        let palette = "palette = ['#000000', '#111111', '#222222', '#333333', '#ffffff']";
        let wrong = |body: &str| read(&format!("[[scene]]\nname = 'x'\n{body}")).unwrap_err().to_string();
        assert!(wrong("palette = ['#000']").contains("#000"));
        assert!(wrong(&format!("{palette}\n[scene.dials]\nzoon = 1.0")).contains("no dial `zoon`"));
        assert!(wrong(&format!("{palette}\n[scene.dials]\nfold = 'spiral'")).contains("kaleidoscope"));
        assert!(wrong(&format!("{palette}\n[scene.dials]\nzoom = 900.0")).contains("0.2 to 8"));
        assert!(wrong(&format!("{palette}\nsources = ['light', 'light', 'light']")).contains("3 sources"));
        assert!(wrong(&format!("{palette}\nstyles = {{ dots = -1.0 }}")).contains("dots"));
        assert!(matches!(read(""), Err(SceneError::Count(0))));
        assert!(matches!(read("nonsense"), Err(SceneError::Form(_))));
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(LARGEST + 1).unwrap();
        assert!(matches!(read_file(file.path()), Err(SceneError::Size)));
        assert!(matches!(read_file(&file.path().join("none")), Err(SceneError::File(_))));
    }
}
