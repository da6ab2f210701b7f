//! A project file, `NAME.oneiro.toml`: everything that a rendering is made from, so that it can be made again, elsewhere and later.
//!
//! Paths in it are relative to its folder. A key that is not known is refused, for it may be a misspelt one that is.

mod course;
mod paths;
pub(super) mod text;

pub use course::{Course, CoursePoint, Value};
pub use text::size::read as read_size;

use super::along::Along;
use super::automation::{Automation, is_directing};
use super::place::Place;
use super::screening::Show;
use super::span::Excerpt;
use super::{Alpha, Depth, Form, Fps, Job, Shutter, Target, TargetKind, WavDepth};
use crate::complaint::one_line;
use crate::compose::{Corner, Mode, Settings};
use crate::files::write_whole;
use crate::picture::VideoSize;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The ending of a project file's name.
pub const ENDING: &str = "oneiro.toml";
/// The version of the format.
const FORMAT: u32 = 1;
/// Largest file that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Why a project cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), line.map_or(String::new(), |line| format!(", line {line}")))]
pub struct ProjectError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is one line's fault.
    pub line: Option<usize>,
    /// Why.
    pub reason: String,
}

/// A project. In memory its paths lead somewhere from the working folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Project {
    /// The version of the format: 1.
    pub oneiro_project: u32,
    /// The tune: a MIDI file, or a recorded session.
    pub input: PathBuf,
    /// Seed of every choice.
    #[serde(default = "one")]
    pub seed: u64,
    /// What to write; the ending says what it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
    /// The first place that is written.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    pub from: Option<Place>,
    /// The first place that is not written any more.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    pub to: Option<Place>,
    /// A SoundFont in place of the house's instruments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soundfont: Option<PathBuf>,
    /// How the performance is laid out.
    #[serde(default)]
    pub form: FormTable,
    /// How sound is written.
    #[serde(default)]
    pub sound: SoundTable,
    /// How pictures are drawn and written.
    #[serde(default)]
    pub picture: PictureTable,
    /// Modes in which the instrument plays along; without any, it and the tune take turns.
    #[serde(default, rename = "mode", skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<ModeTable>,
    /// Phrases that are kept for the morph.
    #[serde(default, rename = "capture", skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<CaptureTable>,
    /// Controls of the composer, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub controls: BTreeMap<String, Value>,
    /// Which of them move, and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automation: Vec<Course>,
    /// Scenes over the pictures; the bare walk without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<ShowTable>,
    /// Models; those that are not named are chosen as without a project.
    #[serde(default, rename = "model", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelTable>,
}

/// How a performance is laid out: see [`Form`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FormTable {
    /// Bars of a call: 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bars: Option<u32>,
    /// Bars of an answer: 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_bars: Option<u32>,
}

/// From a bar line on the instrument is in a mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeTable {
    /// Where; a place within a bar stands for the next bar line.
    #[serde(default = "beginning", with = "text::required")]
    pub at: Place,
    /// Which.
    #[serde(with = "text::required")]
    pub mode: Mode,
}

/// What was played just before a place is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureTable {
    /// The place: the bar line after the phrase.
    #[serde(with = "text::required")]
    pub at: Place,
    /// In which corner of the morph.
    #[serde(with = "text::required")]
    pub corner: Corner,
}

fn beginning() -> Place {
    Place::Bar { bar: 1, beat: 1.0 }
}

/// How sound is written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SoundTable {
    /// Samples of WAV files.
    pub wav: WavDepth,
    /// A folder for the sound of each part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stems: Option<PathBuf>,
}

/// How pictures are drawn and written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PictureTable {
    /// Pixels of a video frame: `1280x720`.
    #[serde(with = "text::size")]
    pub size: VideoSize,
    /// Video frames a second: `30`, `24000/1001`.
    #[serde(with = "text::required")]
    pub fps: Fps,
    /// Constant rate factor of H.264: 0 to 51.
    pub crf: u8,
    /// Bits of a colour where they can be chosen.
    pub depth: Depth,
    /// The alpha channel of pictures that can have one.
    pub alpha: Alpha,
    /// Pictures that make a video frame: 1 to 64.
    pub motion_blur: u32,
    /// How long the shutter is open, in degrees: above 0, up to 360.
    pub shutter: f64,
    /// What enlarges: a model by file or name, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upscaler: Option<String>,
}

