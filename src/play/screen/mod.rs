//! The terminal: draws the scene thirty times a second, and takes keys.

mod draw;
mod keys;
mod roll;

use super::running::Running;
use super::stagehand::lock;
use crate::caught::caught;
use crate::moment::now_ns;
use keys::{Act, Keyboard};
use ratatui::Terminal;
use ratatui::crossterm::event::{
    Event, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags, poll, read,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, enable_raw_mode, supports_keyboard_enhancement};
use ratatui::prelude::CrosstermBackend;
use std::io::{Error, Result, stdout};
use std::time::{Duration, Instant};

/// Time between two pictures.
const PICTURE: Duration = Duration::from_millis(33);

/// Shows the instrument in the terminal until the player ends it, `until` comes, or `ended` says so. The terminal is left
/// as it was found, also where this panics; where other threads do, it stays as it is.
///
/// # Errors
/// If the terminal refuses, or after a panic.
pub fn show(running: &Running, until: Option<Instant>, ended: impl Fn() -> bool) -> Result<()> {
    // Not `ratatui::init`, which gives the terminal back whenever any thread panics.
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let mut keyboard = Keyboard::new(tells_releases());
    let shown = caught(|| {
        while !ended() && until.is_none_or(|until| Instant::now() < until) {
            let scene = lock(running.scene()).clone();
            terminal.draw(|frame| draw::draw(frame, &scene, &keyboard))?;
            let next = Instant::now() + PICTURE;
            while poll(next.saturating_duration_since(Instant::now()))? {
                if let Event::Key(key) = read()?
                    && act(running, keyboard.key(key, now_ns()))
                {
                    return Ok(());
                }
            }
            act(running, keyboard.expire(now_ns()));
        }
        Ok(())
    });
    if keyboard.releases {
        let _best_effort = execute!(stdout(), PopKeyboardEnhancementFlags);
    }
    ratatui::restore();
    shown.unwrap_or_else(|reason| Err(Error::other(format!("drawing in it has failed ({reason})"))))
}

/// Asks the terminal to tell of released keys: whether it will.
fn tells_releases() -> bool {
    let flags = KeyboardEnhancementFlags::REPORT_EVENT_TYPES | KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES;
    let flags = flags | KeyboardEnhancementFlags::REPORT_ALL_KEYS_AS_ESCAPE_CODES;
    supports_keyboard_enhancement().unwrap_or(false) && execute!(stdout(), PushKeyboardEnhancementFlags(flags)).is_ok()
}

/// Does what keys ask for: whether the program is to end.
fn act(running: &Running, acts: Vec<Act>) -> bool {
    for act in acts {
        match act {
            Act::Press(pitch, velocity) => running.intake().press(now_ns(), pitch, velocity),
            Act::Release(pitch) => running.intake().release(now_ns(), pitch),
            Act::Wish(wish) => running.wish(wish),
            Act::Quit => return true,
        }
    }
    false
}
