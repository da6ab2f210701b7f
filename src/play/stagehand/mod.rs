//! Looks after everything that is neither sound nor composing: passes notes on as MIDI, moves controls, gives orders, keeps
//! the record and the scene.

mod company;
mod models;
mod record;
mod watch;

use super::intake::{Intake, Taken, value_of};
use super::scene::Scene;
use crate::bridge::{Part, RingReceiver, SampleClock, Teacher, WatcherSide};
use crate::compose::Order;
use crate::controls::{CONTROLS, Control, Settings, Shape};
use crate::devices::Load;
use crate::devices::midi::{MidiNews, Outputs};
use crate::devices::sound::SoundNews;
use crate::live::{OrderKind, PlayerKind, Report, ReportKind};
use crate::model::library::Folder;
use crate::model::session::Session;
use crate::model::spec::Kind;
use crate::moment::now_ns;
use crate::seen::Grade;
use crate::take::{Event, ModelMark, Recorder};
use crate::time::{Bpm, SampleRate};
use company::Followed;
use models::Swap;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Channels that notes are sent on, by [`Part::index`]; the backing is not sent.
const CHANNELS: [Option<u8>; Part::ALL.len()] = [Some(0), Some(1), None];
/// How often the record is handed to the system.
const FLUSH_NS: u64 = 500_000_000;

pub(super) use company::Company;

/// What a hand at the screen wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// A control gets a value.
    Set(Control, f64),
    /// A control moves by so many steps; choices and switches go round.
    Step(Control, f64),
    /// The next knob that moves is to move this control, or no longer.
    Learn(Option<Control>),
    /// Nothing is to move this control any more.
    Forget(Control),
    /// Recording begins, or ends.
    Record,
    /// The next model of a kind takes the place of the present one: melodies, or phrases.
    NextModel(Kind),
    /// Everything that was learnt from the player is to be forgotten.
    Unlearn,
    /// Models are looked for here; in the usual places else.
    Library(Vec<Folder>),
}

/// What the stagehand works with.
pub(super) struct Stagehand {
    /// What is seen of the audio side.
    pub watcher: WatcherSide,
    /// What the instrument tells.
    pub reports: RingReceiver<Report>,
    /// Leads from samples to moments.
    pub sample_clock: Arc<SampleClock>,
    /// Samples a second.
    pub rate: SampleRate,
    /// Where notes go.
    pub outputs: Arc<Outputs>,
    /// Where notes come from, and orders go.
    pub intake: Arc<Intake>,
    /// What comes in and is no note.
    pub taken: Receiver<Taken>,
    /// Who plays along.
    pub company: Company,
    /// Who is told what to learn, where somebody learns.
    pub teacher: Option<Teacher<Session>>,
    /// News of the sound device.
    pub sound_news: Receiver<SoundNews>,
    /// News of MIDI ports.
    pub midi_news: Receiver<MidiNews>,
    /// The audio callback's load.
    pub load: Arc<Load>,
    /// Where the map of knobs is kept.
    pub map_path: Option<PathBuf>,
    /// Where a recording is to go.
    pub record_path: PathBuf,
    /// Or why no SoundFont plays.
    pub sampled: Result<(), String>,
    /// The composer's models: of melodies, and of phrases.
    pub models: [Option<ModelMark>; 2],
    /// What is seen.
    pub scene: Arc<Mutex<Scene>>,
    /// What the stagehand remembers.
    pub memory: Memory,
}

/// What the stagehand remembers from one step to the next.
#[derive(Default)]
pub(super) struct Memory {
    /// Orders on their way to the composer, oldest first, with the controls that gave them.
    orders: VecDeque<(Order, Control, f64)>,
    /// What the composer was last told of time.
    followed: Followed,
    settings: Settings,
    /// A model on its way to the stage.
    swap: Option<Swap>,
    library: Option<Vec<Folder>>,
    recorder: Option<Recorder>,
    flushed_ns: u64,
    /// Notes that were sent and not ended, a bit for each key, by channel.
    sent: [u128; 2],
    /// The last sample that was told of.
    sample: u64,
    worst_ns: u64,
}

