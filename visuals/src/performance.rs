//! The show in real time: everything between a feed and the screen, but for the window itself.

use crate::show::Show;
use crate::show::clock::{Clock, Reading};
use crate::show::controls::{Control, Shape};
use crate::show::keys::{Act, Key, help};
use crate::show::plan::Plan;
use crate::show::quality::Quality;
use crate::show::scene::Source;
use crate::sources::Feed;
use crate::stage::{Letters, TextBox};
use crate::worker::{News, Offer, Picture8, Studio, Worker};
use oneiro::bridge::ShowEvent;
use oneiro::time::{Beats, Bpm};

/// Seconds that a message stands.
const MESSAGE: f64 = 2.5;
/// Taps further apart than this begin anew, in seconds.
const TAP_PAUSE: f64 = 2.0;

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
    letters: Letters,
    quality: Quality,
    events: Vec<ShowEvent>,
    now: Option<f64>,
    /// For each source: for which seconds its older and its newer picture are.
    due: [(f64, f64); 3],
    took: f64,
    asked: f64,
    title: Option<TextBox>,
    help: bool,
    message: Option<(String, f64)>,
    set: Option<Vec<TextBox>>,
    set_size: (u32, u32),
    taps: Vec<f64>,
    about: String,
    offer: Offer,
    failure: Option<String>,
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
        Self {
            show,
            feed,
            clock: Clock::new(start),
            worker: Worker::spawn(studio),
            letters: Letters::default(),
            quality: Quality::default(),
            events: Vec::new(),
            now: None,
            due: [(0.0, 0.0); 3],
            took: 0.04,
            asked: f64::NEG_INFINITY,
            title: title.map(TextBox::Title),
            help: false,
            message: None,
            set: None,
            set_size: (0, 0),
            taps: Vec::new(),
            about,
            offer: Offer::default(),
            failure: None,
        }
    }

    /// Why there are no pictures, if there are none.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
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
        let step = if self.now.is_some() { crate::show::step(0.0, step) } else { 9.0 };
        self.now = Some(seconds);
        self.events.clear();
        let reading = self.feed.advance(seconds, &mut self.events);
        for event in &self.events {
            self.show.hear(event);
        }
        self.clock.read(reading);
        let plan = self.show.frame(self.clock.at(seconds), seconds);
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
        let level = self.quality.level();
        Frame {
            plan: Plan { text: if self.help || self.message.is_some() { 1.0 } else { plan.text }, ..plan },
            shares: self.due.map(share),
            step: step as f32,
            pictures,
            text,
            scale: level.scale,
            glow: level.glow,
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

    fn listen(&mut self) {
        match self.worker.news() {
            Some(News::Ready { models, offer }) => {
                self.about = format!("{}; {}", self.about, models.join(", "));
                self.offer = offer;
            }
            Some(News::Complaint(why)) => {
                self.message = Some((why, self.now.unwrap_or(0.0) + 2.0 * MESSAGE));
            }
            Some(News::Failed(why)) => {
                self.message = Some((format!("no pictures: {why}"), f64::INFINITY));
                self.failure = Some(why);
            }
            None => {}
        }
    }

    /// Sets the text anew where it has changed.
    fn write(&mut self, seconds: f64, size: (u32, u32)) -> Option<((u32, u32), Vec<u8>)> {
        if self.message.as_ref().is_some_and(|(_, until)| *until <= seconds) {
            self.message = None;
        }
        let mut texts: Vec<TextBox> = self.title.iter().cloned().collect();
        if self.help {
            let (scene, _) = self.show.scene();
            let state = format!(
                "scene {} {}   {}\n{}\n{}",
                scene + 1,
                self.show.scenes()[scene].name,
                self.feed.about(),
                self.about,
                // Once a second is enough for what changes all the time.
                self.state()
            );
            texts = vec![TextBox::Help(format!("{state}\n\n{}", help()))];
        } else if let Some((message, _)) = &self.message {
            texts.push(TextBox::Help(message.clone()));
        }
        let often = self.help && (seconds.fract() > 0.05) && self.set.is_some();
        let same =
            self.set.as_ref().is_some_and(|set| *set == texts || (often && matches!(set[..], [TextBox::Help(_)])));
        if same && self.set_size == size {
            return None;
        }
        // Text is drawn small enough to be quick and large enough to be sharp.
        let height = size.1.clamp(1, 1080);
        let width = (u64::from(size.0.max(1)) * u64::from(height) / u64::from(size.1.max(1))).max(1) as u32;
        let bytes = self.letters.set(&texts, (width, height));
        if self.set.as_ref().is_none_or(|set| set.is_empty() != texts.is_empty()) {
            self.show.text(!texts.is_empty(), seconds);
        }
        (self.set, self.set_size) = (Some(texts), size);
        Some(((width, height), bytes))
    }

    /// A key was pressed, by the name of its place.
    pub fn key(&mut self, code: &str) -> Option<Order> {
        let key = Key::at(code)?;
        match key.act {
            Act::Help => self.help = !self.help,
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
        let beats = self.clock.at(seconds);
        let value = self.show.tell(control, value, beats, seconds);
        match control {
            Control::Tap => self.tap(seconds),
            Control::Tempo => drop(self.feed.set_tempo(value)),
            _ => {}
        }
        let spec = control.spec();
        let names = match control {
            Control::Style => self.offer.styles.get((value as usize).wrapping_sub(1)),
            Control::Drift => self.offer.classes.get((value as usize).wrapping_sub(1)),
            Control::First | Control::Second => self.offer.models.get((value as usize).wrapping_sub(1)),
            Control::Place => self.offer.places.get((value as usize).wrapping_sub(1)),
            Control::Scene => self.show.scenes().get((value as usize).wrapping_sub(1)).map(|scene| &scene.name),
            _ => None,
        };
        let value = names.cloned().unwrap_or_else(|| spec.text(value));
        let text = match (control, self.show.scene().1) {
            (Control::Next | Control::Previous | Control::Scene, Some(scene)) => {
                format!("next: {}", self.show.scenes()[scene].name)
            }
            (Control::Tap, _) => format!("tempo {:.1}", self.show.settings().get(Control::Tempo)),
            _ if spec.shape == Shape::Trigger => spec.name.to_owned(),
            _ => format!("{} {value} {}", spec.name, spec.unit),
        };
        self.message = Some((text, seconds + MESSAGE));
    }

    fn tap(&mut self, seconds: f64) {
        if self.taps.last().is_some_and(|last| seconds - last > TAP_PAUSE) {
            self.taps.clear();
        }
        self.taps.push(seconds);
        if self.taps.len() > 8 {
            self.taps.remove(0);
        }
        if let [first, .., last] = self.taps[..] {
            let tempo = 60.0 * (self.taps.len() - 1) as f64 / (last - first).max(1e-3);
            let beats = self.clock.at(seconds);
            let tempo = self.show.tell(Control::Tempo, tempo, beats, seconds);
            self.feed.set_tempo(tempo);
        }
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
