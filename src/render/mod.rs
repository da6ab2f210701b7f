//! A whole performance on a virtual clock: the same performer, composer and pictures as live, as fast as they can.
//!
//! Nothing here reads the wall clock or an unseeded source of chance: the same score, seed, models and settings give
//! the same notes, samples and pictures. Everything is written beside its final name, and gets that name when all of it
//! is whole.

mod arrangement;
mod error;
mod film;
mod form;
mod fps;
mod job;
mod perform;
mod reel;
mod replay;
mod scenes;
mod sound;
mod target;
mod video;
mod voicing;

pub use arrangement::{Arrangement, ArrangementError, Exchange, Form};
pub use error::RenderError;
pub use fps::Fps;
pub use job::{Job, Models, Painters, Rendered, SAMPLE_RATE, render, render_take};
pub use perform::{Recording, TAIL_SECONDS, perform};
pub use reel::{
    Alpha, Blur, Call, Caption, CaptionKind, Depth, Point, Position, REEL_VERSION, Reel, ReelError, ReelModels,
    ReelValue, Way,
};
pub use scenes::{Scenes, ScenesError, visualizer};
pub use target::{Partial, Target, TargetKind};
pub use video::{LiveVideo, has_ffmpeg};
pub use voicing::Voicing;

/// Who watches a rendering, and may stop it.
pub trait Watch {
    /// A stage of the work begins, of so many parts.
    fn begin(&mut self, what: &'static str, parts: u64);
    /// So many more parts of the stage are done.
    fn done(&mut self, parts: u64);
    /// Something that the user should know.
    fn tell(&mut self, message: &str);
    /// Whether to stop.
    fn cancelled(&self) -> bool;
}

/// Nobody watches.
impl Watch for () {
    fn begin(&mut self, _: &'static str, _: u64) {}
    fn done(&mut self, _: u64) {}
    fn tell(&mut self, _: &str) {}
    fn cancelled(&self) -> bool {
        false
    }
}
