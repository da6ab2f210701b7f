use crate::music::encoding::PlacedToken;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What a learner is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Lesson {
    /// A phrase that the player has just ended.
    Phrase(Vec<PlacedToken>),
    /// Everything learnt is to be forgotten.
    Undo,
}

/// The player's end: tells what was played, and takes the models that came of it. Copies of it share both.
///
/// **Drop policy:** a phrase for which there is no room is not learnt from, and [`Teacher::phrase`] says so; of models
/// only the newest is kept. Both ends belong to workers: they lock, and must not be used on the audio thread.
#[derive(Debug)]
pub struct Teacher<M> {
    lessons: SyncSender<Lesson>,
    newest: Arc<Mutex<Option<M>>>,
}

/// The learner's end.
#[derive(Debug)]
pub struct Pupil<M> {
    lessons: Receiver<Lesson>,
    newest: Arc<Mutex<Option<M>>>,
}

/// Connects a player with a learner; `room` lessons may wait.
pub fn lessons<M>(room: usize) -> (Teacher<M>, Pupil<M>) {
    let (sender, receiver) = sync_channel(room);
    let newest = Arc::new(Mutex::new(None));
    (Teacher { lessons: sender, newest: Arc::clone(&newest) }, Pupil { lessons: receiver, newest })
}

impl<M> Clone for Teacher<M> {
    fn clone(&self) -> Self {
        Self { lessons: self.lessons.clone(), newest: Arc::clone(&self.newest) }
    }
}

impl<M> Teacher<M> {
    /// Tells a phrase: whether there was room for it.
    pub fn phrase(&self, events: Vec<PlacedToken>) -> bool {
        self.lessons.try_send(Lesson::Phrase(events)).is_ok()
    }

    /// Asks for the model as it was at first. Waits while the learner is busy, so that no undo is lost.
    pub fn undo(&self) {
        // Without a learner nothing was learnt.
        if let Err(TrySendError::Full(lesson)) = self.lessons.try_send(Lesson::Undo) {
            let _gone = self.lessons.send(lesson);
        }
    }

    /// The newest model, once.
    pub fn newest(&self) -> Option<M> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<M> Pupil<M> {
    /// Waits for a lesson; `None` when no teacher is left.
    pub fn lesson(&self) -> Option<Lesson> {
        self.lessons.recv().ok()
    }

    /// Offers a model in place of one that nobody took yet.
    pub fn offer(&self, model: M) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(model);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_model_is_taken_once_and_what_finds_no_room_is_told() {
        let (teacher, pupil) = lessons(1);
        assert!(teacher.phrase(Vec::new()));
        assert!(!teacher.phrase(Vec::new()));
        pupil.offer(1);
        pupil.offer(2);
        assert_eq!((teacher.newest(), teacher.newest()), (Some(2), None));
        assert_eq!(pupil.lesson(), Some(Lesson::Phrase(Vec::new())));
        teacher.clone().undo();
        assert_eq!(pupil.lesson(), Some(Lesson::Undo));
        drop(teacher);
        assert_eq!(pupil.lesson(), None);
    }
}
