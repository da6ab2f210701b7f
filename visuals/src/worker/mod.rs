//! Makes pictures: sessions on a thread of their own, or one picture after the other where time waits.

mod levels;
mod live;
mod painter;

pub use live::{News, Painted, PaintedReader, Worker};
pub use painter::{Painter, PainterError, Picture8, Studio};
