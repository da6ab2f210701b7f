//! The composer on a thread of its own.

use super::{ComposeError, Composer, Cue, Phrase};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// A thread that owns a composer. Cues go in, and each gets one answer, in order; its notes have already gone to the
/// audio side when the answer is told here.
#[derive(Debug)]
pub struct Worker {
    cues: Option<Sender<Cue>>,
    phrases: Receiver<Result<Phrase, ComposeError>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    pub fn spawn(mut composer: Composer) -> Self {
        let (cues, cue_receiver) = channel::<Cue>();
        let (phrase_sender, phrases) = channel();
        let thread = std::thread::spawn(move || {
            for cue in cue_receiver {
                if phrase_sender.send(composer.answer(&cue)).is_err() {
                    break;
                }
            }
        });
        Self { cues: Some(cues), phrases, thread: Some(thread) }
    }

    /// Asks for an answer and waits for it: for those who have time.
    ///
    /// # Errors
    /// What the composer says, or [`ComposeError::Gone`].
    pub fn answer(&self, cue: Cue) -> Result<Phrase, ComposeError> {
        let cues = self.cues.as_ref().ok_or(ComposeError::Gone)?;
        cues.send(cue).map_err(|_| ComposeError::Gone)?;
        self.phrases.recv().map_err(|_| ComposeError::Gone)?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.cues = None; // the thread ends when nobody can ask any more
        if let Some(thread) = self.thread.take() {
            // A panic there was already reported as an answer that never came.
            let _ = thread.join();
        }
    }
}
