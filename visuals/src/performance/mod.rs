//! The show in real time: everything between a feed and the screen, but for the window itself.

mod seen;
mod surfaces;
mod texts;

use crate::control::cues::{CueList, Runner};
use crate::control::{Desk, Lists};
use crate::show::Show;
use crate::show::clock::{Clock, Reading};
use crate::show::controls::{Control, Shape};
use crate::show::keys::{Act, Key, help};
use crate::show::plan::Plan;
use crate::show::quality::Quality;
use crate::show::scene::Source;
use crate::show::taps::Taps;
use crate::sources::Feed;
use crate::stage::Lookout;
use crate::worker::{Picture8, Studio, Worker};
use oneiro::bridge::ShowEvent;
use oneiro::time::{Beats, Bpm};
use seen::Seen;
use std::sync::Arc;
use texts::Texts;

/// Time from one frame to the next from which on one is late, in seconds.
const LATE: f64 = 0.05;

/// A frame that is to be drawn.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What it is.
    pub plan: Plan,
    /// Share of each source's newer picture.
    pub shares: [f32; 3],
    /// Seconds since the frame before.
    pub step: f32,
    /// New pictures.
    pub pictures: Vec<(usize, Picture8)>,
    /// A new text, and its size.
    pub text: Option<((u32, u32), Vec<u8>)>,
    /// How much of the window's width and height is drawn, and whether bright things glow.
    pub scale: f64,
    /// See `scale`.
    pub glow: bool,
    /// Who watches from afar, for [`crate::stage::Stage::watch`].
    pub lookouts: Arc<[Lookout]>,
}

/// What the window is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Fill the monitor, or no longer.
    FullScreen,
    /// End.
    Quit,
}

/// The show in real time.
pub struct Performance {
    show: Show,
    feed: Box<dyn Feed>,
    clock: Clock,
    worker: Worker,
    texts: Texts,
    quality: Quality,
    events: Vec<ShowEvent>,
    now: Option<f64>,
    /// For each source: for which seconds its older and its newer picture are.
    due: [(f64, f64); 3],
    took: f64,
    asked: f64,
    taps: Taps,
    about: String,
    lists: Arc<Lists>,
    failure: Option<String>,
    complaint: Option<String>,
    cues: Runner,
    seen: Seen,
    late: u64,
    /// The last thing that surfaces are to read, and its number.
    note: (u64, Arc<str>),
    desk: Option<Desk>,
    lookouts: Arc<[Lookout]>,
}

