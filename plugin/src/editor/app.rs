//! The editor as a whole: reads, draws, and sleeps while nothing moves.

use super::button::Button;
use super::closing::Alive;
use super::export::{self, Export};
use super::hand::Hand;
use super::header::Header;
use super::layout::Layout;
use super::paint::Icon;
use super::playhead::Playhead;
use super::roll::{self, Roll};
use super::taste;
use super::texts::about_mode;
use super::theme::{ink, install, is_light, put_on};
use super::visuals::{self, Glass};
use super::{groups, modes, pad, scale, status, strip};
use crate::view::{ModelState, Notice, View, Wish};
use egui::{Context, Key, Modifiers, Rect, Ui};
use nice_plug::context::gui::GuiContext;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};
use oneiro::compose::Mode;
use std::time::Duration;

/// Time from one picture to the next while something moves.
const PICTURE: Duration = Duration::from_millis(16);
/// Time from one look to the next while something is about to happen.
const LOOK: Duration = Duration::from_millis(120);
/// Seconds that a new message is shown at the foot.
const TOAST: f64 = 7.0;
/// Below this a meter shows nothing.
const SILENCE: f32 = 1e-3;

/// An open editor.
pub struct App {
    hand: Hand,
    alive: Alive,
    view: View,
    playhead: Playhead,
    roll: Roll,
    header: Header,
    glass: Glass,
    tab: usize,
    export: Option<Export>,
    /// The ground that the window was given.
    light: bool,
    /// The newest message that was shown, and when it came.
    toast: Option<(u64, f64)>,
}

impl App {
    /// An editor that moves parameters with this hand. `alive` tells as long as the thread lives that draws it.
    pub fn new(hand: Hand, alive: Alive) -> Self {
        Self {
            hand,
            alive,
            view: View::default(),
            playhead: Playhead::default(),
            roll: Roll::default(),
            header: Header::default(),
            glass: Glass::default(),
            tab: 0,
            export: None,
            light: false,
            toast: None,
        }
    }

    /// Prepares a window.
    pub fn open(&mut self, ctx: &Context, gui: GuiContext) {
        taste::recall();
        install(ctx);
        self.light = is_light();
        self.hand.opened(gui);
        self.hand.shared().linked().want_picture(true);
    }

    /// Draws everything into the window.
    pub fn draw(&mut self, ui: &mut Ui) {
        let time = ui.input(|input| input.time);
        let shared = std::sync::Arc::clone(self.hand.shared());
        shared.look(&mut self.view);
        shared.bell().hang(ui.ctx());
        self.hand.tick();
        if self.light != is_light() {
            self.light = is_light();
            put_on(ui.ctx());
        }
        self.shortcuts(ui);
        let now = self.playhead.follow(&self.view.seen.clock, time);
        let window = ui.ctx().content_rect();
        ui.painter().rect_filled(window, 0.0, ink().ground);
        let layout = Layout::of(window);

        self.header.show(ui, layout.header, &mut self.hand, &self.view);
        let (roll, picture) = visuals::split(ui, layout.roll, &self.view);
        self.roll.show(ui, roll, &self.view, now, scale::tones(&self.hand));
        self.over_roll(ui, roll);
        if let Some(place) = picture {
            visuals::show(ui, place, &self.view, &mut self.glass);
        }
        if strip::show(ui, layout.strip, &mut self.hand, &self.view, now).clicked() {
            self.export = Some(Export::new(None));
        }
        modes::show(ui, layout.modes, &mut self.hand, &self.view);
        let morphs = self.view.seen.status.mode == Mode::Morph;
        if let Some(corner) = pad::show(ui, layout.pad, &mut self.hand, &self.view, morphs) {
            self.export = Some(Export::new(Some(corner)));
        }
        groups::show(ui, layout.groups, &mut self.hand, &self.view, &mut self.tab);
        let toast = self.newest(time).cloned();
        status::show(ui, layout.status, &mut self.hand, &self.view, now, toast.as_ref());
        export::show(ui, &self.hand, &mut self.export);
        self.sleep(ui.ctx(), time, toast.is_some());
    }

    fn shortcuts(&mut self, ui: &Ui) {
        if self.hand.typing.is_some() || ui.ctx().text_edit_focused() {
            return;
        }
        let pressed = |modifiers: Modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
        if pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z) || pressed(Modifiers::COMMAND, Key::Y) {
            self.hand.redo();
        } else if pressed(Modifiers::COMMAND, Key::Z) {
            self.hand.undo();
        }
    }

    /// What is said over an empty roll, or where a model is missing.
    fn over_roll(&mut self, ui: &mut Ui, place: Rect) {
        if let ModelState::Missing(reason) = &self.view.models[0] {
            let at = roll::missing(ui, place, "Nothing is answered: the melody network is missing", reason);
            let id = ui.make_persistent_id("look again");
            let again = Button::word("Look again", "Looks for models once more, after something was mended.");
            if again.with(Icon::Again).show(ui, at, id).clicked() {
                self.hand.wish(Wish::LookAgain);
            }
            return;
        }
        let seen = &self.view.seen;
        if !seen.notes.is_empty() || !seen.coming.is_empty() {
            return;
        }
        let mode = seen.status.mode as usize;
        match (&self.view.models[0], seen.clock.playing) {
            (ModelState::Opening, _) => roll::invite(ui, place, "Waking up", "The networks are being opened."),
            (_, true) => roll::invite(ui, place, "Play something", &format!("In this mode: {}.", about_mode(mode))),
            (_, false) => {
                roll::invite(ui, place, "Start the host and play", "Oneiro follows its tempo and answers in time.")
            }
        }
    }

    /// The newest message, as long as it is new.
    fn newest(&mut self, time: f64) -> Option<&Notice> {
        let notice = self.view.notices.last()?;
        match self.toast {
            Some((number, _)) if number == notice.number => {}
            _ => self.toast = Some((notice.number, time)),
        }
        self.toast.filter(|(_, came)| time - came < TOAST).map(|_| notice)
    }

    /// Says when the next picture is due: at once while something moves, and not at all while nothing does. What the
    /// worker or the host changes wakes the window.
    fn sleep(&self, ctx: &Context, time: f64, toast: bool) {
        let seen = &self.view.seen;
        let levels = seen.peak.iter().any(|peak| *peak > SILENCE);
        let moves = self.playhead.moves(time) || self.roll.moves() || levels;
        let awaits = self.hand.is_busy() || matches!(self.view.models[0], ModelState::Opening);
        if moves {
            ctx.request_repaint_after(PICTURE);
        } else if awaits {
            ctx.request_repaint_after(LOOK);
        } else if toast {
            ctx.request_repaint_after(Duration::from_secs_f64(1.0));
        }
    }
}

impl NiceEguiApp for App {
    fn build(&mut self, ctx: Context, gui: GuiContext, frame: &mut Frame) -> Result<(), HandlerError> {
        self.alive.begin();
        frame.set_clear_color(ink().ground.into());
        self.open(&ctx, gui);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.draw(ui);
    }

    fn resized(&mut self, size: WindowSize) {
        let size = [size.logical.width.round() as u32, size.logical.height.round() as u32];
        self.hand.shared().kept().window = Some(size);
    }
}

impl Drop for App {
    /// nice-plug-egui 0.6 does not say when a window was closed; what it drew with is dropped then.
    fn drop(&mut self) {
        self.hand.shared().bell().take_down();
        self.hand.shared().linked().want_picture(false);
        self.hand.closed();
    }
}
