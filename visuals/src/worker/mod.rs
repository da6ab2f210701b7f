//! Makes pictures: sessions on a thread of their own, or one picture after the other where time waits.

mod easel;
mod gallery;
mod levels;
mod live;
mod painter;
mod places;
mod shelf;

pub use live::{News, Painted, PaintedReader, Worker};
pub use painter::{Offer, Painter, PainterError, Picture8, Studio};