impl Default for PictureTable {
    fn default() -> Self {
        let Job { size, fps, crf, depth, alpha, shutter, .. } = Job::new(Vec::new());
        let Shutter { sub_frames, degrees } = shutter;
        Self { size, fps, crf, depth, alpha, motion_blur: sub_frames, shutter: degrees, upscaler: None }
    }
}

/// Scenes over the pictures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ShowTable {
    /// The scene that it begins with, by name or number from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// A file of scenes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenes: Option<PathBuf>,
    /// A file of cues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cues: Option<PathBuf>,
    /// A title over the pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Controls at the beginning, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
    /// How controls move.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub automation: Vec<Course>,
    /// Which cues come, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub call: Vec<CallTable>,
}

/// A cue comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallTable {
    /// Where.
    #[serde(with = "text::required")]
    pub at: Place,
    /// The cue, by name or number from 1.
    pub cue: String,
}

impl ShowTable {
    /// The show; its models are still open.
    fn show(&self) -> Show {
        let Self { scene, scenes, cues, title, set, automation, call } = self.clone();
        let calls = call.into_iter().map(|call| (call.at, call.cue)).collect();
        Show { scene, scenes, cues, calls, title, controls: set, automation, ..Show::default() }
    }
}

/// A model, and which file it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelTable {
    /// Its file, or its name.
    pub model: String,
    /// SHA-256 of its file, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

fn one() -> u64 {
    1
}

impl Project {
    /// A project with the usual settings.
    pub fn new(input: PathBuf) -> Self {
        Self {
            oneiro_project: FORMAT,
            input,
            seed: one(),
            outputs: Vec::new(),
            from: None,
            to: None,
            soundfont: None,
            form: FormTable::default(),
            sound: SoundTable::default(),
            picture: PictureTable::default(),
            modes: Vec::new(),
            captures: Vec::new(),
            controls: BTreeMap::new(),
            automation: Vec::new(),
            show: None,
            models: Vec::new(),
        }
    }

