//! The composer's thread: takes cues and controls as they come, and tells what it has composed.

use crate::bridge::ComposerSide;
use crate::compose::{ComposeError, Composer, Controls, Cue, MelodyModel, Phrase};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Something for the composer to do.
#[derive(Debug)]
enum Task {
    Answer(Cue),
    Controls(Controls),
}

/// An answer, or why there is none.
#[derive(Debug)]
pub(super) struct Composed {
    /// To what.
    pub cue: Cue,
    /// The phrase, whose notes are on their way to the audio side already.
    pub phrase: Result<Phrase, ComposeError>,
    /// How long it took.
    pub took: Duration,
}

/// The thread. Without a model it hears and does not answer.
#[derive(Debug)]
pub(super) struct Composing {
    tasks: Option<Sender<Task>>,
    done: Receiver<Composed>,
    thread: Option<JoinHandle<()>>,
}

/// How long what was heard may wait in its ring.
const LISTEN: Duration = Duration::from_millis(50);

impl Composing {
    /// Starts the thread.
    pub fn spawn(model: Option<MelodyModel>, mut side: ComposerSide) -> Self {
        let (tasks, task_receiver) = channel();
        let (composed, done) = channel();
        let thread = std::thread::spawn(move || match model {
            Some(model) => compose(&mut Composer::new(model, side), &task_receiver, &composed),
            None => {
                while !matches!(task_receiver.recv_timeout(LISTEN), Err(RecvTimeoutError::Disconnected)) {
                    while side.heard.receive().is_some() {}
                }
            }
        });
        Self { tasks: Some(tasks), done, thread: Some(thread) }
    }

    fn give(&self, task: Task) {
        if let Some(tasks) = &self.tasks {
            // A thread that has ended is noticed by the answers that do not come.
            let _ended = tasks.send(task);
        }
    }

    /// Asks for an answer, and does not wait for it.
    pub fn answer(&self, cue: Cue) {
        self.give(Task::Answer(cue));
    }

    /// Changes the controls from the next answer on.
    pub fn set_controls(&self, controls: Controls) {
        self.give(Task::Controls(controls));
    }

    /// What was composed since this was last asked.
    pub fn take(&self) -> Option<Composed> {
        self.done.try_recv().ok()
    }
}

fn compose(composer: &mut Composer, tasks: &Receiver<Task>, composed: &Sender<Composed>) {
    loop {
        match tasks.recv_timeout(LISTEN) {
            Ok(Task::Answer(cue)) => {
                let began = Instant::now();
                let phrase = composer.answer(&cue);
                let took = began.elapsed();
                if composed.send(Composed { cue, phrase, took }).is_err() {
                    return;
                }
            }
            // Settings are within their ranges, so that they cannot be refused.
            Ok(Task::Controls(controls)) => drop(composer.set_controls(controls)),
            Err(RecvTimeoutError::Timeout) => composer.listen(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Drop for Composing {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has ended the answers; there is nothing left to end.
            let _ended = thread.join();
        }
    }
}