/// Locks the scene; a thread that panicked with it has left nothing half done that matters.
pub fn lock(scene: &Mutex<Scene>) -> MutexGuard<'_, Scene> {
    scene.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stagehand {
    /// Brings everything to the controls' values, from which the session begins.
    pub fn begin(&mut self, settings: Settings, record: bool) {
        self.memory.settings = settings;
        let own = CONTROLS.iter().filter(|spec| spec.shape != Shape::Trigger && !spec.is_composers());
        // The composer's settings are given altogether, by any one of them.
        for spec in own.chain(CONTROLS.iter().find(|spec| spec.is_composers())) {
            self.apply(spec.control, self.memory.settings.get(spec.control));
        }
        // What the session begins with stands in its header.
        self.memory.orders.clear();
        lock(&self.scene).map = self.intake.map();
        if record {
            self.record();
        }
    }

    /// Looks after everything once; to be called every millisecond or so.
    pub fn step(&mut self) {
        let now = now_ns();
        while let Some(report) = self.reports.receive() {
            self.report(report);
        }
        self.outputs.flush(now);
        while let Ok(taken) = self.taken.try_recv() {
            self.take(&taken, now);
        }
        while let Ok(news) = self.sound_news.try_recv() {
            self.sound(news);
        }
        while let Ok(news) = self.midi_news.try_recv() {
            self.midi(news);
        }
        self.watch(now);
        self.accompany(now);
        self.go_on_swapping();
        if now.saturating_sub(self.memory.flushed_ns) > FLUSH_NS {
            self.memory.flushed_ns = now;
            self.write(|recorder| recorder.flush());
        }
    }

    /// Ends the session: lets every note go and closes the record.
    pub fn end(&mut self) {
        self.silence(now_ns());
        self.end_lessons();
        if self.memory.recorder.is_some() {
            self.record();
        }
    }

    /// Lets nobody learn any more: what was learnt is the model's that plays. Whether somebody did.
    fn end_lessons(&mut self) -> bool {
        let teacher = self.teacher.take();
        lock(&self.scene).learnt = None;
        // A lesson that is being learnt ends with its present step.
        teacher.inspect(Teacher::undo).is_some()
    }

    /// Goes on after a failure: notes that were sent are ended, for their ends may have been lost.
    pub fn recover(&mut self, reason: &str) {
        self.tell(
            Grade::Warning,
            format!("looking after the session has failed ({reason}) and goes on; notes were let go"),
        );
        self.silence(now_ns());
    }

    fn tell(&self, grade: Grade, message: impl Into<String>) {
        lock(&self.scene).tell(grade, message.into());
    }

    /// Fulfils a wish.
    pub fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Set(control, value) => self.apply(control, value),
            Wish::Step(control, steps) => {
                let spec = control.spec();
                let (low, high) = spec.range;
                let value = self.memory.settings.get(control) + steps * spec.step;
                let round = matches!(spec.shape, Shape::Choice(_));
                let value = match round {
                    true if value > high => low,
                    true if value < low => high,
                    _ => value,
                };
                self.apply(control, value);
            }
            Wish::Learn(control) => {
                self.intake.learn(control);
                lock(&self.scene).learning = control;
            }
            Wish::Forget(control) => {
                self.intake.forget(control);
                self.keep_map();
            }
            Wish::Record => self.record(),
            Wish::NextModel(kind) => self.begin_swap(kind),
            Wish::Unlearn => match &self.teacher {
                Some(teacher) if lock(&self.scene).learnt.is_some() => teacher.undo(),
                _ => self.tell(Grade::Note, "there is nothing to forget: `--learn` learns from what you play"),
            },
            Wish::Library(folders) => self.memory.library = Some(folders),
        }
    }

    /// Gives a control a value, and everything that follows from it.
    fn apply(&mut self, control: Control, value: f64) {
        let now = now_ns();
        let value = self.memory.settings.set(control, value);
        let on = value > 0.5;
        match control {
            Control::TEMPO => drop(self.intake.order(now, OrderKind::Tempo(Bpm(value)))),
            Control::VOLUME => drop(self.intake.order(now, OrderKind::Volume(value as f32))),
            Control::FOLLOW => drop(self.intake.order(now, OrderKind::Follow(on))),
            Control::SEND_CLOCK => drop(self.intake.order(now, OrderKind::SendClock(on))),
            Control::RUN => drop(self.intake.order(now, OrderKind::Run(on))),
            Control::TAP => drop(self.intake.order(now, OrderKind::Tap)),
            Control::PANIC => {
                self.intake.panic(now);
                self.silence(now);
            }
            Control::SOUND | Control::CALL_PROGRAM | Control::ANSWER_PROGRAM | Control::BACKING_PROGRAM => {
                if let (true, Err(reason)) = (self.memory.settings.wants_sound_font(), &self.sampled) {
                    self.tell(Grade::Warning, reason.clone());
                }
                for (part, patch) in Part::ALL.into_iter().zip(self.memory.settings.patches()) {
                    self.intake.order(now, OrderKind::Patch(part, patch));
                }
            }
            _ => {}
        }
        self.order(control, value);
        let spec = control.spec();
        if spec.shape == Shape::Trigger {
            self.memory.settings.set(control, 0.0);
        }
        let sample = self.sample_clock.sample_at(now);
        self.write(|recorder| recorder.write(sample, Event::Control(spec.name.to_owned(), value)));
        lock(&self.scene).settings = self.memory.settings.clone();
    }

    fn take(&mut self, taken: &Taken, now: u64) {
        match taken {
            Taken::Moved { control, .. } => {
                let present = self.memory.settings.get(*control);
                if let Some((control, value)) = value_of(taken, present) {
                    self.apply(control, value);
                }
            }
            Taken::Learnt(binding) => {
                lock(&self.scene).learning = None;
                self.keep_map();
                let knob = self.intake.map().text(binding.control).unwrap_or_default();
                self.tell(Grade::Note, format!("{knob} moves {}", binding.control.spec().name));
            }
            Taken::Thru(message) if self.memory.settings.on(Control::THRU) => self.outputs.send(now, message.bytes()),
            Taken::Thru(_) => {}
        }
    }

    fn keep_map(&self) {
        let map = self.intake.map();
        if let Some(Err(e)) = self.map_path.as_deref().map(|path: &Path| map.write(path)) {
            self.tell(Grade::Warning, format!("the map of knobs is not kept: {e}"));
        }
        lock(&self.scene).map = map;
    }

    fn report(&mut self, Report { sample, kind }: Report) {
        self.memory.sample = self.memory.sample.max(sample);
        let ns = self.sample_clock.ns_at(sample).unwrap_or(0);
        match kind {
            ReportKind::Note { part, pitch, velocity } => {
                self.pass_on(ns, part, pitch, velocity);
                let event = if velocity > 0 { Event::On(part, pitch, velocity) } else { Event::Off(part, pitch) };
                self.write(|recorder| recorder.write(sample, event));
            }
            ReportKind::Clock(message) => {
                let (bytes, length) = message.bytes();
                self.outputs.send(ns, &bytes[..length]);
            }
            ReportKind::Transport(transport) => {
                // Taps and clocks from outside change it too.
                self.memory.settings.set(Control::TEMPO, transport.tempo.0);
                lock(&self.scene).settings = self.memory.settings.clone();
                self.write(|recorder| recorder.write(sample, Event::Transport(transport)));
            }
            ReportKind::Patch(part, patch) => self.write(|recorder| recorder.write(sample, Event::Patch(part, patch))),
            ReportKind::Player(kind) => {
                let event = match kind {
                    PlayerKind::NoteOn { pitch, velocity: 0 } | PlayerKind::NoteOff { pitch } => Event::Release(pitch),
                    PlayerKind::NoteOn { pitch, velocity } => Event::Press(pitch, velocity),
                    PlayerKind::Panic => Event::Panic,
                    PlayerKind::Begin { .. } | PlayerKind::End { .. } => return,
                };
                self.write(|recorder| recorder.write(sample, event));
            }
        }
    }

    /// Sends a note as MIDI: answers always, what the player plays where thru is switched on.
    fn pass_on(&mut self, ns: u64, part: Part, pitch: u8, velocity: u8) {
        let Some(channel) = CHANNELS[part.index()] else { return };
        let (sent, key) = (&mut self.memory.sent[usize::from(channel)], 1_u128 << (pitch & 127));
        if velocity == 0 {
            if *sent & key != 0 {
                *sent &= !key;
                self.outputs.send(ns, &[0x80 | channel, pitch, 0]);
            }
        } else if part != Part::Call || self.memory.settings.on(Control::THRU) {
            *sent |= key;
            self.outputs.send(ns, &[0x90 | channel, pitch, velocity]);
        }
    }

    /// Ends every note that was sent, one by one and altogether.
    fn silence(&mut self, ns: u64) {
        for (channel, sent) in (0_u8..).zip(&mut self.memory.sent) {
            (0..128_u8).filter(|pitch| *sent >> pitch & 1 == 1).for_each(|pitch| {
                self.outputs.send(ns, &[0x80 | channel, pitch, 0]);
            });
            *sent = 0;
            self.outputs.send(ns, &[0xB0 | channel, 123, 0]);
        }
        self.outputs.flush(ns);
    }
}
