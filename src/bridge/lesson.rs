use crate::music::encoding::PlacedToken;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    board: Arc<Mutex<Board<M>>>,
}

/// The learner's end.
#[derive(Debug)]
pub struct Pupil<M> {
    lessons: Receiver<Lesson>,
    board: Arc<Mutex<Board<M>>>,
}

/// What both ends see. Under one lock, so that no model is offered in the moment in which everything is to be forgotten.
#[derive(Debug)]
struct Board<M> {
    newest: Option<M>,
    /// Whether everything is to be forgotten before anything else is done.
    undo: bool,
}

fn look<M>(board: &Mutex<Board<M>>) -> MutexGuard<'_, Board<M>> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects a player with a learner; `room` lessons may wait.
pub fn lessons<M>(room: usize) -> (Teacher<M>, Pupil<M>) {
    let (sender, receiver) = sync_channel(room);
    let board = Arc::new(Mutex::new(Board { newest: None, undo: false }));
    (Teacher { lessons: sender, board: Arc::clone(&board) }, Pupil { lessons: receiver, board })
}

impl<M> Clone for Teacher<M> {
    fn clone(&self) -> Self {
        Self { lessons: self.lessons.clone(), board: Arc::clone(&self.board) }
    }
}

impl<M> Teacher<M> {
    /// Tells a phrase: whether there was room for it.
    pub fn phrase(&self, events: Vec<PlacedToken>) -> bool {
        self.lessons.try_send(Lesson::Phrase(events)).is_ok()
    }

    /// Asks for the model as it was at first, before anything that waits: what was told and not learnt yet is forgotten too.
    /// Never waits for the learner, and is never lost.
    pub fn undo(&self) {
        let _forgotten = std::mem::replace(&mut *look(&self.board), Board { newest: None, undo: true });
        // Where there is no room, a lesson waits that wakes the learner as well; without a learner nothing was learnt.
        let _room = self.lessons.try_send(Lesson::Undo);
    }

    /// The newest model, once.
    pub fn newest(&self) -> Option<M> {
        look(&self.board).newest.take()
    }
}

impl<M> Pupil<M> {
    /// Waits for a lesson; `None` when no teacher is left.
    pub fn lesson(&self) -> Option<Lesson> {
        let lesson = self.lessons.recv().ok()?;
        if !std::mem::take(&mut look(&self.board).undo) {
            return Some(lesson);
        }
        self.lessons.try_iter().for_each(drop);
        Some(Lesson::Undo)
    }

    /// Whether everything is to be forgotten: what is being learnt is of no use any more.
    pub fn is_undone(&self) -> bool {
        look(&self.board).undo
    }

    /// Offers a model in place of one that nobody took yet; not one that is to be forgotten.
    pub fn offer(&self, model: M) {
        let mut board = look(&self.board);
        let _unwanted = if board.undo { Some(model) } else { board.newest.replace(model) };
        drop(board); // what is unwanted is freed after it
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
        // In the middle of a lesson, with no room for another: what comes of it is not taken, and nothing is learnt after it.
        assert!(teacher.phrase(Vec::new()));
        pupil.offer(3);
        teacher.undo();
        pupil.offer(4);
        assert_eq!(teacher.newest(), None);
        assert_eq!(pupil.lesson(), Some(Lesson::Undo));
        pupil.offer(5);
        assert_eq!(teacher.newest(), Some(5));
        drop(teacher);
        assert_eq!(pupil.lesson(), None);
    }
}
