//! All threads of the instrument together.

use super::ControlMap;
use super::intake::Intake;
use super::linked::publish;
use super::scene::Scene;
use super::stagehand::{Company, Memory, Stagehand, Wish, lock};
use crate::bridge::{SampleClock, Stage, Teacher, lessons, relay, ring};
use crate::caught::{caught, trap};
use crate::compose::{Director, DirectorWorker, MelodyModel, PhraseModel};
use crate::controls::{Control, Settings};
use crate::devices::midi::{MidiChoice, MidiKeeper, Outputs};
use crate::devices::sound::{SoundChoice, SoundKeeper, probe};
use crate::devices::{DeviceError, Load};
use crate::link::Publisher;
use crate::live::{Instrument, LatePolicy, OrderKind, Sampler, Setup};
use crate::model::session::Session;
use crate::moment::now_ns;
use crate::music::SoundFont;
use crate::seen::Grade;
use crate::take::ModelMark;
use crate::time::{Bpm, SampleRate, TimeSignature};
use crate::train::learner::{Learner, LearnerNews, LearnerWorker};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Orders that may wait.
const ORDERS: usize = 4096;
/// Reports that may wait.
const REPORTS: usize = 32_768;
/// Phrases that may wait to be learnt from.
const LESSONS: usize = 2;
/// How long the stagehand sleeps.
const STEP: Duration = Duration::from_millis(1);
/// How long the last notes have to end.
const END: Duration = Duration::from_millis(60);

/// How to play.
#[derive(Debug, Clone)]
pub struct Options {
    /// Sound.
    pub sound: SoundChoice,
    /// MIDI.
    pub midi: MidiChoice,
    /// What the controls stand at.
    pub settings: Settings,
    /// The metre.
    pub metre: TimeSignature,
    /// What becomes of notes that come too late.
    pub late: LatePolicy,
    /// Which knob moves what.
    pub map: ControlMap,
    /// Where that is kept.
    pub map_path: Option<PathBuf>,
    /// Instruments of its own, for the preset `soundfont`.
    pub sound_font: Option<SoundFont>,
    /// Where recordings go.
    pub record_path: PathBuf,
    /// Whether one begins at once.
    pub record: bool,
}

/// The networks that play along.
#[derive(Default)]
pub struct Models {
    /// Melodies. Without it nothing is played but what the player plays.
    pub melody: Option<(MelodyModel, ModelMark)>,
    /// Phrases, to morph and to vary; where it is missing, the modes that need it say so and answer without.
    pub phrases: Option<(PhraseModel, ModelMark)>,
    /// Who learns from the player for the melody network, if it is to change while it plays.
    pub learner: Option<Learner>,
}

/// An instrument that plays. Dropped, it ends: every note, the record, every thread.
pub struct Running {
    scene: Arc<Mutex<Scene>>,
    intake: Arc<Intake>,
    wishes: Option<Sender<Wish>>,
    stagehand: Option<JoinHandle<()>>,
    learner: Option<LearnerWorker>,
    // Dropped after the stagehand has ended.
    _link: Publisher,
    _midi: MidiKeeper,
    _sound: SoundKeeper,
}

