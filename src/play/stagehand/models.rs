//! Another model in the place of one, while it plays: loaded on a thread of its own, handed to the composer's, and told.

use super::{Company, Stagehand, lock};
use crate::bridge::{Heard, HeardKind};
use crate::compose::{ComposeError, Director, DirectorWorker, MelodyModel, PhraseModel, Replacement};
use crate::controls::Control;
use crate::model::inspect::{Inspected, inspect};
use crate::model::library::{self, Folder};
use crate::model::session::{Session, SessionOptions};
use crate::model::spec::Kind;
use crate::seen::Grade;
use crate::take::{Event, ModelMark};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// A model on its way.
#[derive(Debug)]
pub(super) enum Swap {
    /// It is looked for and loaded.
    Loading(Kind, Receiver<Loaded>),
    /// The composer has it.
    Handed(Kind, ModelMark, Receiver<Result<(), ComposeError>>),
}

/// What the loader found.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Files that were refused on the way, and why.
    refused: Vec<String>,
    /// The next model; `None` where there is no other.
    model: Option<(Replacement, ModelMark)>,
}

fn what(kind: Kind) -> &'static str {
    if kind == Kind::MelodyVae { "phrase model" } else { "melody model" }
}

/// The place of a kind among the stagehand's models.
fn place(kind: Kind) -> usize {
    usize::from(kind == Kind::MelodyVae)
}

impl Stagehand {
    /// Begins to put the next model of a kind in the place of the present one.
    pub(super) fn begin_swap(&mut self, kind: Kind) {
        if !matches!(kind, Kind::MelodyRnn | Kind::MelodyVae) {
            self.tell(Grade::Warning, format!("no {kind} plays here"));
            return;
        }
        if self.memory.swap.is_some() {
            self.tell(Grade::Note, "a model is being loaded already");
            return;
        }
        let folders = self.memory.library.clone().unwrap_or_else(|| library::folders(None));
        let present = self.models[place(kind)].clone();
        let (sender, receiver) = channel();
        self.memory.swap = Some(Swap::Loading(kind, receiver));
        // The stagehand may have ended meanwhile.
        std::thread::spawn(move || drop(sender.send(load_next(&folders, kind, present.as_ref()))));
    }

    /// Takes the next step of a swap, if it is due.
    pub(super) fn go_on_swapping(&mut self) {
        match self.memory.swap.take() {
            Some(Swap::Loading(kind, loader)) => match loader.try_recv() {
                Err(TryRecvError::Empty) => self.memory.swap = Some(Swap::Loading(kind, loader)),
                Err(TryRecvError::Disconnected) => {
                    self.tell(Grade::Warning, format!("no other {} could be loaded", what(kind)));
                }
                Ok(loaded) => self.hand_over(kind, loaded),
            },
            Some(Swap::Handed(kind, mark, answer)) => match answer.try_recv() {
                Err(TryRecvError::Empty) => self.memory.swap = Some(Swap::Handed(kind, mark, answer)),
                Err(TryRecvError::Disconnected) => {
                    self.tell(Grade::Warning, format!("the {} stays: the composer has failed meanwhile", what(kind)));
                }
                Ok(Err(e)) => self.tell(Grade::Warning, format!("{e}; the {} stays", what(kind))),
                Ok(Ok(())) => self.swapped(kind, mark),
            },
            None => {}
        }
    }

    fn hand_over(&mut self, kind: Kind, Loaded { refused, model }: Loaded) {
        for reason in refused {
            self.tell(Grade::Warning, reason);
        }
        let Some((model, mark)) = model else {
            self.tell(Grade::Note, format!("there is no other {}", what(kind)));
            return;
        };
        match (&self.company, model) {
            (Company::Composer(worker), model) => match worker.replace(model) {
                Ok(answer) => self.memory.swap = Some(Swap::Handed(kind, mark, answer)),
                Err(e) => self.mind(Err(e)),
            },
            (Company::Nobody(_), Replacement::Melody(model)) => {
                self.engage(*model);
                self.swapped(kind, mark);
            }
            (Company::Nobody(_), Replacement::Phrases(_)) => {
                self.tell(Grade::Warning, "a phrase model needs a melody model beside it");
            }
            (Company::Gone, _) => self.tell(Grade::Warning, "nobody is there to take a model"),
        }
    }

    /// A composer comes where there was none.
    fn engage(&mut self, model: MelodyModel) {
        let Company::Nobody(side) = std::mem::replace(&mut self.company, Company::Gone) else { return };
        let mut director = Director::new(model, None, side);
        let clock = *self.watcher.clock.read();
        let (playing, tempo, time_signature, epoch) = (clock.playing, clock.tempo, clock.time_signature, clock.epoch);
        // What was told of time before it came.
        let kind = HeardKind::Transport { playing, tempo, time_signature, epoch };
        director.hear(Heard { pos_beats: clock.pos_beats, kind });
        self.company = Company::Composer(DirectorWorker::spawn(director));
        for control in [Some(Control::MODE), Control::by_name("temperature")].into_iter().flatten() {
            self.order(control, self.memory.settings.get(control));
        }
    }

    fn swapped(&mut self, kind: Kind, mark: ModelMark) {
        self.tell(Grade::Note, format!("{}: {}, from the next phrase on", what(kind), mark.name));
        let sample = self.memory.sample;
        self.write(|recorder| recorder.write(sample, Event::Model(mark.clone())));
        let name = Some(mark.name.clone());
        let mut scene = lock(&self.scene);
        *(if kind == Kind::MelodyVae { &mut scene.phrase_model } else { &mut scene.model }) = name;
        drop(scene);
        if kind == Kind::MelodyRnn && self.end_lessons() {
            self.tell(Grade::Note, "nothing more is learnt: that was the former model's");
        }
        self.models[place(kind)] = Some(mark);
    }
}

/// Looks for the model of a kind that comes after the present one in the library, round and round, and opens it.
fn load_next(folders: &[Folder], kind: Kind, present: Option<&ModelMark>) -> Loaded {
    let mut refused = Vec::new();
    let mut found: Vec<(Inspected, ModelMark)> = Vec::new();
    for path in library::files(folders) {
        match inspect(&path) {
            Ok(model) if model.spec.kind == kind => {
                let mark = ModelMark::of(&model);
                if found.iter().all(|(_, other)| *other != mark) {
                    found.push((model, mark));
                }
            }
            Ok(_) => {}
            Err(e) => refused.push(e.to_string()),
        }
    }
    let here = found.iter().position(|(_, mark)| Some(mark) == present);
    let after = here.map_or(0, |here| here + 1);
    let after = after.min(found.len());
    found.rotate_left(after);
    if here.is_some() {
        found.pop();
    }
    for (model, mark) in found {
        match open(model, kind) {
            Ok(model) => return Loaded { refused, model: Some((model, mark)) },
            Err(e) => refused.push(e.to_string()),
        }
    }
    Loaded { refused, model: None }
}

fn open(model: Inspected, kind: Kind) -> Result<Replacement, ComposeError> {
    let options = SessionOptions::default();
    if kind == Kind::MelodyVae {
        return PhraseModel::new(model, &options).map(Box::new).map(Replacement::Phrases);
    }
    MelodyModel::new(Session::from_inspected(model, &options)?).map(Box::new).map(Replacement::Melody)
}
