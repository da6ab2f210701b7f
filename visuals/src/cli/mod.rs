//! The command line.

mod frames;
mod headless;
mod instances;
mod reel;
#[cfg(feature = "window")]
mod stage;
mod surfaces;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use oneiro::link::Mirror;
use oneiro::model::devices::DeviceWish;
use oneiro::model::library;
use oneiro::render::{Fps, has_ffmpeg};
#[cfg(feature = "live")]
use oneiro_visuals::control;
use oneiro_visuals::control::Knobs;
use oneiro_visuals::record::{Recorded, Recorder};
use oneiro_visuals::show::Show;
use oneiro_visuals::show::controls::Control;
use oneiro_visuals::show::scene::{self, Scene};
use oneiro_visuals::sources::{Dream, Feed, Link, Osc, Script};
use oneiro_visuals::stage::Lookout;
use oneiro_visuals::thumbnail;
use oneiro_visuals::worker::Studio;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Moving pictures on stage, locked to the music.
#[derive(Parser, Debug)]
#[command(
    name = "oneiro-visuals",
    version,
    about,
    after_help = "\
In the window F1 shows what keys do, and Esc ends.

Examples:
  oneiro show                                  it follows the plugin, and dreams until one plays
  oneiro show --follow bass                    one of several instances
  oneiro show --midi song.mid --full-screen --monitor 1
  oneiro show --auto 16 --title Oneiro
  oneiro show --control-lan                    with a control page for a phone
  oneiro show --osc-in 9000 --osc-out 127.0.0.1:9001 --clock-out
  oneiro show --record evening.mp4             a video of it, while it plays
  oneiro show --headless                       no window, but the page and the stream
  oneiro show --frames out --at 1,5,9          pictures without a window"
)]
pub struct Args {
    /// Play a MIDI file in its time; without, the show dreams by itself
    #[arg(long, value_name = "FILE")]
    midi: Option<PathBuf>,
    /// Follow MIDI devices, those whose name has this part; without a name every one
    #[cfg(feature = "live")]
    #[arg(long, value_name = "PART", num_args = 0..=1, default_missing_value = "", conflicts_with = "midi")]
    midi_in: Option<String>,
    /// Listen to a sound input, one whose name has this part; without a name the system's choice
    #[cfg(feature = "live")]
    #[arg(long, value_name = "PART", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["midi", "midi_in"])]
    listen: Option<String>,
    /// Follow notes and beats that come by OSC; without this they are seen over whatever plays
    #[arg(long, requires = "osc_in", conflicts_with_all = ["midi", "follow"])]
    osc_music: bool,
    /// Follow only instances of the plugin, or of `oneiro play`, that have this in their name; may be given several times. Without, all are followed
    #[arg(long, value_name = "NAME")]
    follow: Vec<String>,
    /// Instances that can be followed
    #[arg(long)]
    list_instances: bool,
    /// Tempo of its dreams
    #[arg(long, default_value_t = 96.0, value_name = "BPM")]
    tempo: f64,
    /// Seed of the pictures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Scene to begin with, by name or number
    #[arg(long)]
    scene: Option<String>,
    /// Scenes of your own, in TOML
    #[arg(long, value_name = "FILE")]
    scenes: Option<PathBuf>,
    /// Bars after which the next scene comes by itself; 0 is never
    #[arg(long, default_value_t = 0.0, value_name = "BARS")]
    auto: f64,
    /// A title over the pictures
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// A control, as NAME=VALUE; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// A folder with models, before the usual ones
    #[arg(long, value_name = "FOLDER")]
    models: Option<PathBuf>,
    /// The model that paints first, by name or file
    #[arg(long, value_name = "MODEL")]
    first: Option<String>,
    /// The model that paints second
    #[arg(long, value_name = "MODEL")]
    second: Option<String>,
    /// Pictures of yours that the walk can visit: `--set place=1` leans towards the first
    #[arg(long = "picture", value_name = "FILE")]
    pictures: Vec<PathBuf>,
    /// Where models run: auto, cpu, cuda or webgpu
    #[arg(long, default_value = "auto")]
    device: DeviceWish,
    /// Threads of each model
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Pixels of a frame: 1280x720, without a window 640x360
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    size: Option<String>,
    /// Play without a window: the control page and the stream show it
    #[arg(long, conflicts_with_all = ["frames", "sheet"])]
    headless: bool,
    /// Record the show as a video while it plays, in the size of --size; without sound
    #[arg(long, value_name = "FILE.mp4", conflicts_with_all = ["frames", "sheet"], help_heading = "Recording")]
    record: Option<PathBuf>,
    /// Frames a second of that video
    #[arg(long, default_value = "30", value_name = "FPS", help_heading = "Recording")]
    record_fps: Fps,
    /// Write frames as PNG into a folder, without a window
    #[arg(long, value_name = "FOLDER", help_heading = "Without a window")]
    frames: Option<PathBuf>,
    /// Write a sheet of all scenes at the moments of --at, without a window
    #[arg(long, value_name = "FILE", help_heading = "Without a window")]
    sheet: Option<PathBuf>,
    /// Draw the frames of a reel as raw bytes to standard output: docs/reel.md
    #[arg(long, value_name = "FILE.json|-", hide_short_help = true, conflicts_with_all = ["frames", "sheet", "headless", "record"])]
    reel: Option<PathBuf>,
    /// Seconds at which frames are kept; without, every frame is
    #[arg(long, value_delimiter = ',', value_name = "SECONDS", help_heading = "Without a window")]
    at: Vec<f64>,
    /// Frames a second of the virtual clock
    #[arg(long, default_value_t = 30.0, help_heading = "Without a window")]
    fps: f64,
    /// Length of what is written
    #[arg(long, default_value_t = 8.0, help_heading = "Without a window")]
    seconds: f64,
    /// Fill a monitor
    #[arg(long, help_heading = "Window")]
    full_screen: bool,
    /// Which monitor, from 0
    #[arg(long, value_name = "NUMBER", help_heading = "Window")]
    monitor: Option<usize>,
    /// A window without a frame
    #[arg(long, help_heading = "Window")]
    frameless: bool,
    /// Show the pointer
    #[arg(long, help_heading = "Window")]
    pointer: bool,
    /// Seconds after which the window closes by itself
    #[arg(long, value_name = "SECONDS", help_heading = "Window")]
    close_after: Option<f64>,
    /// What is shown, for instances that want to know
    #[arg(skip)]
    mirror: Mirror,
    /// Names of the scenes
    #[arg(long)]
    list_scenes: bool,
    // Last, since its heading holds for what follows.
    #[command(flatten)]
    surfaces: surfaces::Args,
}

