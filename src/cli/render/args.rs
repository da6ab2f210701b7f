//! The command line of `oneiro render`, and what of it goes into a project.

use super::Usage;
use anyhow::Result;
use oneiro::picture::VideoSize;
use oneiro::render::project::{CaptureTable, FormTable, ModeTable, ModelTable, Project, Value, read_size};
use oneiro::render::{Alpha, Depth, Fps, Place, Target, WavDepth, control};
use std::path::PathBuf;

/// Arguments of `oneiro render`.
#[derive(clap::Args)]
#[command(after_help = "\
The tune plays, a network answers, and a walk through a picture network's latent space follows both. A tune that leaves
room (whole bars of silence after its phrases) is answered there; any other tune is answered after every four bars.
With --mode nobody takes turns: the tune plays straight through, and the instrument with it.
The same file, seed, models and settings give the same performance, and a part of it is the same as that part of the whole.
A session that `oneiro play` has recorded is played again as it was: the same notes, and pictures to them.
Pictures that are finished outlast a rendering that is broken off: the same command goes on with them.

Examples:
  oneiro render song.mid -o song.mp4
  oneiro render song.mid -o song.wav -o song-with-answers.mid -o roll.png --seed 3
  oneiro render song.mid -o frames/ --size 1280x720 --fps 24 --depth 16
  oneiro render song.mid -o part.mkv --from 9 --to 17
  oneiro render song.mid -o duet.wav --mode harmonise --mode 9=improvise
  oneiro render song.mid --preview 12.3 -o look.png
  oneiro render song.mid -o show.mp4 --scene aurora --title Oneiro
  oneiro render song.mid -o song.mov --stems stems/ --model my-paintings.onnx --control swing=0.6
  oneiro render song.mid -o song.mp4 --seed 3 --save-project song.oneiro.toml
  oneiro render song.oneiro.toml --fps 60
  oneiro render --join song.wav part-1.mkv part-2.mkv -o song.mkv
  oneiro render evening.oneiro-session -o evening.mp4")]