impl std::fmt::Debug for Performance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Performance").field("show", &self.show).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Performance {
    /// Begins a show with the music of a feed; `about` says what draws it.
    pub fn new(show: Show, feed: Box<dyn Feed>, studio: Studio, title: Option<String>, about: String) -> Self {
        let start = Reading { seconds: 0.0, beats: Beats::ZERO, tempo: Bpm(120.0), playing: false };
        let scenes = show.scenes().iter().map(Into::into).collect();
        Self {
            show,
            feed,
            clock: Clock::new(start),
            worker: Worker::spawn(studio),
            texts: Texts::new(title),
            quality: Quality::default(),
            events: Vec::new(),
            now: None,
            due: [(0.0, 0.0); 3],
            took: 0.04,
            asked: f64::NEG_INFINITY,
            taps: Taps::default(),
            about,
            lists: Arc::new(Lists { scenes, ..Lists::default() }),
            failure: None,
            complaint: None,
            cues: Runner::default(),
            seen: Seen::default(),
            late: 0,
            note: (0, "".into()),
            desk: None,
            lookouts: Arc::new([]),
        }
    }

    /// Lets surfaces order and see, and gives cues to go through.
    pub fn attach(&mut self, desk: Desk, cues: CueList) {
        self.lookouts = desk.lookouts().into();
        self.desk = Some(desk);
        self.cues = Runner::new(cues);
    }

    /// Lets others watch the frames too.
    pub fn watch(&mut self, lookouts: impl IntoIterator<Item = Lookout>) {
        self.lookouts = self.lookouts.iter().cloned().chain(lookouts).collect();
    }

    /// Why there are no pictures, if there are none.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The newest complaint of the painter's, once: what goes on without it is on the screen.
    pub fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// How the show is, in one line.
    pub fn state(&self) -> String {
        let level = self.quality.level();
        let down = match self.quality.steps_down() {
            0 => String::new(),
            _ => format!(
                ", slowed down to {:.0} % of the size{}",
                100.0 * level.scale,
                if level.glow { "" } else { " without glow" }
            ),
        };
        format!("{:.0} frames a second, a picture in {:.0} ms{down}", self.quality.rate(), 1000.0 * self.took)
    }

    /// The frame of a second of the show, for a window of `size` pixels.
    pub fn frame(&mut self, seconds: f64, size: (u32, u32)) -> Frame {
        let step = self.now.map_or(0.0, |before| seconds - before);
        self.quality.frame(step);
        self.late += u64::from(step > LATE);
        let step = if self.now.is_some() { crate::show::step(0.0, step) } else { 9.0 };
        self.now = Some(seconds);
        self.obey_surfaces(seconds);
        let mut events = std::mem::take(&mut self.events);
        let reading = self.feed.advance(seconds, &mut events);
        events.drain(..).for_each(|event| self.hear(&event));
        self.events = events;
        self.clock.read(reading);
        let beats = self.clock.at(seconds);
        self.run_cues(beats, seconds);
        let plan = self.show.frame(beats, seconds);
        self.ask(seconds);
        self.listen();
        let mut pictures = Vec::new();
        for (place, reader) in self.worker.pictures().iter_mut().enumerate() {
            if !reader.is_new() {
                continue;
            }
            let painted = reader.read();
            self.took += 0.2 * (painted.took - self.took);
            // A source that was not painted for a while begins where it is.
            let older = if seconds - self.due[place].1 > 0.5 { painted.due - 0.05 } else { self.due[place].1 };
            self.due[place] = (older, painted.due);
            pictures.push((place, painted.picture.clone()));
        }
        let share = |(older, newer): (f64, f64)| ((seconds - older) / (newer - older).max(1e-3)).clamp(0.0, 1.0) as f32;
        let text = self.write(seconds, size);
        self.publish(beats);
        let level = self.quality.level();
        Frame {
            plan: Plan { text: if self.texts.urgent() { 1.0 } else { plan.text }, ..plan },
            shares: self.due.map(share),
            step: step as f32,
            pictures,
            text,
            scale: level.scale,
            glow: level.glow,
            lookouts: Arc::clone(&self.lookouts),
        }
    }

    fn hear(&mut self, event: &ShowEvent) {
        self.show.hear(event);
        self.seen.hear(event);
        if let Some(desk) = &mut self.desk {
            desk.event(event);
        }
    }

    /// Asks for the picture that is seen when this one will be done.
    fn ask(&mut self, seconds: f64) {
        if seconds - self.asked < 0.9 / self.quality.level().painted {
            return;
        }
        self.asked = seconds;
        let due = seconds + 1.6 * self.took.clamp(0.005, 0.3);
        self.worker.wish(self.show.wish(self.clock.at(due)), due);
    }

    fn write(&mut self, seconds: f64, size: (u32, u32)) -> Option<((u32, u32), Vec<u8>)> {
        // Only what help needs is made for it: the closure is not called without.
        let (show, feed) = (&self.show, &self.feed);
        let state = if self.texts.help { self.state() } else { String::new() };
        let about = format!("{}; {}", self.about, self.lists.painting.join(", "));
        let written = self.texts.write(seconds, size, || {
            let (scene, _) = show.scene();
            let name = &show.scenes()[scene].name;
            format!("scene {} {name}   {}\n{about}\n{state}\n\n{}", scene + 1, feed.about(), help())
        });
        let (set, turned) = written?;
        if let Some(there) = turned {
            self.show.text(there, seconds);
        }
        Some(set)
    }

    /// A key was pressed, by the name of its place.
    pub fn key(&mut self, code: &str) -> Option<Order> {
        let key = Key::at(code)?;
        match key.act {
            Act::Help => self.texts.help = !self.texts.help,
            Act::FullScreen => return Some(Order::FullScreen),
            Act::Quit => return Some(Order::Quit),
            act => {
                let (control, value) = act.sets(self.show.settings())?;
                self.tell(control, value);
            }
        }
        None
    }

    /// Sets a control now, and says so on the screen.
    pub fn tell(&mut self, control: Control, value: f64) {
        let seconds = self.now.unwrap_or(0.0);
        let value = self.set(control, value, self.clock.at(seconds), seconds);
        let spec = control.spec();
        let name = (value as usize).checked_sub(1).and_then(|place| self.names(control).nth(place));
        let value = name.map_or_else(|| spec.text(value), str::to_owned);
        let text = match (control, self.show.scene().1) {
            (Control::Next | Control::Previous | Control::Scene, Some(scene)) => {
                format!("next: {}", self.show.scenes()[scene].name)
            }
            (Control::Go | Control::Back, _) => self.note.1.to_string(),
            (Control::Tap, _) => format!("tempo {:.1}", self.show.settings().get(Control::Tempo)),
            _ if spec.shape == Shape::Trigger => spec.name.to_owned(),
            _ => format!("{} {value} {}", spec.name, spec.unit),
        };
        self.texts.say(text, seconds);
    }

    /// Whether the music is over.
    pub fn is_over(&self) -> bool {
        self.feed.ends().is_some_and(|end| self.now.unwrap_or(0.0) > end + 4.0)
    }

    /// How many sources of pictures there are.
    pub fn sources() -> usize {
        Source::ALL.len()
    }

    /// The show.
    pub fn show(&self) -> &Show {
        &self.show
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::keys::KEYS;
    use crate::show::scene::shipped;
    use crate::sources::Dream;

    #[test]
    fn every_key_does_what_it_should_and_says_so() {
        let show = Show::new(shipped(), 1);
        let dream = Box::new(Dream::new(1, 120.0));
        let mut performance = Performance::new(show, dream, Studio::default(), None, "a test".into());
        for (number, key) in KEYS.iter().enumerate() {
            performance.frame(number as f64 * 0.02, (64, 36));
            let order = performance.key(key.code);
            assert_eq!(order.is_some(), matches!(key.act, Act::FullScreen | Act::Quit), "{}", key.code);
        }
        let settings = performance.show().settings();
        assert_eq!((settings.get(Control::Light), settings.on(Control::Black)), (1.0, true), "J and K, and B");
    }
}
