//! What a reel orders: controls, cues and scenes at their positions.

use super::ReelFault;
use super::automation::{Automation, Placed, Told};
use crate::control::cues::{CueList, Runner};
use crate::show::Show;
use crate::show::controls::{Control, Shape};
use crate::worker::Offer;
use oneiro::render::{Reel, ReelError, ReelValue, Way};
use oneiro::time::Beats;

/// Everything that happens, in order.
#[derive(Debug)]
pub(super) struct Programme {
    automation: Automation,
    cues: Runner,
    /// Places of cues and where they come, in order.
    calls: Vec<(f64, usize)>,
    called: usize,
}

impl Programme {
    /// What a reel orders of a show, which is brought to its beginning.
    pub fn new(reel: &Reel, show: &mut Show, offer: &Offer) -> Result<Self, ReelFault> {
        let list = reel.cues.as_deref().map_or(Ok(CueList::default()), CueList::read)?;
        if let Some(wanted) = &reel.scene {
            let number = number(Control::Scene, &ReelValue::Name(wanted.clone()), show, offer);
            show.begin_with(number.map_err(|reason| ReelError::value("scene", reason))? as usize - 1);
        }
        for (name, value) in &reel.controls {
            let fail = |reason: String| ReelError::value("controls", reason);
            let control = control(name).map_err(fail)?;
            let value = number(control, value, show, offer).map_err(fail)?;
            match control {
                Control::Scene => show.begin_with(value as usize - 1),
                _ => drop(show.tell(control, value, Beats::ZERO, 0.0)),
            }
        }
        let mut automation = Automation::default();
        for point in &reel.points {
            let fail = |reason: String| ReelError::value("points", reason);
            let control = control(&point.control).map_err(fail)?;
            let value = number(control, &point.value, show, offer).map_err(fail)?;
            if point.way == Way::Ramp && !matches!(control.spec().shape, Shape::Smooth(_)) {
                return Err(fail(format!("`{}` has no values between others, so it cannot ramp", point.control)).into());
            }
            let at = point.at.beats(&reel.metres).0;
            automation.add(control, show.settings().get(control), Placed { at, value, way: point.way });
        }
        let mut calls = Vec::with_capacity(reel.calls.len());
        for call in &reel.calls {
            let place = list.find(&call.cue);
            let place = place.ok_or_else(|| ReelError::value("calls", format!("there is no cue `{}`", call.cue)))?;
            calls.push((call.at.beats(&reel.metres).0, place));
        }
        calls.sort_by(|a, b| a.0.total_cmp(&b.0));
        for cue in list.cues() {
            if let Some(scene) = cue.scene.as_ref().filter(|name| scene(show, name).is_none()) {
                return Err(ReelError::value("cues", format!("cue `{}`: there is no scene `{scene}`", cue.name)).into());
            }
        }
        Ok(Self { automation, cues: Runner::new(list), calls, called: 0 })
    }

    /// Does what is to be done by a position of the music and a second of the show.
    pub fn run(&mut self, show: &mut Show, beats: Beats, seconds: f64) {
        while let Some((at, place)) = self.calls.get(self.called).copied().filter(|(at, _)| *at <= beats.0) {
            self.called += 1;
            self.cues.call(place, at);
            self.run_cues(show, beats, seconds);
        }
        self.run_cues(show, beats, seconds);
        for Told { control, value, at } in self.automation.advance(beats.0) {
            self.cues.release(control);
            match control {
                Control::Scene => show.call(value as usize - 1, at, show.settings().get(Control::SceneFade)),
                Control::Go | Control::Back if value >= 0.5 => {
                    let place = if control == Control::Go { self.cues.next() } else { self.cues.previous() };
                    if let Some(place) = place {
                        self.cues.call(place, at);
                        self.run_cues(show, beats, seconds);
                    }
                }
                _ => drop(show.tell(control, value, Beats(at), seconds)),
            }
        }
    }

    fn run_cues(&mut self, show: &mut Show, beats: Beats, seconds: f64) {
        if let Some((cue, since)) = self.cues.begin(beats.0, show.settings())
            && let Some(place) = cue.scene.as_ref().and_then(|name| scene(show, name))
        {
            show.call(place, since, cue.fade);
        }
        for (control, value) in self.cues.values() {
            show.tell(control, value, beats, seconds);
        }
    }
}

fn control(name: &str) -> Result<Control, String> {
    Control::by_name(name).ok_or_else(|| format!("there is no control `{name}`"))
}

/// The place of a scene, by its name or its number from 1.
fn scene(show: &Show, wanted: &str) -> Option<usize> {
    let named = show.scenes().iter().position(|scene| scene.name == wanted);
    named.or_else(|| wanted.parse::<usize>().ok()?.checked_sub(1)).filter(|place| *place < show.scenes().len())
}

/// A value as a number that the control can have.
fn number(control: Control, value: &ReelValue, show: &Show, offer: &Offer) -> Result<f64, String> {
    let spec = control.spec();
    let count = if control == Control::Scene { show.scenes().len() as f64 } else { spec.range.1 };
    match value {
        ReelValue::Number(number) if (spec.range.0..=count).contains(number) => Ok(*number),
        ReelValue::Number(number) => {
            Err(format!("`{}` is {number}; it is from {} to {count}", spec.name, spec.range.0))
        }
        ReelValue::Name(name) => {
            let of = |names: &[String]| names.iter().position(|known| known == name).map(|place| place as f64 + 1.0);
            let found = match control {
                Control::Scene => scene(show, name).map(|place| place as f64 + 1.0),
                Control::Style => of(&offer.styles),
                Control::Drift => of(&offer.classes).or_else(|| spec.named(name)),
                Control::Place => of(&offer.places),
                Control::First | Control::Second => of(&offer.models),
                _ => spec.named(name),
            };
            found.ok_or_else(|| format!("`{}` is nothing that `{}` can be", name, spec.name))
        }
    }
}