pub struct Args {
    /// The tune: a MIDI file, a recorded session, or a project; with --join the sound, then the parts
    #[arg(value_name = "IN.mid|IN.oneiro-session|IN.oneiro.toml", required = true)]
    pub inputs: Vec<PathBuf>,
    /// What to write, by its ending: .mp4 (H.264), .mkv (without loss), .mov (ProRes), .wav, .stems/ (the sound of each part), .mid,
    /// .png (piano roll), or a folder/ for video frames; repeatable
    #[arg(short, long = "output", value_name = "OUT", value_parser = parse_output)]
    pub outputs: Vec<String>,
    /// Seed of every choice [default: 1]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Write from here on: a bar (5), a beat of it (5.3), or a time (12.5s, 1:02.5); bars are counted with the answers
    #[arg(long, value_name = "PLACE")]
    pub from: Option<Place>,
    /// Write up to here
    #[arg(long, value_name = "PLACE")]
    pub to: Option<Place>,
    /// Paint one picture, that of this place, into the .png that -o names
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["from", "to", "join"])]
    pub preview: Option<Place>,
    /// Throw away the pictures of a rendering that was broken off, and begin anew
    #[arg(long)]
    pub restart: bool,
    /// Join parts of a video, in order, under the sound of a whole performance; nothing of the video is encoded anew
    #[arg(long)]
    pub join: bool,
    /// Bars of a call [default: as the tune leaves room, or 4]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub bars: Option<u32>,
    /// Bars of an answer [default: as many as its call]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub answer_bars: Option<u32>,
    /// The tune plays straight through, and the instrument along with it in a mode, as on stage: answer, continue, improvise, morph,
    /// vary, harmonise. With a place, from there on: `--mode answer --mode 17=improvise`; repeatable
    #[arg(long = "mode", value_name = "[PLACE=]MODE", value_parser = parse_mode, conflicts_with_all = ["bars", "answer_bars", "join"])]
    pub modes: Vec<ModeTable>,
    /// Keep the phrase that was played just before a place in a corner of the morph: A=5, B=9; repeatable
    #[arg(long = "capture", value_name = "CORNER=PLACE", value_parser = parse_capture, conflicts_with = "join")]
    pub captures: Vec<CaptureTable>,
    /// Video frames a second: 30, 29.97, 24000/1001 [default: 30]
    #[arg(long)]
    pub fps: Option<Fps>,
    /// Pixels of the video: 720, or 1280x720 [default: 720]
    #[arg(long, value_parser = read_size)]
    pub size: Option<VideoSize>,
    /// Bits of a colour in PNG pictures and .mkv: 8 or 16 [default: 8]
    #[arg(long, value_name = "8|16", value_parser = parse_depth)]
    pub depth: Option<Depth>,
    /// Give .mov, .mkv and PNG pictures an alpha channel: with `luma` light covers and black is clear
    #[arg(long, value_name = "luma|none", value_parser = parse_alpha)]
    pub alpha: Option<Alpha>,
    /// Quality of .mp4 as H.264's constant rate factor: 0 (without loss) to 51 [default: 18]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..=51))]
    pub crf: Option<u8>,
    /// Motion blur: pictures that make a video frame, 1 to 64 [default: 1]
    #[arg(long, value_name = "PICTURES", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub motion_blur: Option<u32>,
    /// How much of a video frame's time the shutter is open, in degrees: 360 is all of it [default: 180]
    #[arg(long, value_name = "DEGREES", value_parser = parse_degrees)]
    pub shutter: Option<f64>,
    /// Samples of WAV files: 24 bits, or float [default: 24]
    #[arg(long, value_name = "24|float")]
    pub wav: Option<WavDepth>,
    /// Write the sound of each part into a folder: the parts add up to the whole
    #[arg(long, value_name = "FOLDER")]
    pub stems: Option<PathBuf>,
    /// Draw scenes over the pictures, beginning with this one, by name or number; `oneiro show --list-scenes` names them
    #[arg(long, value_name = "NAME", conflicts_with = "join")]
    pub scene: Option<String>,
    /// Draw scenes of your own, in TOML
    #[arg(long, value_name = "FILE", conflicts_with = "join")]
    pub scenes: Option<PathBuf>,
    /// Cues that a project calls
    #[arg(long, value_name = "FILE", conflicts_with = "join")]
    pub cues: Option<PathBuf>,
    /// A control of the show; repeatable
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting, conflicts_with = "join")]
    pub settings: Vec<(String, Value)>,
    /// A title over the pictures of a show
    #[arg(long, value_name = "TEXT", conflicts_with = "join")]
    pub title: Option<String>,
    /// A model to use, by file or by name; its kind says for what; repeatable
    #[arg(long = "model", value_name = "FILE|NAME")]
    pub model: Vec<String>,
    /// What enlarges the painted pictures: a model of kind upscaler, by file or by name, or `none` to interpolate them
    /// [default: the first that is found]
    #[arg(long, value_name = "FILE|NAME|none")]
    pub upscaler: Option<String>,
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// Go on where a model is not the one that a project was made with
    #[arg(long)]
    pub accept_models: bool,
    /// Threads of each model
    #[arg(long, default_value_t = 1, value_parser = parse_threads)]
    pub threads: usize,
    /// How freely notes are chosen: below 1 careful, above 1 wild [default: 1]
    #[arg(long, value_parser = parse_temperature)]
    pub temperature: Option<f64>,
    /// Choose among the likeliest notes that together have this share [default: 0.95]
    #[arg(long, value_parser = parse_share)]
    pub top_p: Option<f64>,
    /// A control of the composer: density=1.5, scale=dorian, swing=0.6; repeatable
    #[arg(long = "control", value_name = "NAME=VALUE", value_parser = parse_control)]
    pub controls: Vec<(String, Value)>,
    /// Plays with the instruments of a SoundFont (.sf2)
    #[arg(long, value_name = "FILE")]
    pub soundfont: Option<PathBuf>,
    /// Write the project of this command, with the hashes of its models
    #[arg(long, value_name = "FILE.oneiro.toml", conflicts_with = "join")]
    pub save_project: Option<PathBuf>,
    /// Say what was made in JSON
    #[arg(long)]
    pub json: bool,
    /// No progress bar, no closing words
    #[arg(short, long)]
    pub quiet: bool,
}

fn parse_depth(text: &str) -> Result<Depth, String> {
    text.parse::<u8>().map_err(|e| e.to_string()).and_then(Depth::try_from)
}

fn parse_alpha(text: &str) -> Result<Alpha, String> {
    match text {
        "luma" => Ok(Alpha::Luma),
        "none" => Ok(Alpha::None),
        _ => Err("luma or none".into()),
    }
}

fn parse_output(name: &str) -> Result<String, String> {
    Target::from_name(name).map(|_| name.to_owned())
}

fn parse_number(text: &str, low: f64, high: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| (low..=high).contains(x));
    number.ok_or_else(|| format!("a number from {low} to {high} is needed"))
}

fn parse_temperature(text: &str) -> Result<f64, String> {
    parse_number(text, 0.05, 3.0)
}

fn parse_share(text: &str) -> Result<f64, String> {
    parse_number(text, 0.01, 1.0)
}

fn parse_degrees(text: &str) -> Result<f64, String> {
    parse_number(text, 1.0, 360.0)
}

fn parse_threads(text: &str) -> Result<usize, String> {
    parse_number(text, 1.0, 256.0).map(|threads| threads as usize)
}

