//! The thread of one instance: opens models, lets the director hear and play, fulfils wishes, keeps the view.
//!
//! It hears what the performer tells and what moved on the audio thread in one order: a change says how many messages
//! came before it. So it does not matter when, and in which portions, the thread gets to run.

mod opening;

use crate::linked::Shows;
use crate::models::{self, Model};
use crate::presets::{self, Phrases};
use crate::shared::Shared;
use crate::state::Wanted;
use crate::view::{KINDS, View, Wish};
use oneiro::bridge::{ComposerSide, Counters, Heard, HeardKind, Plan, RingReceiver, RingSender, WatcherSide, ring};
use oneiro::caught::{LIVES, caught, trap};
use oneiro::compose::{ComposeError, Corner, Director, News, Order};
use oneiro::controls::{Control, Settings, Shape};
use oneiro::music::midi::{Part as Track, Score, write_midi_file};
use oneiro::music::{Melody, Note};
use oneiro::seen::Grade;
use oneiro::time::{Beats, MetreMap, TempoMap};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How long the thread sleeps where nobody wakes it.
const NAP: Duration = Duration::from_millis(50);
/// What a level keeps from one millisecond to the next.
const FALL: f64 = 0.996;

/// What has changed on the audio thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// A control has this value.
    Control(Control, f64),
    /// A preset was called that brings phrases.
    Phrases(&'static Phrases),
}

/// Something that changed on the audio thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Where in the music.
    pub at: Beats,
    /// How many messages the performer had sent to the composer before.
    pub after: u64,
    /// What is so from there on.
    pub what: What,
}

/// The worker's ends of the rings.
#[derive(Debug)]
pub struct Ends {
    /// What the performer tells the composer.
    pub heard: RingReceiver<Heard>,
    /// Plans to the performer.
    pub plans: RingSender<Plan>,
    /// What went wrong so far.
    pub counters: Arc<Counters>,
    /// What there is to see.
    pub watcher: WatcherSide,
    /// What moves.
    pub changes: RingReceiver<Change>,
}

/// The thread, as long as its instance lives.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn spawn(shared: Arc<Shared>, ends: Ends) -> std::io::Result<Self> {
        let mut desk = Desk::new(Arc::clone(&shared), ends);
        let run = move || {
            let shared = Arc::clone(&desk.shared);
            for lives in (0..LIVES).rev() {
                let Err(reason) = caught(|| desk.run()) else { break };
                let then = match lives {
                    0 => "nothing more is answered; switch the plugin off and on in the host",
                    _ => "it begins anew; settings and captured phrases stay",
                };
                shared.tell(Grade::Warning, format!("the composer has failed ({reason}): {then}"));
                // What was planned is withdrawn in any case.
                if caught(|| desk.begin_anew()).is_err() || lives == 0 {
                    break;
                }
            }
            shared.left.store(true, Ordering::Release);
        };
        let thread = std::thread::Builder::new().name("oneiro".to_owned()).spawn(run)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whom to wake.
    pub fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref().map(JoinHandle::thread)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.leave.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there was caught and told.
            let _ended = thread.join();
        }
    }
}

struct Desk {
    shared: Arc<Shared>,
    heard: RingReceiver<Heard>,
    watcher: WatcherSide,
    changes: RingReceiver<Change>,
    /// Changes whose turn has not come.
    waiting: VecDeque<Change>,
    /// Messages of the performer that were passed on.
    passed: u64,
    settings: Settings,
    /// Orders, or settings, that changed and were not given yet, and where.
    pending: Option<Beats>,
    /// Who composes; nobody as long as there was no melody model.
    director: Option<Box<Director>>,
    /// What belongs to a director, until there is one.
    side: Option<ComposerSide>,
    /// Whether the project wants a melody model at all.
    answers: bool,
    /// The phrases that the director had in its corners, and whether it is being given them.
    captured: Phrases,
    giving: bool,
    /// How time ran when it was last told of: a director that comes later begins with it.
    transport: Option<Heard>,
    /// Models that play, kept so that other instances find them.
    models: [Option<Arc<Model>>; 2],
    loaded: u64,
    /// Whether anything was opened yet.
    awake: bool,
    looked: Instant,
    /// Visualizers that were started from the editor.
    shows: Shows,
}

impl Desk {
    fn new(shared: Arc<Shared>, ends: Ends) -> Self {
        let Ends { heard, plans, counters, watcher, changes } = ends;
        // The director is given what was heard message by message.
        let side = ComposerSide { plans, heard: ring(1).1, counters };
        Self {
            director: None,
            side: Some(side),
            answers: true,
            captured: Phrases::default(),
            giving: false,
            transport: None,
            shared,
            heard,
            watcher,
            changes,
            waiting: VecDeque::new(),
            passed: 0,
            settings: Settings::default(),
            pending: None,
            models: [None, None],
            loaded: 0,
            awake: false,
            looked: Instant::now(),
            shows: Shows::default(),
        }
    }

