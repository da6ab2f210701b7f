//! The editor: one window that shows the music and holds every control.
//!
//! It reads a copy of the [`crate::view::View`], moves parameters through the host, and asks for everything else by
//! [`crate::view::Wish`]. It thinks of no music itself.
//!
//! | Part | Holds |
//! |---|---|
//! | [`layout`], [`frame`], [`playhead`] | pure: where things stand, and where the music is |
//! | [`hand`] | the way to the parameters, with undo, A and B |
//! | `roll`, `visuals`, `pad`, `modes`, `strip`, `scale`, `groups`, `header`, `status` | what is drawn, each in its place |
//! | `field`, `button`, `menu`, `paint`, `theme`, `texts` | what all of them are made of |

mod app;
pub mod bell;
mod button;
mod closing;
mod export;
mod field;
pub mod frame;
mod groups;
pub mod hand;
mod header;
pub mod layout;
mod menu;
mod modes;
mod pad;
mod paint;
pub mod playhead;
mod roll;
mod scale;
mod status;
mod strip;
mod taste;
#[cfg(test)]
mod tests;
mod texts;
mod theme;
mod visuals;
mod window;

pub use window::OneiroEditor;