fn parse_control(text: &str) -> Result<(String, Value), String> {
    let (name, value) = parse_setting(text)?;
    value.of(control(&name)?)?;
    Ok((name, value))
}

fn parse_mode(text: &str) -> Result<ModeTable, String> {
    let (at, mode) = text.split_once('=').unwrap_or(("1", text));
    Ok(ModeTable { at: at.parse()?, mode: mode.parse()? })
}

fn parse_capture(text: &str) -> Result<CaptureTable, String> {
    let (corner, at) = text.split_once('=').ok_or("CORNER=PLACE is needed")?;
    Ok(CaptureTable { at: at.parse()?, corner: corner.parse()? })
}

fn parse_setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is needed")?;
    let (name, value) = (name.trim(), value.trim());
    let number = value.parse().ok().filter(|number: &f64| number.is_finite());
    Ok((name.to_owned(), number.map_or_else(|| Value::Text(value.to_owned()), Value::Number)))
}

/// Puts what is given in the place of what was there.
fn set<T: Clone>(place: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        place.clone_from(given);
    }
}

/// The same, where nothing may have been there.
fn keep<T: Clone>(place: &mut Option<T>, given: &Option<T>) {
    if given.is_some() {
        place.clone_from(given);
    }
}

impl Args {
    /// The project that the command line names or describes.
    pub fn project(&self) -> Result<Project> {
        let [input] = &self.inputs[..] else {
            return Err(Usage("one tune is rendered at a time; --join takes several files".into()).into());
        };
        let mut project = if Project::is_named(input) { Project::read(input)? } else { Project::new(input.clone()) };
        self.lay_over(&mut project);
        let mut names: Vec<PathBuf> = project.targets().map_err(Usage)?.into_iter().map(|t| t.path).collect();
        if names.is_empty() && self.save_project.is_none() {
            return Err(Usage("nothing is to be written: --output says what".into()).into());
        }
        names.sort();
        if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
            return Err(Usage(format!("{} is named twice", twice[0].display())).into());
        }
        Ok(project)
    }

    /// What the command line says counts more than what the project does.
    fn lay_over(&self, project: &mut Project) {
        if !self.outputs.is_empty() {
            project.outputs.clone_from(&self.outputs);
            project.sound.stems = None;
        }
        keep(&mut project.sound.stems, &self.stems);
        set(&mut project.seed, &self.seed);
        keep(&mut project.from, &self.from);
        keep(&mut project.to, &self.to);
        for (place, given) in [(&mut project.form.bars, &self.bars), (&mut project.form.answer_bars, &self.answer_bars)]
        {
            if given.is_some() {
                // Taking turns is no mode.
                project.modes.clear();
                project.captures.clear();
            }
            keep(place, given);
        }
        if !self.modes.is_empty() {
            project.modes.clone_from(&self.modes);
            project.form = FormTable::default();
        }
        if !self.captures.is_empty() {
            project.captures.clone_from(&self.captures);
        }
        keep(&mut project.soundfont, &self.soundfont);
        set(&mut project.sound.wav, &self.wav);
        let picture = &mut project.picture;
        set(&mut picture.fps, &self.fps);
        set(&mut picture.size, &self.size);
        set(&mut picture.depth, &self.depth);
        set(&mut picture.crf, &self.crf);
        set(&mut picture.motion_blur, &self.motion_blur);
        set(&mut picture.shutter, &self.shutter);
        set(&mut picture.alpha, &self.alpha);
        keep(&mut picture.upscaler, &self.upscaler);
        if !self.model.is_empty() {
            // Another model has no hash to be compared with.
            project.models = self.model.iter().map(|model| ModelTable { model: model.clone(), sha256: None }).collect();
        }
        self.lay_over_show(project);
        for (name, value) in [("temperature", self.temperature), ("top-p", self.top_p)] {
            if let Some(value) = value {
                project.controls.insert(name.to_owned(), Value::Number(value));
                project.automation.retain(|course| course.control != name);
            }
        }
        for (name, value) in &self.controls {
            project.controls.insert(name.clone(), value.clone());
            project.automation.retain(|course| course.control != *name);
        }
    }

    /// Anything said of a show makes it one.
    fn lay_over_show(&self, project: &mut Project) {
        let any = self.scene.is_some() || self.scenes.is_some() || self.cues.is_some() || self.title.is_some();
        if !any && self.settings.is_empty() {
            return;
        }
        let show = project.show.get_or_insert_default();
        keep(&mut show.scene, &self.scene);
        keep(&mut show.title, &self.title);
        keep(&mut show.scenes, &self.scenes);
        keep(&mut show.cues, &self.cues);
        for (name, value) in &self.settings {
            show.set.insert(name.clone(), value.clone());
            show.automation.retain(|course| course.control != *name);
        }
    }
}
