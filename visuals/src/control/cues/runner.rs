//! Cues while they run.

use super::{Cue, CueList};
use crate::show::controls::{Control, Settings, Shape};
use std::sync::Arc;

/// A control on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fade {
    control: Control,
    from: f64,
    to: f64,
    since: f64,
    lasts: f64,
}

impl Fade {
    fn at(&self, beats: f64) -> f64 {
        let way = if self.lasts > 0.0 { ((beats - self.since) / self.lasts).clamp(0.0, 1.0) } else { 1.0 };
        if way >= 1.0 { self.to } else { self.from + (self.to - self.from) * way * way * (3.0 - 2.0 * way) }
    }
}

/// Which cue waits and which controls are on their way. The same calls at the same positions give the same values, however
/// often it is asked.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    list: Arc<CueList>,
    at: Option<usize>,
    waiting: Option<(usize, f64)>,
    fades: Vec<Fade>,
    now: f64,
}

impl Runner {
    /// Runs the cues of a list.
    pub fn new(list: CueList) -> Self {
        Self { list: Arc::new(list), ..Self::default() }
    }

    /// The list.
    pub fn list(&self) -> &Arc<CueList> {
        &self.list
    }

    /// Keeps a cue: see [`CueList::keep`].
    ///
    /// # Errors
    /// Why it cannot be, in words.
    pub fn keep(&mut self, cue: Cue) -> Result<(), String> {
        Arc::make_mut(&mut self.list).keep(cue)
    }

    /// Takes a cue out: whether it was there. One that waits no longer does.
    pub fn remove(&mut self, name: &str) -> bool {
        let Some(place) = Arc::make_mut(&mut self.list).remove(name) else { return false };
        self.waiting = None;
        self.at = match self.at {
            Some(at) if at >= place => at.checked_sub(1),
            at => at,
        };
        true
    }

    /// The cue that came last, and the one that waits, by their places.
    pub fn places(&self) -> (Option<usize>, Option<usize>) {
        (self.at, self.waiting.map(|(place, _)| place))
    }

    /// The place of the cue that follows: the first after the last.
    pub fn next(&self) -> Option<usize> {
        let count = self.list.cues().len();
        let aim = self.waiting.map(|(place, _)| place).or(self.at);
        (count > 0).then(|| aim.map_or(0, |at| (at + 1) % count))
    }

    /// The place of the cue before.
    pub fn previous(&self) -> Option<usize> {
        let count = self.list.cues().len();
        let aim = self.waiting.map(|(place, _)| place).or(self.at);
        (count > 0).then(|| aim.map_or(count - 1, |at| (at + count - 1) % count))
    }

    /// A cue is to begin at a position. A place that is none is ignored.
    pub fn call(&mut self, place: usize, begins: f64) {
        if place < self.list.cues().len() {
            self.waiting = Some((place, begins));
        }
    }

    /// Somebody moves a control by hand: it is theirs.
    pub fn release(&mut self, control: Control) {
        self.fades.retain(|fade| fade.control != control);
    }

    /// The music is at a position: the cue that begins by that, and since when.
    pub fn begin(&mut self, beats: f64, settings: &Settings) -> Option<(Cue, f64)> {
        if beats + 1e-6 < self.now {
            // A jump back: fades go on from where they are, and what waited comes now.
            for fade in &mut self.fades {
                fade.since -= self.now - beats;
            }
            if let Some((_, at)) = &mut self.waiting {
                *at = beats;
            }
        }
        self.now = beats;
        let (place, since) = self.waiting.filter(|(_, at)| *at <= beats)?;
        self.waiting = None;
        let cue = self.list.cues().get(place)?.clone();
        self.at = Some(place);
        for (control, to) in &cue.set {
            let running = self.fades.iter().find(|fade| fade.control == *control);
            let from = running.map_or_else(|| settings.get(*control), |fade| fade.at(since));
            // What has no values between begins with the cue.
            let lasts = if matches!(control.spec().shape, Shape::Smooth(_)) { cue.fade } else { 0.0 };
            self.release(*control);
            self.fades.push(Fade { control: *control, from, to: *to, since, lasts });
        }
        Some((cue, since))
    }

