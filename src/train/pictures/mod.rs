//! Pictures as training data: reading folders of them, painting them, looking at them, measuring them.

pub mod torch;
