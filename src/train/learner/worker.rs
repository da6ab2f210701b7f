use super::{Learner, LearnerError};
use crate::bridge::{Lesson, Pupil};
use crate::caught::{caught, trap};
use crate::model::session::Session;
use crate::priority::step_back;
use std::thread::JoinHandle;

/// What became of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LearnerNews {
    /// A phrase was learnt from, and the model that came of it is offered.
    Learnt,
    /// Everything learnt is forgotten; the shipped model is offered.
    Undone,
    /// A lesson was not learnt, and why; the next one may be.
    Missed(String),
    /// Nothing more is learnt, and why; the model stays as it is.
    Failed(String),
}

/// A thread that owns a learner: phrases go in at the other end of its [`Pupil`], models come out there. It stands behind other
/// threads, and ends when no teacher is left.
#[derive(Debug)]
pub struct LearnerWorker {
    thread: Option<JoinHandle<()>>,
}

impl LearnerWorker {
    /// Starts the thread; `tell` is called there after each lesson. After a panic nothing more is learnt: what was, may be half done.
    pub fn spawn(
        mut learner: Learner,
        pupil: Pupil<Session>,
        mut tell: impl FnMut(LearnerNews) + Send + 'static,
    ) -> Self {
        let thread = std::thread::spawn(move || {
            step_back();
            while let Some(lesson) = pupil.lesson() {
                let learnt = caught(|| {
                    trap("learner");
                    take(&mut learner, lesson, &pupil)
                });
                match learnt {
                    Ok(Ok(Some((session, news)))) => {
                        pupil.offer(session);
                        tell(news);
                    }
                    Ok(Ok(None)) => {}
                    Ok(Err(error)) => tell(LearnerNews::Missed(error.to_string())),
                    Err(reason) => return tell(LearnerNews::Failed(reason)),
                }
            }
        });
        Self { thread: Some(thread) }
    }

    /// Waits until everything told was learnt; returns at once only after the last teacher is gone.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic there was caught and told.
            let _ended = thread.join();
        }
    }
}

/// Takes a lesson: the model that came of it, if it is another than before.
fn take(
    learner: &mut Learner,
    lesson: Lesson,
    pupil: &Pupil<Session>,
) -> Result<Option<(Session, LearnerNews)>, LearnerError> {
    let changed = match lesson {
        Lesson::Phrase(events) => learner.learn_while(&events, || !pupil.is_undone())?,
        Lesson::Undo => {
            learner.undo()?;
            true
        }
    };
    let news = if learner.is_as_shipped() { LearnerNews::Undone } else { LearnerNews::Learnt };
    Ok(if changed { Some((learner.session()?, news)) } else { None })
}
