//! The models of an instance: opened where the project wants them, and put in the place of those that play.

use super::Desk;
use crate::models::{self, Chosen, Model};
use crate::state::Wanted;
use crate::view::{KINDS, ModelState};
use oneiro::bridge::Heard;
use oneiro::compose::{ComposeError, Director, MelodyModel, Order, PhraseModel};
use oneiro::seen::Grade;
use oneiro::time::Beats;
use std::sync::Arc;

/// What came of opening a model.
enum Opened<T> {
    /// Another than the one that plays.
    New(T, Arc<Model>),
    /// The one that plays.
    Same,
    /// None is wanted.
    Off,
    /// It cannot be opened, as was told.
    Failed,
}

impl Desk {
    /// Opens the models that are wanted and do not play yet, and puts them in the place of those that do, from the next
    /// phrase on. What cannot be opened is told, and what played plays on.
    pub(super) fn open_models(&mut self) {
        let melody = self.open(0, models::open_melody);
        let phrases = self.open(1, models::open_phrases);
        let answered = std::mem::replace(&mut self.answers, !matches!(melody, Opened::Off));
        match melody {
            Opened::New(melody, model) => self.take_melody(melody, model),
            _ if answered != self.answers => self.give_settings_at(Beats(f64::NEG_INFINITY)),
            _ => {}
        }
        let Some(director) = &mut self.director else { return };
        match phrases {
            Opened::New(phrases, model) => {
                director.replace_phrases(phrases);
                self.models[1] = Some(model);
            }
            Opened::Off => {
                director.replace_phrases(None::<PhraseModel>);
                self.models[1] = None;
            }
            Opened::Same | Opened::Failed => {}
        }
    }

    /// Goes on with another melody network, or begins with the first.
    fn take_melody(&mut self, melody: MelodyModel, model: Arc<Model>) {
        if let Some(director) = &mut self.director {
            match director.replace_melody(melody) {
                Ok(()) => self.models[0] = Some(model),
                Err(e) => self.refuse(0, e.to_string()),
            }
            return self.give_settings_at(Beats(f64::NEG_INFINITY));
        }
        let Some(side) = self.side.take() else { return };
        let mut director = Director::new(melody, None, side);
        if let Some(heard) = self.transport {
            let now = self.watcher.clock.read().pos_beats;
            director.hear(Heard { pos_beats: heard.pos_beats.max(now), ..heard });
        }
        self.director = Some(Box::new(director));
        self.models[0] = Some(model);
        let start = Beats(f64::NEG_INFINITY);
        self.give_settings_at(start);
        self.order(start, Order::Mode(self.settings.mode()));
        self.give_captured();
    }

    /// Opens the model of a place, unless it plays; tells where that cannot be.
    fn open<T>(&mut self, place: usize, open: impl Fn(&Model) -> Result<T, ComposeError>) -> Opened<T> {
        self.shared.view().models[place] = ModelState::Opening;
        let wanted = self.shared.kept().models[place].clone();
        let chosen = models::load_runtime().and_then(|()| models::choose(KINDS[place], &wanted));
        let Chosen { model, notice } = match chosen {
            Ok(Some(chosen)) => chosen,
            Ok(None) => {
                self.stands(place, ModelState::Off);
                return Opened::Off;
            }
            Err(reason) => {
                self.refuse(place, reason);
                return Opened::Failed;
            }
        };
        let same = self.models[place].as_ref().is_some_and(|plays| plays.mark.sha256 == model.mark.sha256);
        let opened = if same { Ok(None) } else { open(&model).map(Some).map_err(|e| e.to_string()) };
        let opened = match opened {
            Ok(opened) => opened,
            Err(reason) => {
                self.refuse(place, reason);
                return Opened::Failed;
            }
        };
        match notice {
            Some(notice) => self.shared.tell(Grade::Warning, notice),
            // The project remembers with what it was made.
            None => self.shared.kept().models[place] = Wanted::Model(model.mark.clone()),
        }
        self.stands(place, ModelState::of(&model.mark));
        opened.map_or(Opened::Same, |opened| Opened::New(opened, model))
    }

    /// Tells that a model cannot be opened, and what comes of it.
    fn refuse(&mut self, place: usize, reason: String) {
        if let Some(plays) = &self.models[place] {
            let text = format!("{} plays on: {reason}", plays.mark.name);
            let state = ModelState::of(&plays.mark);
            self.shared.tell(Grade::Warning, text);
            return self.stands(place, state);
        }
        let then = ["nothing is answered", "morph and vary answer with melodies"][place];
        self.shared.tell(Grade::Warning, format!("{then}: {reason}"));
        self.stands(place, ModelState::Missing(reason));
    }

    fn stands(&self, place: usize, state: ModelState) {
        self.shared.view().models[place] = state;
        self.shared.bell().ring();
    }
}
