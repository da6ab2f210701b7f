//! Pictures as training data: reading folders of them, painting them, looking at them, measuring them.

pub mod dataset;
pub mod decode;
pub mod metrics;
pub mod procedural;
pub mod quality;
pub mod scan;
pub mod sheet;
pub mod torch;