    /// Whether a file is called a project.
    pub fn is_named(path: &Path) -> bool {
        path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&format!(".{ENDING}")))
    }

    /// Reads a project.
    ///
    /// # Errors
    /// [`ProjectError`] for a file that cannot be read, is larger than 4 MiB, or says what has no meaning.
    pub fn read(path: &Path) -> Result<Self, ProjectError> {
        let fail = |reason: String| ProjectError { path: path.to_owned(), line: None, reason };
        let length = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
        if length > LARGEST {
            return Err(fail(format!("{length} bytes are more than the limit of {LARGEST}")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
        let mut project = Self::parse(&text).map_err(|(line, reason)| ProjectError { line, ..fail(reason) })?;
        project.lead_from(path.parent().unwrap_or(Path::new("")));
        Ok(project)
    }

    /// Reads a project's text. Paths stay as they are.
    ///
    /// # Errors
    /// The line, from 1, where it is one line's fault, and why.
    pub fn parse(text: &str) -> Result<Self, (Option<usize>, String)> {
        // A later version may have other keys: it is told first.
        let version = toml::from_str::<toml::Table>(text).ok().and_then(|t| t.get("oneiro-project")?.as_integer());
        if let Some(other) = version.filter(|version| *version != i64::from(FORMAT)) {
            return Err((None, format!("is a project of format {other}; this program reads format {FORMAT}")));
        }
        let project: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            (line, one_line(&e.message()))
        })?;
        project.check().map_err(|reason| (None, reason))?;
        Ok(project)
    }

    /// Writes the project; its paths become relative to its folder.
    ///
    /// # Errors
    /// [`ProjectError`].
    pub fn write(&self, path: &Path) -> Result<(), ProjectError> {
        let fail = |reason: String| ProjectError { path: path.to_owned(), line: None, reason };
        let mut project = self.clone();
        project.relate_to(path.parent().unwrap_or(Path::new(""))).map_err(|e| fail(e.to_string()))?;
        write_whole(path, project.text().map_err(fail)?.as_bytes()).map_err(|e| fail(e.to_string()))
    }

    /// The project as a text that [`Project::parse`] reads.
    ///
    /// # Errors
    /// A line for a path that is no text.
    pub fn text(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|e| e.to_string())
    }

    /// Checks what the types do not.
    fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, low: f64, high: f64| {
            // A NaN lies in no range.
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!("{name} {value}: {low} to {high} is needed"))
            }
        };
        let picture = &self.picture;
        within("crf", f64::from(picture.crf), 0.0, 51.0)?;
        within("motion-blur", f64::from(picture.motion_blur), 1.0, 64.0)?;
        within("shutter", picture.shutter, 1.0, 360.0)?;
        for bars in [self.form.bars, self.form.answer_bars].into_iter().flatten() {
            within("bars", f64::from(bars), 1.0, 64.0)?;
        }
        self.automation()?;
        self.check_modes()?;
        for course in self.show.iter().flat_map(|show| &show.automation) {
            course.check()?;
        }
        self.targets()?;
        Ok(())
    }

    /// Whether what is said of modes goes together.
    fn check_modes(&self) -> Result<(), String> {
        let moved = self.automation.iter().map(|course| &course.control);
        let directing = self.controls.keys().chain(moved).find(|name| is_directing(name));
        match directing {
            Some(name) if self.modes.is_empty() => Err(format!(
                "`{name}` says what a mode does, and none is chosen (`--mode`, or `[[mode]]` in a project)"
            )),
            None if self.modes.is_empty() && !self.captures.is_empty() => {
                Err("a phrase is captured for the mode `morph`, and no mode is chosen".into())
            }
            _ if !self.modes.is_empty() && self.form != FormTable::default() => {
                Err("in a mode nobody takes turns: the control `phrase-length` says how many bars a phrase has".into())
            }
            _ => Ok(()),
        }
    }

    /// What the instrument is told where it plays along; `None` where it and the tune take turns.
    pub fn along(&self) -> Option<Along> {
        let modes: Vec<_> = self.modes.iter().map(|table| (table.at, table.mode)).collect();
        let captures = self.captures.iter().map(|table| (table.at, table.corner)).collect();
        (!modes.is_empty()).then_some(Along { modes, captures })
    }

    /// What is written.
    ///
    /// # Errors
    /// A line for a name that cannot be.
    pub fn targets(&self) -> Result<Vec<Target>, String> {
        let named = self.outputs.iter().map(|name| Target::from_name(name));
        let stems = self.sound.stems.iter().map(|path| Ok(Target { path: path.clone(), kind: TargetKind::Stems }));
        named.chain(stems).collect()
    }

    /// The composer's controls.
    ///
    /// # Errors
    /// A line for a control that is not there, or a value that it cannot have.
    pub fn automation(&self) -> Result<Automation, String> {
        let mut settings = Settings::default();
        settings.controls.seed = self.seed;
        for (name, value) in &self.controls {
            let control = super::control(name)?;
            control.set(&mut settings, value.of(control)?);
        }
        settings.check().map_err(|e| e.to_string())?;
        let lanes = self.automation.iter().map(Course::lane).collect::<Result<Vec<_>, _>>()?;
        for (i, lane) in lanes.iter().enumerate() {
            if lanes[..i].iter().any(|other| other.control.name == lane.control.name) {
                return Err(format!("`{}` is moved twice", lane.control.name));
            }
        }
        Ok(Automation { settings, lanes })
    }

    /// The job of this project, without what is read from other files.
    ///
    /// # Errors
    /// A line that says what has no meaning.
    pub fn job(&self) -> Result<Job, String> {
        self.check()?;
        let PictureTable { size, fps, crf, depth, alpha, motion_blur, shutter, .. } = self.picture.clone();
        let targets = self.targets()?;
        if alpha != Alpha::None
            && !targets.iter().any(|t| matches!(t.kind, TargetKind::Frames | TargetKind::Lossless | TargetKind::ProRes))
        {
            return Err("an alpha channel goes into .mov, .mkv and folders of pictures; none is written".into());
        }
        Ok(Job {
            excerpt: Excerpt { from: self.from, to: self.to },
            form: Form { bars: self.form.bars, answer_bars: self.form.answer_bars },
            along: self.along(),
            automation: self.automation()?,
            wav: self.sound.wav,
            shutter: Shutter { sub_frames: motion_blur, degrees: shutter },
            size,
            fps,
            crf,
            depth,
            alpha,
            show: self.show.as_ref().map(ShowTable::show),
            ..Job::new(targets)
        })
    }
}

#[cfg(test)]
mod tests;
