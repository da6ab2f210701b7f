//! The seam between threads: what they may say to each other, and the rings that carry it.
//!
//! | From | To | Carries | By |
//! |---|---|---|---|
//! | composer | audio | [`Plan`]: notes and marks to come | [`ring()`] |
//! | audio | composer | [`Heard`]: notes, bars, transport | [`ring()`] |
//! | audio | pictures | [`ShowEvent`]: everything worth seeing | [`ring()`] |
//! | composer | learner | [`Lesson`]: phrases that were played; models come back | [`lessons()`] |
//! | audio | anyone | [`ClockReading`], [`Meters`]: only the newest matters | [`newest()`] |
//! | audio | devices | [`SampleClock`]: which sample a moment is | one atomic |
//! | audio | other programs | [`Shown`], [`Moment`]: the same as pictures get, with moments | [`relay()`] |
//!
//! Nobody waits at this seam and nothing in it grows. What does not fit is dropped by the rule written at
//! [`RingSender`], and a counter in [`Counters`] rises. Every message is `Copy`, so there is never
//! anything to free on the audio thread and no return ring is needed.

mod counters;
mod lesson;
mod message;
mod newest;
mod relay;
mod ring;
mod sample_clock;
mod show;
mod stage;

pub use counters::{Count, Counters};
pub use lesson::{Lesson, Pupil, Teacher, lessons};
pub use message::{ClockReading, Heard, HeardKind, Meters, Part, Plan, Scheduled, SecondTones};
pub use newest::{NewestReader, NewestWriter, newest};
pub use relay::{Moment, RelayReceiver, RelaySender, Shown, relay};
pub use ring::{Full, RingReceiver, RingSender, ring};
pub use sample_clock::SampleClock;
pub use show::{ShowEvent, ShowKind};
pub use stage::{AudioSide, ComposerSide, Stage, StageSizes, WatcherSide};
