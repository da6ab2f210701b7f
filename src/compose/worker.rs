//! The director on a thread of its own.

use super::{ComposeError, Director, MelodyModel, Order, PhraseModel, PlayedPhrase, Status};
use crate::bridge::ClockReading;
use crate::caught::{LIVES, caught, trap};
use crate::time::Beats;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a director's thread tells.
#[derive(Debug)]
pub struct News {
    /// How things stand.
    pub status: Status,
    /// Phrases that were planned since the last news.
    pub phrases: Vec<PlayedPhrase>,
    /// How long it took to write them.
    pub took: Duration,
    /// The order that was given with this task, and the position that counts.
    pub order: Option<(Beats, Order)>,
    /// What went wrong; the director goes on with the next step.
    pub error: Option<ComposeError>,
}

#[derive(Debug)]
enum Task {
    Follow(ClockReading),
    RunTo(Beats, Sender<News>),
    Order(Beats, Order),
    Replace(Replacement, Sender<Result<(), ComposeError>>),
    Rehearse(Sender<()>),
}

/// A network that takes another's place.
#[derive(Debug)]
pub enum Replacement {
    /// For melodies: [`Director::replace_melody`].
    Melody(Box<MelodyModel>),
    /// For phrases: [`Director::replace_phrases`].
    Phrases(Box<PhraseModel>),
}

/// A thread that owns a director. Where that panics it is told, and another takes its place: [`Director::begin_anew`].
#[derive(Debug)]
pub struct DirectorWorker {
    tasks: Option<Sender<Task>>,
    news: Receiver<News>,
    thread: Option<JoinHandle<()>>,
}

impl DirectorWorker {
    /// Starts the thread.
    pub fn spawn(director: Director) -> Self {
        let (tasks, task_receiver) = channel();
        let (news_sender, news) = channel();
        let thread = std::thread::spawn(move || serve(director, &task_receiver, &news_sender));
        Self { tasks: Some(tasks), news, thread: Some(thread) }
    }

    fn give(&self, task: Task) -> Result<(), ComposeError> {
        let tasks = self.tasks.as_ref().ok_or(ComposeError::Gone)?;
        tasks.send(task).map_err(|_| ComposeError::Gone)
    }

    /// Tells how far time has come, and does not wait: [`Director::follow`]. For as often as is convenient; news come
    /// where phrases were planned or the status has changed.
    ///
    /// # Errors
    /// [`ComposeError::Gone`].
    pub fn follow(&self, clock: ClockReading) -> Result<(), ComposeError> {
        self.give(Task::Follow(clock))
    }

    /// Goes on up to a position and waits for what comes of it: for those who have time. See [`Director::run_to`] and
    /// [`super::stride`].
    ///
    /// # Errors
    /// [`ComposeError::Gone`]; other errors are in the news.
    pub fn run_to(&self, pos: Beats) -> Result<News, ComposeError> {
        let (sender, receiver) = channel();
        self.give(Task::RunTo(pos, sender))?;
        receiver.recv().map_err(|_| ComposeError::Gone)
    }

    /// Has it think ahead, and waits until that is done; after [`DirectorWorker::follow`] it does so by itself. See
    /// [`Director::rehearse`].
    ///
    /// # Errors
    /// [`ComposeError::Gone`].
    pub fn rehearse(&self) -> Result<(), ComposeError> {
        let (sender, receiver) = channel();
        self.give(Task::Rehearse(sender))?;
        receiver.recv().map_err(|_| ComposeError::Gone)
    }

    /// Gives an order, and does not wait; the position that counts comes with the news. See [`Director::order`].
    ///
    /// # Errors
    /// [`ComposeError::Gone`].
    pub fn order(&self, at: Beats, order: Order) -> Result<(), ComposeError> {
        self.give(Task::Order(at, order))
    }

    /// Puts another network in the place of one, and does not wait: what came of it is told through what is given back.
    /// Planned phrases are played; where it fails the old network stays.
    ///
    /// # Errors
    /// [`ComposeError::Gone`].
    pub fn replace(&self, model: Replacement) -> Result<Receiver<Result<(), ComposeError>>, ComposeError> {
        let (sender, receiver) = channel();
        self.give(Task::Replace(model, sender))?;
        Ok(receiver)
    }