    /// The controls that are on their way, and their values at the position of [`Runner::begin`]. One that has arrived is
    /// told for the last time.
    pub fn values(&mut self) -> Vec<(Control, f64)> {
        let now = self.now;
        let values = self.fades.iter().map(|fade| (fade.control, fade.at(now))).collect();
        self.fades.retain(|fade| now < fade.since + fade.lasts);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::When;

    fn cue(name: &str, fade: f64, set: &[(Control, f64)]) -> Cue {
        Cue { name: name.into(), scene: None, when: When::Bar, fade, set: set.to_vec() }
    }

    fn runner() -> Runner {
        let mut list = CueList::default();
        list.keep(cue("a", 8.0, &[(Control::Zoom, 3.0), (Control::Walk, 1.0)])).unwrap();
        list.keep(cue("b", 0.0, &[(Control::Zoom, 0.5)])).unwrap();
        list.keep(cue("c", 4.0, &[])).unwrap();
        Runner::new(list)
    }

    /// Goes from one position to another in steps, and sets what is told.
    fn play(runner: &mut Runner, settings: &mut Settings, from: f64, to: f64, step: f64) {
        let mut at = from;
        loop {
            runner.begin(at, settings);
            for (control, value) in runner.values() {
                settings.set(control, value);
            }
            if at >= to {
                return;
            }
            at = (at + step).min(to);
        }
    }

    #[test]
    fn a_fade_is_a_function_of_beats_whatever_the_frames() {
        for step in [0.01, 0.3, 2.0] {
            let (mut runner, mut settings) = (runner(), Settings::default());
            runner.call(0, 4.0);
            play(&mut runner, &mut settings, 0.0, 3.9, step);
            assert_eq!((settings.get(Control::Zoom), runner.places()), (1.0, (None, Some(0))));
            play(&mut runner, &mut settings, 3.9, 8.0, step);
            assert!((settings.get(Control::Zoom) - 2.0).abs() < 1e-9, "half way: {}", settings.get(Control::Zoom));
            assert_eq!(settings.get(Control::Walk), 1.0, "a choice begins with the cue");
            play(&mut runner, &mut settings, 8.0, 13.0, step);
            assert_eq!(settings.get(Control::Zoom), 3.0);
            settings.set(Control::Zoom, 1.5);
            play(&mut runner, &mut settings, 13.0, 20.0, step);
            assert_eq!((settings.get(Control::Zoom), runner.places()), (1.5, (Some(0), None)), "it is over");
        }
    }

    #[test]
    fn go_goes_round_a_hand_takes_over_and_jumps_do_not_tear() {
        let (mut runner, mut settings) = (runner(), Settings::default());
        let mut order = Vec::new();
        for at in 0..4 {
            let next = runner.next().unwrap();
            order.push(next);
            runner.call(next, f64::from(at));
            play(&mut runner, &mut settings, f64::from(at), f64::from(at), 1.0);
        }
        assert_eq!((order, runner.previous()), (vec![0, 1, 2, 0], Some(2)));
        play(&mut runner, &mut settings, 3.0, 7.0, 0.5);
        let before = settings.get(Control::Zoom);
        play(&mut runner, &mut settings, 1.0, 1.0, 0.5);
        assert!((settings.get(Control::Zoom) - before).abs() < 1e-9, "{before} to {}", settings.get(Control::Zoom));
        runner.release(Control::Zoom);
        play(&mut runner, &mut settings, 1.0, 30.0, 0.5);
        assert!((settings.get(Control::Zoom) - before).abs() < 1e-9);
        assert!(runner.remove("a") && !runner.remove("a"));
        runner.call(7, 30.0);
        assert_eq!(runner.places().1, None);
        assert_eq!(Runner::default().next(), None);
    }
}
