use super::Learner;
use crate::bridge::{Lesson, Pupil};
use crate::model::session::Session;
use std::thread::JoinHandle;

/// A thread that owns a learner: phrases go in at the other end of its [`Pupil`], models come out there. It ends when
/// no teacher is left.
#[derive(Debug)]
pub struct LearnerWorker {
    thread: Option<JoinHandle<()>>,
}

impl LearnerWorker {
    /// Starts the thread. What fails there is told to the log, and the performance goes on with the model it has.
    pub fn spawn(mut learner: Learner, pupil: Pupil<Session>) -> Self {
        let thread = std::thread::spawn(move || {
            while let Some(lesson) = pupil.lesson() {
                let learnt = match lesson {
                    Lesson::Phrase(events) => learner.learn(&events),
                    Lesson::Undo => learner.undo().map(|()| true),
                };
                match learnt.and_then(|learnt| if learnt { learner.session().map(Some) } else { Ok(None) }) {
                    Ok(Some(session)) => pupil.offer(session),
                    Ok(None) => {}
                    Err(error) => tracing::warn!("not learnt: {error}"),
                }
            }
        });
        Self { thread: Some(thread) }
    }

    /// Waits until everything told was learnt; returns at once only after the last teacher is gone.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its thread.
            let _ = thread.join();
        }
    }
}