    fn run(&mut self) {
        for error in presets::look() {
            self.shared.tell(Grade::Warning, error.to_string());
        }
        let mut before = 0;
        while !self.shared.leave.load(Ordering::Acquire) {
            let asked = self.shared.asked.load(Ordering::Acquire);
            self.step();
            self.shared.done.store(asked, Ordering::Release);
            // Where the audio side waits, nothing is won by thinking ahead.
            if let Some(director) = self.director.as_mut().filter(|_| asked == before) {
                director.rehearse();
            }
            before = asked;
            if self.shared.asked.load(Ordering::Acquire) == asked {
                std::thread::park_timeout(NAP);
            }
        }
    }

    /// After a panic: another director with the same networks, and what is kept beside it.
    fn begin_anew(&mut self) {
        let clock = *self.watcher.clock.read();
        self.giving = false;
        match self.director.take() {
            Some(director) => self.director = Some(Box::new(director.begin_anew(&clock))),
            // It may have been about to open the models.
            None => self.awake = false,
        }
    }

    fn step(&mut self) {
        trap("desk");
        let loaded = self.shared.loaded();
        if loaded != self.loaded || !self.awake {
            (self.loaded, self.awake) = (loaded, true);
            self.take_project();
        }
        while let Some(wish) = self.shared.next_wish() {
            self.fulfil(wish);
        }
        // In this order, everything that was told before the clock's position is in the rings, and every change that was
        // made before one of these messages.
        let clock = *self.watcher.clock.read();
        let messages = self.heard.waiting();
        while let Some(change) = self.changes.receive() {
            self.waiting.push_back(change);
        }
        for _ in 0..messages {
            self.follow_changes();
            let Some(heard) = self.heard.receive() else { break };
            self.passed += 1;
            if let HeardKind::Transport { .. } = heard.kind {
                self.transport = Some(heard);
            }
            if let Some(director) = &mut self.director {
                director.hear(heard);
            }
        }
        self.follow_changes();
        self.director_does(|director| director.follow(&clock).map(|()| None));
        self.watch();
    }

    /// Follows the changes whose turn has come. Settings that moved at one place are given altogether.
    fn follow_changes(&mut self) {
        while let Some(change) = self.waiting.pop_front_if(|change| change.after <= self.passed) {
            if self.pending.is_some_and(|at| at != change.at) {
                self.give_settings();
            }
            match change.what {
                What::Control(control, value) => {
                    self.settings.set(control, value);
                    if control.spec().is_composers() {
                        self.pending = Some(change.at);
                    } else if let Some(order) = self.settings.order(control) {
                        self.give_settings();
                        self.order(change.at, order);
                    }
                }
                What::Phrases(phrases) => {
                    for (corner, phrase) in Corner::ALL.into_iter().zip(phrases).filter(|(_, phrase)| phrase.is_some())
                    {
                        self.order(change.at, Order::Keep(corner, phrase.clone()));
                    }
                }
            }
        }
        self.give_settings();
    }

    fn give_settings(&mut self) {
        if let Some(at) = self.pending.take() {
            self.give_settings_at(at);
        }
    }

    fn give_settings_at(&mut self, at: Beats) {
        let mut settings = Box::new(self.settings.composer().clone());
        settings.direction.answers &= self.answers;
        self.order(at, Order::Settings(settings));
    }

    fn order(&mut self, at: Beats, order: Order) {
        self.director_does(|director| {
            let mut given = director.order(at, order.clone());
            if !matches!(given, Ok(_) | Err(ComposeError::Control { .. })) {
                // The step at which something went wrong is passed over; the order stands.
                given = director.order(at, order.clone());
            }
            given.map(|at| Some((at, order.clone())))
        });
    }

    /// Lets the director do something, and tells what came of it.
    fn director_does(&mut self, work: impl FnOnce(&mut Director) -> Result<Option<(Beats, Order)>, ComposeError>) {
        let Some(director) = &mut self.director else { return };
        let began = Instant::now();
        let result = work(director);
        let phrases: Vec<_> = director.take_phrases().collect();
        let status = director.status();
        let captured = Corner::ALL.map(|corner| director.captured(corner));
        if captured != self.captured.each_ref().map(Option::as_ref) {
            self.captured = captured.map(Option::<&Melody>::cloned);
            if !self.giving {
                self.shared.view().captured.clone_from(&self.captured);
                self.shared.bell().ring();
                self.shared.kept().captured.clone_from(&self.captured);
            }
        }
        let mut view = self.shared.view();
        if phrases.is_empty() && result.is_ok() && status == view.seen.status {
            return;
        }
        let (order, error) = match result {
            Ok(order) => (order, None),
            Err(error) => (None, Some(error)),
        };
        if let Some(played) = phrases.last() {
            let from_start = |note: &Note| Note { onset: (note.onset - played.window.0).max(Beats(0.0)), ..*note };
            view.last_phrase = played.phrase.notes.iter().map(from_start).collect();
        }
        self.shared.bell().ring();
        view.seen.compose(News { status, phrases, took: began.elapsed(), order, error });
        let messages: Vec<_> = view.seen.messages.drain(..).collect();
        drop(view);
        for (grade, text) in messages {
            self.shared.tell(grade, text);
        }
    }

