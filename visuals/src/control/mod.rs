//! Control from outside: what knobs, OSC and pages order comes in through one bounded channel, and what there is to see goes out
//! as the newest snapshot. The screen's thread never waits for any of them.
//!
//! | Part | Thread | Does |
//! |---|---|---|
//! | [`Desk`] | screen | takes orders, hands snapshots out |
//! | [`Handle`] | any | gives orders, sees snapshots; there is one for each surface |
//! | a herald | its own | tells all surfaces of the newest snapshot, keeps the cues in their file |
//! | [`cues`] | screen | scenes and values that come on the beat |
//! | [`Knobs`] | those of MIDI ports | which knob moves what |
//! | `MidiClock` | its own | MIDI clock out |
//! | [`osc`] | its own, one in and one out | OSC |
//! | [`preview`] | its own | the picture as JPEG, while somebody watches |
//! | [`server`] | its own | the control page, streams, the tree of OSC's addresses |

#[cfg(feature = "live")]
mod beat;
pub mod cues;
pub mod osc;
pub mod preview;
pub mod server;

mod hub;
mod knobs;
mod order;
mod snapshot;

#[cfg(feature = "live")]
pub use beat::MidiClock;
pub use hub::{Desk, Handle, HubOptions, open};
pub use knobs::{Knobs, KnobsSeen};
#[cfg(feature = "live")]
pub use knobs::{MidiKnobs, hand};
pub use order::Order;
pub(crate) use snapshot::chord_name;
pub use snapshot::{CuesSeen, Lists, Machine, MusicSeen, SceneSeen, Snapshot};
