//! The link between programs of one machine: instances of the plugin and `oneiro play` tell what they play, visualizers
//! follow, and send back a small picture of what they show. Shared memory, by `iceoryx2`.
//!
//! ```text
//! audio thread ── ring ──> Publisher's thread ══ shared memory ══> Listener's thread ── channel ──> Merge, at each frame
//!                              ^                                        |
//!                              └═════════ Watch: who looks, a Thumbnail ┘
//! ```
//!
//! | Part | Does |
//! |---|---|
//! | [`Publisher`] | announces an instance and tells what its [`crate::bridge::RelayReceiver`] brings |
//! | [`Follower`], [`Listener`] | find instances, follow those that are chosen, read; the latter on a thread of its own |
//! | [`Merge`] | makes one music of what several instances play, and predicts the present |
//! | [`Pulse`], [`Watch`] | the messages: bytes, read as untrusted |
//! | [`Room`] | where programs meet |
//!
//! Every instance has services of its own, `oneiro/VERSION/ID/show` and `…/watch`; their attributes say who it is, so that
//! instances can be listed without joining them. A program that is killed leaves files behind, which the next
//! program that opens the link removes, and so does, within a second, whoever was linked to it.

mod about;
mod bytes;
mod follower;
mod listener;
mod merge;
mod publisher;
mod pulse;
mod room;
mod watch;

pub use bytes::Malformed;
pub use follower::{Choice, Follower, Found, instances};
pub use listener::{Listener, Mirror, Tidings};
pub use merge::{Merge, Position};
pub use publisher::{Identity, Onlooker, Publisher, Watched};
pub use pulse::{MOST_EVENTS, Pulse};
pub use room::{LinkError, Room};
pub use watch::{PICTURE, Thumbnail, Watch};

/// Version of everything that is said: programs with another one do not see each other.
const VERSION: u16 = 1;
