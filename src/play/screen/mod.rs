//! The terminal: draws the scene thirty times a second, and takes keys.

mod draw;
mod keys;
mod roll;

use super::running::Running;
use super::stagehand::lock;
use crate::devices::now_ns;
use keys::{Act, Keyboard};
use ratatui::crossterm::event::{
    Event, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags, poll, read,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::supports_keyboard_enhancement;
use std::io::{Result, stdout};
use std::time::{Duration, Instant};

/// Time between two pictures.
const PICTURE: Duration = Duration::from_millis(33);

/// Shows the instrument in the terminal until the player ends it, `until` comes, or `ended` says so. The terminal is left
/// as it was found, also where the program panics.
///
/// # Errors
/// If the terminal refuses.
pub fn show(running: &Running, until: Option<Instant>, ended: impl Fn() -> bool) -> Result<()> {
    let mut terminal = ratatui::try_init()?;
    let mut keyboard = Keyboard::new(tells_releases());
    let shown = (|| {
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
    })();
    if keyboard.releases {
        let _best_effort = execute!(stdout(), PopKeyboardEnhancementFlags);
    }
    ratatui::restore();
    shown
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
