//! How fast the instrument is while it plays: the audio callback beside busy networks, answers, the wrapper around the
//! runtime, memory. `oneiro bench live` shows it; `docs/live.md` has the figures. And how far pictures lag behind it in another
//! process: `oneiro bench link`, `docs/link.md`.

mod answers;
mod callback;
mod company;
mod link;
mod memory;
mod rig;
mod spread;

pub use answers::{AnswerSpeed, measure as measure_answers};
pub use callback::{CallbackSpeed, Condition, measure as measure_callback};
pub use link::{LinkSpeed, follow as follow_link, play as play_link};
pub use memory::{Memory, load_average};
pub use rig::{BLOCK, Hands, RATE, Rig, VOICES};
pub use spread::Spread;

use crate::compose::{ComposeError, MelodyModel, PhraseModel};
use crate::model::inspect::Inspected;
use crate::model::library::{self, Folder, NotFound};
use crate::model::overhead::{self, Overhead};
use crate::model::session::{Session, SessionError, SessionOptions};
use crate::model::spec::Kind;
use crate::picture::{Generator, PictureError};
use crate::train::bench::Clock;

/// Why something cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A model is missing.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// A model cannot be opened or run.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The composer failed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The painter failed.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A thread ended before its time.
    #[error("the thread that {0} ended before its time")]
    Lost(&'static str),
}

/// The models that play along, found and inspected; each opens one as often as it is needed.
#[derive(Debug, Clone)]
pub struct Models {
    /// Melodies.
    pub melody: Inspected,
    /// Phrases.
    pub phrases: Inspected,
    /// Pictures.
    pub pictures: Inspected,
}

impl Models {
    /// The first of each kind in these folders.
    ///
    /// # Errors
    /// [`BenchError::NotFound`].
    pub fn find(folders: &[Folder]) -> Result<Self, BenchError> {
        let first = |kind| library::find(folders, kind, None);
        Ok(Self { melody: first(Kind::MelodyRnn)?, phrases: first(Kind::MelodyVae)?, pictures: first(Kind::ImageGan)? })
    }

    /// A session of the melody network, one thread.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn open_melody(&self) -> Result<MelodyModel, BenchError> {
        Ok(MelodyModel::new(Session::from_inspected(self.melody.clone(), &SessionOptions::default())?)?)
    }

    /// Sessions of the phrase network, one thread each.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn open_phrases(&self) -> Result<PhraseModel, BenchError> {
        Ok(PhraseModel::new(self.phrases.clone(), &SessionOptions::default())?)
    }

    /// A session of the generator, one thread.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn open_pictures(&self) -> Result<Generator, BenchError> {
        Ok(Generator::new(Session::from_inspected(self.pictures.clone(), &SessionOptions::default())?)?)
    }
}

/// What a session takes beyond the runtime's own call, for the melody network, in the time that the thread has the
/// processor.
///
/// # Errors
/// [`BenchError::Session`].
pub fn measure_wrapper(models: &Models, rounds: usize) -> Result<Overhead, BenchError> {
    let clock = Clock::for_threads(1);
    let time = |work: &mut dyn FnMut()| clock.time(work).0;
    Ok(overhead::measure(models.melody.clone(), &SessionOptions::default(), 1, rounds, &time)?)
}