    /// Takes up what a project keeps: phrases and models.
    fn take_project(&mut self) {
        let kept = self.shared.kept().clone();
        let plays = |place: usize, wanted: &Wanted| match (wanted, &self.models[place]) {
            (Wanted::Model(mark), Some(model)) => mark.sha256 == model.mark.sha256,
            _ => false,
        };
        if !kept.models.iter().enumerate().all(|(place, wanted)| plays(place, wanted)) {
            self.open_models();
        }
        self.give_captured();
    }

    /// Gives the director the phrases that are kept.
    fn give_captured(&mut self) {
        let captured = self.shared.kept().captured.clone();
        self.shared.view().captured.clone_from(&captured);
        self.giving = true;
        for (corner, melody) in Corner::ALL.into_iter().zip(captured) {
            self.order(Beats(f64::NEG_INFINITY), Order::Keep(corner, melody));
        }
        self.giving = false;
    }

    fn fulfil(&mut self, wish: Wish) {
        let now = self.watcher.clock.read().pos_beats;
        match wish {
            Wish::Order(order) => self.order(now, order),
            Wish::Press(Control::PANIC) => self.shared.panic.store(true, Ordering::Release),
            Wish::Press(control) => {
                if let Some(order) = self.settings.order(control).filter(|_| control.spec().shape == Shape::Trigger) {
                    self.order(now, order);
                }
            }
            Wish::Choose(kind, file) => {
                let Some(place) = KINDS.iter().position(|k| *k == kind) else { return };
                let wanted = file.map_or(Ok(Wanted::Off), |stem| models::by_file(kind, &stem).map(Wanted::Model));
                match wanted {
                    Ok(wanted) => {
                        self.shared.kept().models[place] = wanted;
                        self.open_models();
                    }
                    Err(reason) => self.shared.tell(Grade::Warning, reason),
                }
            }
            Wish::LookAgain => self.open_models(),
            Wish::List => {
                let library = models::list(&KINDS);
                self.shared.view().library = library;
                self.shared.bell().ring();
            }
            Wish::Export(corner, path) => {
                let (grade, text) = self.export(corner, &path);
                self.shared.tell(grade, text);
            }
            Wish::Show => {
                if let Err(reason) = self.shows.start() {
                    self.shared.tell(Grade::Warning, reason);
                }
            }
            // Taken by `Shared::wish`.
            Wish::Dismiss(_) => {}
        }
    }

    /// Writes a captured phrase, or the last that was played, to a MIDI file: what to tell.
    fn export(&self, corner: Option<Corner>, path: &Path) -> (Grade, String) {
        let view = self.shared.view();
        let notes = match corner {
            Some(corner) => view.captured[corner as usize].as_ref().map(|melody| melody.notes_at(Beats(0.0), 80)),
            None => Some(view.last_phrase.clone()).filter(|notes| !notes.is_empty()),
        };
        let tempo = TempoMap::constant(view.seen.clock.tempo).unwrap_or_default();
        let metres = MetreMap::constant(view.seen.clock.time_signature).unwrap_or_default();
        drop(view);
        let Some(notes) = notes else { return (Grade::Warning, "there is no phrase to export yet".to_owned()) };
        let parts = vec![Track::new("Oneiro", 0, 0, notes)];
        match write_midi_file(path, &Score { parts, tempo, metres, warnings: Vec::new() }) {
            Ok(()) => (Grade::Note, format!("exported: {}", path.display())),
            Err(e) => (Grade::Warning, e.to_string()),
        }
    }

    /// Keeps what there is to see.
    fn watch(&mut self) {
        let past = self.looked.elapsed();
        self.looked = Instant::now();
        let mut view = self.shared.view();
        let stamp = |view: &View| {
            let (seen, clock) = (&view.seen, view.seen.clock);
            let moved = (clock.pos_beats, clock.tempo, clock.time_signature, clock.playing);
            let sounds = (seen.notes.iter().filter(|note| note.to.is_none()).count(), seen.peak[0] > 1e-3);
            (moved, seen.notes.len(), seen.coming.len(), sounds, view.in_sync)
        };
        let before = stamp(&view);
        view.seen.watch(&mut self.watcher, FALL.powf(1e3 * past.as_secs_f64()) as f32);
        view.in_sync = self.shared.in_sync.load(Ordering::Relaxed);
        let changed = stamp(&view) != before;
        drop(view);
        if changed {
            self.shared.bell().ring();
        }
        if let Some(text) = self.shows.look() {
            self.shared.tell(Grade::Warning, text);
        }
        if self.shared.muted.load(Ordering::Acquire) {
            let text = "the plugin has failed and is silent; switch it off and on in the host";
            self.shared.tell(Grade::Warning, text.to_owned());
        }
    }
}
