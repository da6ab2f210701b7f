//! A performance obeys surfaces, runs its cues, and shows how it is.

use super::Performance;
use crate::control::cues::Cue;
use crate::control::{CuesSeen, Lists, Machine, Order, Snapshot};
use crate::show::When;
use crate::show::controls::{Control, Shape};
use crate::sources::Played;
use crate::worker::{News, Offer};
use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::controls::moved;
use oneiro::moment::now_ns;
use oneiro::time::Beats;
use std::sync::Arc;

/// Orders that are obeyed in a frame; more wait for the next.
const ORDERS: usize = 512;

impl Performance {
    /// Sets a control, and does what belongs to that: the value that it has now.
    pub(super) fn set(&mut self, control: Control, value: f64, beats: Beats, seconds: f64) -> f64 {
        self.cues.release(control);
        let value = self.show.tell(control, value, beats, seconds);
        if control.spec().shape == Shape::Trigger && value < 0.5 {
            return value;
        }
        match control {
            Control::Tap => {
                if let Some(tempo) = self.taps.tap(seconds) {
                    self.set(Control::Tempo, tempo, beats, seconds);
                }
            }
            Control::Tempo => drop(self.feed.set_tempo(value)),
            Control::Go => self.call(self.cues.next(), None, beats),
            Control::Back => self.call(self.cues.previous(), None, beats),
            _ => {}
        }
        value
    }

    /// A cue is to come.
    fn call(&mut self, place: Option<usize>, when: Option<When>, beats: Beats) {
        let list = Arc::clone(self.cues.list());
        let Some((place, cue)) = place.and_then(|place| Some((place, list.cues().get(place)?))) else {
            return self.note("there is no such cue".into());
        };
        self.cues.call(place, self.show.begins(when.unwrap_or(cue.when), beats));
        self.note(format!("cue {}", cue.name));
    }

    pub(super) fn note(&mut self, text: String) {
        self.note = (self.note.0 + 1, text.into());
    }

    /// Obeys what surfaces have ordered.
    pub(super) fn obey_surfaces(&mut self, seconds: f64) {
        let beats = self.clock.at(seconds);
        for _ in 0..ORDERS {
            let Some(order) = self.desk.as_ref().and_then(|desk| desk.order()) else { return };
            self.obey(order, beats, seconds);
        }
    }

    fn obey(&mut self, order: Order, beats: Beats, seconds: f64) {
        match order {
            Order::Set(control, value) => drop(self.set(control, value, beats, seconds)),
            Order::Knob(control, knob, position) => {
                let present = self.show.settings().get(control);
                if let Some(value) = moved(control, knob, position, present) {
                    self.set(control, value, beats, seconds);
                }
            }
            Order::Named(control, name) => match self.number(control, &name) {
                Some(number) => drop(self.set(control, number, beats, seconds)),
                None => self.note(format!("there is no {} `{name}`", control.spec().name)),
            },
            Order::Cue { which, when } => self.call(self.cues.list().find(&which), when, beats),
            Order::Keep { name, when, fade } => self.keep(name, when, fade),
            Order::Remove(name) if self.cues.remove(&name) => self.note(format!("cue {name} is gone")),
            Order::Remove(name) => self.note(format!("there is no cue `{name}`")),
            Order::Played(played) => self.play(played, beats, seconds),
            Order::Note(text) => self.note(text),
        }
    }

    /// A surface plays. Where that is not the music of the feed, its notes are seen over it.
    fn play(&mut self, played: Played, beats: Beats, seconds: f64) {
        if self.feed.play(played, seconds) {
            return;
        }
        let kind = match played {
            Played::Note { pitch, velocity: 0 } => ShowKind::NoteOff { part: Part::Call, pitch },
            Played::Note { pitch, velocity } => ShowKind::NoteOn { part: Part::Call, pitch, velocity },
            Played::Beat(_) => return,
        };
        self.hear(&ShowEvent { pos_beats: beats, kind });
    }