/// Runs the program: exit status 0 on success, 1 where it failed, 2 for a wrong command line.
pub fn run() -> ExitCode {
    match start(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Whoever starts this reads one line.
            let words = format!("{e:#}");
            eprintln!("error: {}", oneiro::complaint::one_line(&words));
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> Result<()> {
    if args.list_scenes {
        for (number, scene) in args.scenes()?.iter().enumerate() {
            println!("{:>2}  {}", number + 1, scene.name);
        }
        return Ok(());
    }
    if args.list_instances {
        return instances::list();
    }
    if let Some(file) = &args.reel {
        return reel::show(file);
    }
    if args.sheet.is_some() || args.frames.is_some() {
        return frames::write(args);
    }
    if args.headless {
        return headless::perform(args);
    }
    #[cfg(feature = "window")]
    return stage::open(args);
    #[cfg(not(feature = "window"))]
    anyhow::bail!(
        "this program was built without a window; `--frames FOLDER` writes pictures, `--headless` plays without one"
    )
}

impl Args {
    fn scenes(&self) -> Result<Vec<Scene>> {
        let Some(file) = &self.scenes else { return Ok(scene::shipped()) };
        scene::read_file(file).with_context(|| file.display().to_string())
    }

    fn show(&self) -> Result<Show> {
        ensure!((20.0..=400.0).contains(&self.tempo), "--tempo {}: 20 to 400 quarter notes a minute", self.tempo);
        let mut show = Show::new(self.scenes()?, self.seed);
        let mut tell = |control: Control, value: f64| show.tell(control, value, oneiro::time::Beats::ZERO, 0.0);
        tell(Control::Auto, self.auto);
        tell(Control::Tempo, self.tempo);
        for setting in &self.settings {
            let (name, value) = setting.split_once('=').with_context(|| format!("--set {setting}: NAME=VALUE"))?;
            let control = Control::by_name(name).with_context(|| format!("--set {setting}: no control `{name}`"))?;
            let value: f64 = value.parse().with_context(|| format!("--set {setting}: no number"))?;
            tell(control, value);
        }
        if let Some(wanted) = &self.scene {
            let place = show.scenes().iter().position(|s| s.name == *wanted);
            let place = place.or_else(|| wanted.parse::<usize>().ok().and_then(|n| n.checked_sub(1)));
            let place = place.filter(|p| *p < show.scenes().len());
            show.begin_with(place.with_context(|| format!("--scene {wanted}: `--list-scenes` names those there are"))?);
        }
        Ok(show)
    }

    /// The music. Knobs of MIDI devices that it comes from are shown to `knobs` first.
    fn feed(&self, knobs: Option<&Arc<Knobs>>) -> Result<Box<dyn Feed>> {
        #[cfg(not(feature = "live"))]
        let _ = knobs;
        #[cfg(feature = "live")]
        if let Some(part) = &self.midi_in {
            let inputs = if part.is_empty() { Vec::new() } else { vec![part.clone()] };
            return Ok(Box::new(oneiro_visuals::sources::Midi::open(inputs, self.tempo, knobs.map(control::hand))?));
        }
        #[cfg(feature = "live")]
        if let Some(part) = &self.listen {
            return Ok(Box::new(oneiro_visuals::sources::Sound::open(part, self.tempo)?));
        }
        if self.osc_music {
            return Ok(Box::new(Osc::new(self.tempo)));
        }
        Ok(match &self.midi {
            Some(file) => Box::new(Script::read(file).with_context(|| file.display().to_string())?),
            // Frames of a virtual clock are the same every time.
            None if self.frames.is_some() || self.sheet.is_some() => Box::new(Dream::new(self.seed, self.tempo)),
            None => Box::new(Link::new(instances::choice(&self.follow), self.mirror.clone(), self.seed, self.tempo)),
        })
    }

    fn studio(&self) -> Studio {
        Studio {
            folders: library::folders(self.models.as_deref()),
            first: self.first.clone(),
            second: self.second.clone(),
            device: self.device,
            threads: self.threads,
            pictures: self.pictures.clone(),
            // Only a window cannot wait.
            patient: self.frames.is_some() || self.sheet.is_some(),
            ..Studio::default()
        }
    }

    /// Begins what is recorded, if anything is, and gives those who watch the frames.
    fn recorder(&self) -> Result<(Option<Recorder>, Vec<Lookout>)> {
        let mut lookouts = vec![thumbnail::begin(self.mirror.clone())];
        let Some(file) = &self.record else { return Ok((None, lookouts)) };
        ensure!(has_ffmpeg(), "--record needs ffmpeg, which is not here: https://ffmpeg.org has it");
        let (recorder, lookout) = Recorder::begin(file, self.size()?, self.record_fps)?;
        lookouts.push(lookout);
        Ok((Some(recorder), lookouts))
    }

    fn size(&self) -> Result<(u32, u32)> {
        let usual = if self.headless { "640x360" } else { "1280x720" };
        let size = self.size.as_deref().unwrap_or(usual);
        pixels(size).with_context(|| format!("--size {size}: WIDTHxHEIGHT, 16x16 to 7680x4320"))
    }

    /// Whether the music comes from MIDI devices, so that their knobs are heard with it.
    fn follows_midi(&self) -> bool {
        #[cfg(feature = "live")]
        return self.midi_in.is_some();
        #[cfg(not(feature = "live"))]
        false
    }
}

/// Ends what is recorded, and says what came of it.
fn end_recording(recorder: Option<Recorder>, file: Option<&Path>) -> Result<()> {
    let (Some(recorder), Some(file)) = (recorder, file) else { return Ok(()) };
    let Recorded { frames, repeated, dropped } = recorder.finish()?;
    eprintln!("{}: {frames} frames, {repeated} of them repeated; {dropped} dropped", file.display());
    Ok(())
}

/// A size as one writes it.
fn pixels(text: &str) -> Option<(u32, u32)> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    sides.filter(|(w, h): &(u32, u32)| (16..=7680).contains(w) && (16..=4320).contains(h))
}
