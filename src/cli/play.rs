//! `oneiro play`: the stand-alone instrument.

use super::{Usage, answer};
use anyhow::{Context as _, Result};
use oneiro::compose::{MelodyModel, Mode, PhraseModel};
use oneiro::controls::{CONTROLS, Control, SOUNDS, Settings, Shape, Spec};
use oneiro::devices::midi::MidiChoice;
use oneiro::devices::sound::SoundChoice;
use oneiro::devices::{DeviceError, midi, sound};
use oneiro::live::LatePolicy;
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::SoundFont;
use oneiro::play::{ControlMap, Models, Options, Running, Scene, Wish, lock, show};
use oneiro::seen::Grade;
use oneiro::take::ModelMark;
use oneiro::time::{Beats, TimeSignature};
use oneiro::train::learner::{self, Learner, LearnerError};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Arguments of `oneiro play`.
#[derive(clap::Args)]
#[command(after_help = "\
Play some bars on a MIDI keyboard, or on the computer's: two rows of keys are the piano's. It answers with as many.
In the terminal, F1 shows every key.

Examples:
  oneiro play                              the default sound device, every MIDI input
  oneiro play --preset dream --tempo 84 --bars 4
  oneiro play --mode continue --set temperature=0.8
  oneiro play --learn                      its network takes to your style while you play
  oneiro play --soundfont piano.sf2 --set answer-program=40
  oneiro play --list                       sound devices, MIDI ports, presets and controls
  oneiro play --midi-out Synth --no-sound  MIDI only
  oneiro play --jack --record evening.oneiro-session
  oneiro render evening.oneiro-session -o evening.wav    the same notes again")]