    /// News that wait.
    pub fn news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

impl Drop for DirectorWorker {
    fn drop(&mut self) {
        self.tasks = None; // the thread ends when nobody can ask any more
        if let Some(thread) = self.thread.take() {
            // A panic there was caught and told.
            let _ended = thread.join();
        }
    }
}

/// What else comes of a task.
#[derive(Default)]
struct Outcome {
    /// An order was followed, and from where on it counts.
    order: Option<(Beats, Order)>,
    /// Where nothing has changed there is nothing to tell.
    quiet: bool,
    /// What came of it is not told as news.
    untold: bool,
}

/// Fulfils tasks until nobody can give any more, or the director has failed too often.
fn serve(mut director: Director, tasks: &Receiver<Task>, news: &Sender<News>) {
    let (mut last, mut clock, mut lives, mut idle) = (director.status(), ClockReading::default(), LIVES, false);
    loop {
        let task = match tasks.try_recv() {
            Ok(task) => Some(task),
            Err(TryRecvError::Disconnected) => return,
            // Where nobody waits for it, it thinks ahead until somebody does.
            Err(TryRecvError::Empty) if std::mem::take(&mut idle) => None,
            Err(TryRecvError::Empty) => match tasks.recv() {
                Ok(task) => Some(task),
                Err(_) => return,
            },
        };
        let asked = match &task {
            Some(Task::RunTo(_, sender)) => Some(sender.clone()),
            _ => None,
        };
        if let Some(Task::Follow(now)) = &task {
            (clock, idle) = (*now, true);
        }
        let began = Instant::now();
        let mut outcome = Outcome { quiet: asked.is_none(), ..Outcome::default() };
        let done = caught(|| {
            trap("composer");
            perform(&mut director, task, &mut outcome)
        });
        let result = match done {
            Ok(_) if outcome.untold => continue,
            Ok(result) => result,
            Err(reason) => {
                lives -= 1;
                director = director.begin_anew(&clock);
                Err(ComposeError::Failed { reason, anew: lives > 0 })
            }
        };
        let (status, phrases) = (director.status(), director.take_phrases().collect::<Vec<_>>());
        // A clock that only went on is no news.
        let silent = outcome.quiet && phrases.is_empty() && result.is_ok() && status == last;
        last.clone_from(&status);
        let told = News { status, phrases, took: began.elapsed(), order: outcome.order, error: result.err() };
        let gone = !silent && asked.as_ref().unwrap_or(news).send(told).is_err();
        if gone && asked.is_none() || lives == 0 {
            return;
        }
    }
}

/// Fulfils a task; without one, thinks ahead.
fn perform(director: &mut Director, task: Option<Task>, outcome: &mut Outcome) -> Result<(), ComposeError> {
    match task {
        None => {
            outcome.untold = true;
            director.rehearse();
            Ok(())
        }
        Some(Task::Follow(clock)) => director.follow(&clock),
        Some(Task::RunTo(pos, _)) => director.run_to(pos),
        Some(Task::Rehearse(told)) => {
            outcome.untold = true;
            director.rehearse();
            // Who asked may not care.
            let _told = told.send(());
            Ok(())
        }
        Some(Task::Replace(model, told)) => {
            let replaced = match model {
                Replacement::Melody(model) => director.replace_melody(*model),
                Replacement::Phrases(model) => {
                    director.replace_phrases(*model);
                    Ok(())
                }
            };
            // Who asked may not care.
            let _told = told.send(replaced);
            Ok(())
        }
        Some(Task::Order(at, given)) => {
            outcome.quiet = false;
            let mut result = director.order(at, given.clone());
            if !matches!(result, Ok(_) | Err(ComposeError::Control { .. })) {
                // The step at which something went wrong is passed over; the order stands.
                result = director.order(at, given.clone());
            }
            result.map(|at| outcome.order = Some((at, given)))
        }
    }
}
