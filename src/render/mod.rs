//! A whole performance on a virtual clock: the same performer, composer and pictures as live, as fast as they can.
//!
//! Nothing here reads the wall clock or an unseeded source of chance: the same score, seed, models and settings give
//! the same notes, samples and pictures, and a part of a performance is the same as that part of the whole. Everything is written
//! beside its final name, and gets that name when all of it is whole. Pictures that are finished outlast a rendering that is
//! broken off.
//!
//! [`perform`] plays a score and composes its answers, `along` plays with it in a mode, `replay` plays a recorded session; both pass their sound to a [`Listener`] as
//! it is made, so that memory does not grow with it. `film` draws, `sink` takes frames, `work` keeps them; `outputs` knows
//! which files there are, and [`Job`] says what is wanted. A film
//! with scenes is a [`Reel`], which another program draws.

mod along;
mod arrangement;
mod automation;
mod error;
mod ffmpeg;
mod film;
mod form;
mod fps;
mod frame;
mod job;
mod join;
mod lanes;
mod notes;
mod outputs;
mod paintings;
mod perform;
mod place;
mod playback;
pub mod project;
mod reel;
mod replay;
mod scenes;
mod screening;
mod shutter;
mod sink;
mod span;
mod target;
mod video;
mod voicing;
mod wav;
mod work;

pub use along::{Along, Composers};
pub use arrangement::{Arrangement, ArrangementError, Exchange, Form};
pub use automation::{Automation, Lane, Mark, control};
pub use error::RenderError;
pub use ffmpeg::has_ffmpeg;
pub use film::{CHAPTER_SECONDS, RUN_UP_SECONDS};
pub use fps::Fps;
pub use frame::{Alpha, Depth};
pub use job::{
    Job, LONGEST_MINUTES, Models, Painter, Rendered, SAMPLE_RATE, Tune, preview, render, render_take, render_tune,
};
pub use join::join;
pub use perform::{Piece, Recording, TAIL_SECONDS, perform};
pub use place::Place;
pub use reel::{
    Call, Caption, CaptionKind, Point, Position, REEL_VERSION, Reel, ReelError, ReelModels, ReelValue, Way,
};
pub use scenes::{Scenes, ScenesError, visualizer};
pub use screening::Show;
pub use shutter::{Blur, Shutter};
pub use span::Excerpt;
pub use target::{Partial, Target, TargetKind};
pub use video::LiveVideo;
pub use voicing::Voicing;
pub use wav::{Heard, Listener, WavDepth};

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