impl Running {
    /// Starts everything.
    ///
    /// # Errors
    /// [`DeviceError`] where the sound device cannot be opened, or JACK is wanted and not built in.
    pub fn start(options: Options, models: Models) -> Result<Self, DeviceError> {
        let rate = SampleRate(probe(&options.sound)?.rate.0.clamp(8_000, 384_000));
        let Stage { audio, composer, watcher } = Stage::default();
        let (order_sender, orders) = ring(ORDERS);
        let (report_sender, reports) = ring(REPORTS);
        let sample_clock = Arc::new(SampleClock::new(rate));
        let setup = Setup { late: options.late, ..Setup::new(rate) };
        let tempo = Bpm(options.settings.get(Control::TEMPO));
        let clock = Arc::clone(&sample_clock);
        let (relay_sender, relayed) = relay(rate);
        let instrument =
            Instrument::prepare(setup, tempo, audio, orders, report_sender, clock).with_relay(relay_sender);
        let (instrument, sampled) = match &options.sound_font {
            Some(font) => match Sampler::prepare(rate, font) {
                Ok(sampler) => (instrument.with_sampler(sampler), Ok(())),
                Err(reason) => (instrument, Err(format!("the SoundFont cannot be played: {reason}"))),
            },
            None => (instrument, Err("no SoundFont is loaded; `--soundfont FILE` brings one".to_owned())),
        };
        let (taken_sender, taken) = channel();
        let (clock, counters) = (Arc::clone(&sample_clock), Arc::clone(&watcher.counters));
        let intake = Arc::new(Intake::new(order_sender, clock, counters, options.map, taken_sender));
        intake.order(now_ns(), OrderKind::Metre(options.metre));
        let ((model, mark), (phrases, phrase_mark)) = (models.melody.unzip(), models.phrases.unzip());
        let name = |mark: &Option<ModelMark>| mark.as_ref().map(|mark| mark.name.clone());
        let scene = Scene { model: name(&mark), phrase_model: name(&phrase_mark), ..Scene::default() };
        let scene = Arc::new(Mutex::new(scene));
        let (teacher, learner) = models.learner.filter(|_| model.is_some()).map(|it| learn(it, &scene)).unzip();
        let company = match model {
            Some(model) => {
                let director = Director::new(model, phrases, composer);
                let director = match teacher.clone() {
                    Some(teacher) => director.with_learner(teacher),
                    None => director,
                };
                Company::Composer(DirectorWorker::spawn(director))
            }
            None => Company::Nobody(composer),
        };
        let link = publish(rate, relayed, &scene);
        let (load, outputs) = (Arc::new(Load::default()), Arc::new(Outputs::default()));
        let (sound_news_sender, sound_news) = channel();
        let (midi_news_sender, midi_news) = channel();
        let hands: Arc<Intake> = Arc::clone(&intake);
        let midi = MidiKeeper::spawn(options.midi, hands, Arc::clone(&outputs), midi_news_sender)?;
        let mut stagehand = Stagehand {
            watcher,
            reports,
            sample_clock,
            rate,
            outputs,
            intake: Arc::clone(&intake),
            taken,
            company,
            teacher,
            sound_news,
            midi_news,
            load: Arc::clone(&load),
            map_path: options.map_path,
            record_path: options.record_path,
            models: [mark, phrase_mark],
            sampled,
            scene: Arc::clone(&scene),
            memory: Memory::default(),
        };
        // Before the first block, so that the session begins with these settings.
        stagehand.begin(options.settings, options.record);
        let sound = SoundKeeper::spawn(options.sound, rate, instrument, load, sound_news_sender);
        let (wishes, wished) = channel();
        let thread = std::thread::spawn(move || look_after(stagehand, &wished));
        Ok(Self {
            scene,
            intake,
            wishes: Some(wishes),
            stagehand: Some(thread),
            learner,
            _link: link,
            _midi: midi,
            _sound: sound,
        })
    }

    /// What there is to see.
    pub fn scene(&self) -> &Arc<Mutex<Scene>> {
        &self.scene
    }

    /// Where keys of the computer go.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Asks for something.
    pub fn wish(&self, wish: Wish) {
        if let Some(wishes) = &self.wishes {
            // A stagehand that has ended fulfils nothing any more.
            let _ended = wishes.send(wish);
        }
    }
}

/// Lets a network learn; what becomes of it is seen.
fn learn(learner: Learner, scene: &Arc<Mutex<Scene>>) -> (Teacher<Session>, LearnerWorker) {
    lock(scene).learnt = Some(0);
    let (teacher, pupil) = lessons(LESSONS);
    let seen = Arc::clone(scene);
    let worker = LearnerWorker::spawn(learner, pupil, move |news| {
        let mut scene = lock(&seen);
        match news {
            // Nobody is told of a network that has been replaced meanwhile.
            _ if scene.learnt.is_none() => {}
            LearnerNews::Learnt => scene.learnt = scene.learnt.map(|phrases| phrases + 1),
            LearnerNews::Undone => {
                scene.learnt = Some(0);
                scene.tell(Grade::Note, "what was learnt is forgotten".into());
            }
            LearnerNews::Missed(reason) => scene.tell(Grade::Warning, format!("a phrase was not learnt: {reason}")),
            LearnerNews::Failed(reason) => {
                scene.learnt = None;
                let text = format!("nothing more is learnt ({reason}); the model stays as it is");
                scene.tell(Grade::Warning, text);
            }
        }
    });
    (teacher, worker)
}

fn look_after(mut stagehand: Stagehand, wished: &Receiver<Wish>) {
    // What fails is told, and everything else goes on: without a stagehand notes that were sent would sound for ever.
    let mut does = |work: &mut dyn FnMut(&mut Stagehand)| {
        let done = caught(|| {
            trap("stagehand");
            work(&mut stagehand);
        });
        if let Err(reason) = done {
            // Where that fails too, the next step tries again.
            let _again = caught(|| stagehand.recover(&reason));
        }
    };
    loop {
        match wished.try_recv() {
            Ok(wish) => does(&mut |stagehand| stagehand.wish(wish.clone())),
            Err(TryRecvError::Empty) => {
                does(&mut Stagehand::step);
                std::thread::sleep(STEP);
            }
            Err(TryRecvError::Disconnected) => break,
        }
    }
    does(&mut |stagehand| stagehand.intake.close(now_ns()));
    let began = std::time::Instant::now();
    while began.elapsed() < END {
        does(&mut Stagehand::step);
        std::thread::sleep(STEP);
    }
    does(&mut Stagehand::end);
    // Ports that keep time themselves send what they have a moment later.
    std::thread::sleep(END);
}

impl Drop for Running {
    fn drop(&mut self) {
        self.wishes = None;
        if let Some(thread) = self.stagehand.take() {
            // A panic there was caught and told.
            let _ended = thread.join();
        }
        // Its teachers have ended with the stagehand.
        if let Some(learner) = self.learner.take() {
            learner.join();
        }
    }
}
