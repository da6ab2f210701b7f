//! Why a description is refused.

use super::{Kind, MAX_SPEC_BYTES, SPEC_VERSION};

/// Why a description is refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Not a kind of this program.
    #[error("unknown kind `{kind}`; known are {}", Kind::ALL.map(Kind::name).join(", "))]
    UnknownKind {
        /// What was found.
        kind: String,
    },
    /// Longer than any honest one.
    #[error("its description is {bytes} bytes long; the limit is {MAX_SPEC_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON or TOML of the right form.
    #[error("its description cannot be read: {0}")]
    Malformed(String),
    /// Written by a later program.
    #[error("its description is of version {found}; this program reads up to {SPEC_VERSION}: update it")]
    TooNew {
        /// Version found.
        found: u32,
    },
    /// A part that the kind needs is not there or senseless.
    #[error("its description lacks what a {kind} needs: {what}")]
    Incomplete {
        /// Kind of model.
        kind: Kind,
        /// What is missing or wrong.
        what: &'static str,
    },
}