pub struct Args {
    /// Sounds: house, dream, music-box, duo, woodshop, strings, harp, organ, soundfont [default: house]
    #[arg(long, value_parser = parse_preset)]
    preset: Option<usize>,
    /// Instruments from a SoundFont (.sf2) for the preset `soundfont`, which is then the default; `call-program`,
    /// `answer-program` and `backing-program` choose among them
    #[arg(long, value_name = "FILE")]
    soundfont: Option<PathBuf>,
    /// Quarter notes a minute
    #[arg(long, value_parser = clap::value_parser!(u16).range(30..=300))]
    tempo: Option<u16>,
    /// Metre: 4/4, 3/4, 6/8
    #[arg(long, default_value = "4/4", value_parser = parse_metre)]
    metre: TimeSignature,
    /// What it does: answer, continue, improvise, morph, vary, harmonise
    #[arg(long, default_value = "answer", value_parser = str::parse::<Mode>)]
    mode: Mode,
    /// Bars of a call, of its answer, and of any other phrase
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    bars: Option<u8>,
    /// Seed of every choice: 0 to 9999
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=9999))]
    seed: Option<u16>,
    /// Sets a control at the start, such as temperature=0.8; repeatable; --list has them all
    #[arg(long = "set", value_name = "CONTROL=VALUE", value_parser = parse_setting)]
    settings: Vec<(Control, f64)>,
    /// Sound device, by a part of its name
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Samples a second [default: the device's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
    rate: Option<u32>,
    /// Samples in a block of sound [default: the device's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(16..=8_192))]
    block: Option<u32>,
    /// No sound: MIDI only
    #[arg(long, conflicts_with_all = ["device", "block"])]
    no_sound: bool,
    /// MIDI input, by a part of its name; repeatable [default: every device]
    #[arg(long = "midi-in", value_name = "NAME")]
    midi_in: Vec<String>,
    /// MIDI output, by a part of its name; repeatable [default: our own port, for others to connect to]
    #[arg(long = "midi-out", value_name = "NAME")]
    midi_out: Vec<String>,
    /// No MIDI: the computer's keyboard only
    #[arg(long, conflicts_with_all = ["midi_in", "midi_out"])]
    no_midi: bool,
    /// Sound and MIDI through JACK
    #[arg(long, conflicts_with = "device")]
    jack: bool,
    /// The melody model, by file or by name; `none` for no answers
    #[arg(long, value_name = "FILE|NAME|none")]
    model: Option<String>,
    /// The model of phrases, that morphs and varies, by file or by name; `none` for none
    #[arg(long, value_name = "FILE|NAME|none")]
    phrase_model: Option<String>,
    /// Learns from what you play: after each phrase the melody model is trained a little, and answers with what it has learnt;
    /// Ctrl-U forgets it, and no file is changed
    #[arg(long)]
    learn: bool,
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Notes that come too late are dropped, or moved to the next sixteenth
    #[arg(long, value_enum, default_value = "move")]
    late: Late,
    /// Records the session from the start
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The map of MIDI knobs [default: midi-map.toml in the user's folder for settings]
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// No screen: messages as lines, until Ctrl-C
    #[arg(long)]
    no_screen: bool,
    /// Ends after so many seconds
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Lists sound devices, MIDI ports, presets and controls
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Late {
    Drop,
    Move,
}

fn parse_preset(text: &str) -> Result<usize, String> {
    let place = SOUNDS.iter().position(|name| *name == text);
    place.ok_or_else(|| format!("one of {} is needed", SOUNDS.join(", ")))
}

fn parse_metre(text: &str) -> Result<TimeSignature, String> {
    let (upper, lower) = text.split_once('/').ok_or("a metre is written 4/4")?;
    let number = |text: &str| text.trim().parse::<u8>().map_err(|_| "a metre is written 4/4".to_owned());
    TimeSignature::new(number(upper)?, number(lower)?).map_err(|e| e.to_string())
}

fn parse_setting(text: &str) -> Result<(Control, f64), String> {
    let (name, value) = text.split_once('=').ok_or("a setting is written temperature=0.8")?;
    let control = Control::by_name(name).ok_or_else(|| format!("there is no control `{name}`; see --list"))?;
    Ok((control, control.spec().parse(value)?))
}

/// Runs `oneiro play`.
pub fn run(args: Args) -> Result<()> {
    let sound = SoundChoice {
        none: args.no_sound,
        jack: args.jack,
        device: args.device.clone(),
        rate: args.rate,
        block: args.block,
    };
    if args.list {
        return list(&sound, args.jack);
    }
    let mut trouble = Vec::new();
    let melody = open_melody(&args, &mut trouble);
    let options = options(&args, sound)?;
    if args.learn && args.model.as_deref() == Some("none") {
        return Err(Usage("--learn: without a melody model there is nothing that could learn".into()).into());
    }
    // A model that was asked for by name is needed; others are missed.
    let melody = melody.or_else(|e| miss(e, args.model.as_deref(), "nothing is answered", &mut trouble))?;
    let phrases = if melody.is_some() { open_phrases(&args, &mut trouble) } else { Ok(None) };
    let alone = "morph and vary answer with melodies";
    let phrases = phrases.or_else(|e| miss(e, args.phrase_model.as_deref(), alone, &mut trouble))?;
    let (melody, learner) = melody.unzip();
    let learner = learner.flatten().transpose().context("--learn")?;
    let running = Running::start(options, Models { melody, phrases, learner }).map_err(|e| match e {
        DeviceError::NoSound | DeviceError::NoServer | DeviceError::Sound { .. } => {
            anyhow::anyhow!("{e}; `oneiro play --no-sound` plays by MIDI alone")
        }
        other => other.into(),
    })?;
    running.wish(Wish::Library(library::folders(args.models.as_deref())));
    for trouble in trouble {
        lock(running.scene()).tell(Grade::Warning, trouble);
    }
    let until = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be watched")?;
    let ended = || stop.load(Ordering::Relaxed);
    if args.no_screen || !std::io::stdout().is_terminal() {
        tell_lines(&running, until, ended);
    } else {
        show(&running, until, ended).context("the terminal cannot be used (--no-screen does without)")?;
    }
    let scene = Arc::clone(running.scene());
    let told = lock(&scene).told;
    drop(running);
    // The last words: where the recording lies.
    new_messages(&scene, told).1.iter().for_each(|line| eprintln!("{line}"));
    // It played on; whoever asked for the record is to know.
    anyhow::ensure!(
        args.record.is_none() || !lock(&scene).record_failed,
        "--record: it could not be kept, as said before"
    );
    Ok(())
}

fn options(args: &Args, sound: SoundChoice) -> Result<Options> {
    let mut settings = Settings::default();
    let sound_font = args.soundfont.as_deref().map(SoundFont::open).transpose()?;
    let usual = SOUNDS.iter().position(|name| sound_font.is_some() && *name == "soundfont").unwrap_or(0);
    settings.set(Control::SOUND, args.preset.unwrap_or(usual) as f64);
    let given = [
        (Some(Control::MODE), Some(args.mode as usize as f64)),
        (Some(Control::TEMPO), args.tempo.map(f64::from)),
        (Control::by_name("phrase-length"), args.bars.map(f64::from)),
        (Control::by_name("seed"), args.seed.map(f64::from)),
    ];
    let given = given.into_iter().filter_map(|(control, value)| control.zip(value));
    for (control, value) in given.chain(args.settings.iter().copied()) {
        settings.set(control, value);
    }
    let map_path = args.map.clone().or_else(ControlMap::usual_path);
    let map = map_path.as_deref().map_or(Ok(ControlMap::default()), ControlMap::read)?;
    let record_path = args.record.clone().unwrap_or_else(|| PathBuf::from("session.oneiro-session"));
    if let Some(folder) = record_path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Usage(format!("--record: there is no folder {}", folder.display())).into());
    }
    Ok(Options {
        sound,
        midi: MidiChoice {
            none: args.no_midi,
            jack: args.jack,
            inputs: args.midi_in.clone(),
            outputs: args.midi_out.clone(),
        },
        settings,
        metre: args.metre,
        late: match args.late {
            Late::Drop => LatePolicy::Drop,
            Late::Move => LatePolicy::NextStep(Beats(0.25)),
        },
        map,
        map_path,
        sound_font,
        record_path,
        record: args.record.is_some(),
    })
}