    /// The names of what a control numbers, from 1; none where it numbers nothing.
    pub(super) fn names(&self, control: Control) -> Box<dyn Iterator<Item = &str> + '_> {
        let names = match control {
            Control::Scene => return Box::new(self.show.scenes().iter().map(|scene| scene.name.as_str())),
            Control::Style => &self.lists.styles,
            Control::Drift => &self.lists.classes,
            Control::Place => &self.lists.places,
            Control::First | Control::Second => &self.lists.models,
            _ => return Box::new(std::iter::empty()),
        };
        Box::new(names.iter().map(String::as_str))
    }

    /// The number of something by its name, or a scene's by its number; no name is 0, but for scenes.
    fn number(&self, control: Control, wanted: &str) -> Option<f64> {
        let scene = control == Control::Scene;
        if wanted.is_empty() && !scene {
            return Some(0.0);
        }
        let named = self.names(control).position(|name| name == wanted).map(|place| place + 1);
        let count = self.show.scenes().len();
        let numbered = || wanted.parse::<usize>().ok().filter(|number| scene && (1..=count).contains(number));
        named.or_else(numbered).map(|number| number as f64)
    }

    fn keep(&mut self, name: String, when: When, fade: f64) {
        let scene = self.show.scenes()[self.show.scene().0].name.clone();
        let fade = if fade.is_finite() { fade.clamp(0.0, crate::control::cues::LONGEST_FADE) } else { 0.0 };
        let told = match self.cues.keep(Cue::of(name.clone(), scene, self.show.settings(), when, fade)) {
            Ok(()) => format!("cue {name} is kept"),
            Err(why) => why,
        };
        self.note(told);
    }

    /// Brings the cue whose position has come, and moves what is on its way.
    pub(super) fn run_cues(&mut self, beats: Beats, seconds: f64) {
        if !beats.is_finite() {
            return;
        }
        if let Some((cue, since)) = self.cues.begin(beats.0, self.show.settings())
            && let Some(scene) = &cue.scene
        {
            match self.number(Control::Scene, scene) {
                Some(number) => self.show.call(number as usize - 1, since, cue.fade),
                None => self.note(format!("cue {}: there is no scene `{scene}`", cue.name)),
            }
        }
        for (control, value) in self.cues.values() {
            let value = self.show.tell(control, value, beats, seconds);
            if control == Control::Tempo {
                self.feed.set_tempo(value);
            }
        }
    }

    /// Hears what models have to say.
    pub(super) fn listen(&mut self) {
        match self.worker.news() {
            Some(News::Ready { models, offer }) => {
                let scenes = self.lists.scenes.clone();
                let Offer { models: offered, styles, classes, places } = offer;
                self.lists = Arc::new(Lists { scenes, styles, classes, places, models: offered, painting: models });
            }
            Some(News::Complaint(why)) => {
                self.texts.say(why.clone(), self.now.unwrap_or(0.0));
                self.complaint = Some(why.clone());
                self.note(why);
            }
            Some(News::Failed(why)) => {
                self.texts.insist(format!("no pictures: {why}"));
                self.note(format!("no pictures: {why}"));
                self.failure = Some(why);
            }
            None => {}
        }
    }

    /// Shows surfaces how it is.
    pub(super) fn publish(&mut self, beats: Beats) {
        let Some(desk) = &mut self.desk else { return };
        let (scene, coming) = self.show.scene();
        let (at, waiting) = self.cues.places();
        let snapshot = Snapshot {
            at_ns: now_ns(),
            settings: self.show.settings().clone(),
            scene,
            coming,
            music: self.seen.music(&self.show, &self.clock, beats, self.feed.about()),
            machine: Machine {
                rate: self.quality.rate(),
                picture_ms: 1000.0 * self.took,
                steps_down: self.quality.steps_down(),
                late: self.late,
                lost: desk.lost(),
                about: self.about.clone(),
            },
            cues: CuesSeen { list: Arc::clone(self.cues.list()), at, waiting },
            lists: Arc::clone(&self.lists),
            note: (self.note.0, Arc::clone(&self.note.1)),
        };
        desk.show(snapshot);
    }
}
