//! Sound cards, MIDI ports and JACK: glue between them and the rings of [`crate::bridge`]. No music here.
//!
//! | Thread | Runs | Speaks to the audio thread by |
//! |---|---|---|
//! | audio, of the sound device | [`crate::live::Instrument::block`] | is it |
//! | sound keeper | opens the device, again when it vanishes; plays to nobody meanwhile | hands the instrument over |
//! | MIDI, one of each port | the reader of its bytes | a ring, through what [`midi::Input`] does |
//! | porter | takes up MIDI ports that appear and drops those that vanish | nothing |

#[cfg(feature = "jack")]
mod jack_midi;
mod load;
pub mod midi;
mod seat;
pub mod sound;

pub use load::Load;

/// Keeps the libraries of ALSA and JACK from writing to the terminal, on this thread: what they have to say comes back as
/// errors.
fn hush() {
    #[cfg(target_os = "linux")]
    // Without a buffer for it the library goes on writing, which does no harm.
    drop(alsa::Output::local_error_handler());
    #[cfg(feature = "jack")]
    jack::set_logger(jack::LoggerType::None);
}

/// Whether a device has a part of its name, however written.
fn fits(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is none.
    #[error("no sound device was found")]
    NoSound,
    /// No JACK server answers.
    #[error("no JACK server answers")]
    NoServer,
    /// The system speaks differently from what was asked.
    #[error("{device}: {reason}")]
    Sound {
        /// Its name.
        device: String,
        /// What the system says.
        reason: String,
    },
    /// None of that name.
    #[error("no {what} is called `{name}`; there is: {there}")]
    Unknown {
        /// Sound device, MIDI input, …
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        there: String,
    },
    /// MIDI is not to be had at all.
    #[error("{0}")]
    Midi(String),
    /// This program was built without JACK.
    #[error("this `oneiro` was built without JACK; build it with `--features jack`")]
    NoJack,
}