/// Goes on without a model, which is told; not where it was asked for by name.
fn miss<T>(e: anyhow::Error, name: Option<&str>, then: &str, trouble: &mut Vec<String>) -> Result<Option<T>> {
    if name.is_some() {
        return Err(e);
    }
    trouble.push(format!("{then}: {e:#}"));
    Ok(None)
}

/// The model of a kind that an option names, or the first; with what a recording says of it.
fn find_model(
    args: &Args,
    kind: Kind,
    (option, name): (&str, Option<&str>),
    trouble: &mut Vec<String>,
) -> Result<Option<(Inspected, ModelMark)>> {
    let folders = library::folders(args.models.as_deref());
    let found = match name {
        Some("none") => return Ok(None),
        Some(name) if Path::new(name).exists() => inspect(Path::new(name))?.expect_kind(kind)?,
        Some(name) => library::find(&folders, kind, Some(name)).with_context(|| format!("{option} {name}"))?,
        None => library::find_telling(&folders, kind, None, &mut |refused| {
            let text = refused.to_string();
            if !trouble.contains(&text) {
                trouble.push(text);
            }
        })?,
    };
    let mark = ModelMark::of(&found);
    Ok(Some((found, mark)))
}

/// The melody model, and who learns for it where that is wanted and can be.
type Melody = ((MelodyModel, ModelMark), Option<Result<Learner, LearnerError>>);

fn open_melody(args: &Args, trouble: &mut Vec<String>) -> Result<Option<Melody>> {
    let found = find_model(args, Kind::MelodyRnn, ("--model", args.model.as_deref()), trouble)?;
    let Some((found, mark)) = found else { return Ok(None) };
    let learner = args.learn.then(|| Learner::new(found.clone(), learner::Settings::default()));
    let session = Session::from_inspected(found, &SessionOptions::default())?;
    Ok(Some(((MelodyModel::new(session)?, mark), learner)))
}

fn open_phrases(args: &Args, trouble: &mut Vec<String>) -> Result<Option<(PhraseModel, ModelMark)>> {
    let found = find_model(args, Kind::MelodyVae, ("--phrase-model", args.phrase_model.as_deref()), trouble)?;
    let Some((found, mark)) = found else { return Ok(None) };
    Ok(Some((PhraseModel::new(found, &SessionOptions::default())?, mark)))
}

fn list(choice: &SoundChoice, jack: bool) -> Result<()> {
    let lines = |what: &str, names: Vec<String>| {
        let names = if names.is_empty() { vec!["none".into()] } else { names };
        format!("{what}\n{}", names.iter().map(|name| format!("  {name}\n")).collect::<String>())
    };
    answer(&lines("sound devices", sound::list(choice).unwrap_or_else(|e| vec![e.to_string()])))?;
    if !jack {
        match midi::list() {
            Ok([inputs, outputs]) => {
                answer(&lines("MIDI inputs", inputs))?;
                answer(&lines("MIDI outputs", outputs))?;
            }
            Err(e) => answer(&lines("MIDI", vec![e.to_string()]))?,
        }
    }
    answer(&lines("presets", SOUNDS.iter().map(|&name| name.to_owned()).collect()))?;
    let control = |spec: &Spec| {
        let values = match spec.shape {
            Shape::Choice(names) => names.join(", "),
            Shape::Trigger => "pressed".into(),
            Shape::Smooth(_) | Shape::Whole => format!("{} to {} {}", spec.range.0, spec.range.1, spec.unit),
        };
        format!("{:<15} {values}", spec.name).trim_end().to_owned()
    };
    answer(lines("controls", CONTROLS.iter().map(control).collect()).trim_end())
}

/// Without a screen: messages as lines on standard error, until someone ends it.
fn tell_lines(running: &Running, until: Option<Instant>, ended: impl Fn() -> bool) {
    let mut told = 0;
    while !ended() && until.is_none_or(|until| Instant::now() < until) {
        std::thread::sleep(Duration::from_millis(50));
        let (now, news) = new_messages(running.scene(), told);
        told = now;
        news.iter().for_each(|line| eprintln!("{line}"));
    }
}

/// How many messages there were up to now, and those after the first `told`.
fn new_messages(scene: &Mutex<Scene>, told: u64) -> (u64, Vec<String>) {
    let scene = lock(scene);
    let new = usize::try_from(scene.told.saturating_sub(told)).unwrap_or(usize::MAX).min(scene.messages.len());
    let news = scene.messages.iter().skip(scene.messages.len() - new).map(|(_, text)| text.clone()).collect();
    (scene.told, news)
}
