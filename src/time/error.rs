/// Why a tempo, a metre or a map of them was refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A tempo outside its range, or not a number.
    #[error("tempo of {bpm} quarter notes a minute, it must lie between {min} and {max}")]
    Tempo {
        /// What was given.
        bpm: f64,
        /// Slowest tempo allowed.
        min: f64,
        /// Fastest tempo allowed.
        max: f64,
    },
    /// A metre that nobody can count.
    #[error(
        "metre {numerator}/{denominator}, the upper number must be 1 to 64 and the lower a power of two from 1 to 64"
    )]
    Metre {
        /// Upper number as given.
        numerator: u8,
        /// Lower number as given.
        denominator: u8,
    },
    /// A change before position zero, or at a position that is not a number.
    #[error("change at beat {at}, positions of changes must be finite and not negative")]
    Position {
        /// What was given, in quarter notes.
        at: f64,
    },
}
