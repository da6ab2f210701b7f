//! The painter on its own thread: takes the newest wish, gives the newest pictures. The screen never waits for it.

use super::painter::{Offer, Painter, PainterError, Picture8, Studio};
use crate::show::plan::Wish;
use crate::show::scene::Source;
use oneiro::bridge::{NewestReader, NewestWriter, newest};
use oneiro::caught::{LIVES, caught, trap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long it sleeps where there is nothing to do.
const REST: Duration = Duration::from_millis(2);
/// Weight of the newest time in their mean.
const NEWEST: f64 = 0.1;

/// A picture and for which second of the show it is.
#[derive(Debug, Clone, Default)]
pub struct Painted {
    /// The picture.
    pub picture: Picture8,
    /// The second of the show that it was painted for.
    pub due: f64,
    /// Seconds that it took, with everything else of the same wish.
    pub took: f64,
}

/// What a worker gives, one reader for each source.
pub type PaintedReader = NewestReader<Painted>;

/// What the worker says of itself.
#[derive(Debug)]
pub enum News {
    /// It paints.
    Ready {
        /// Names of the models that it paints with.
        models: Vec<String>,
        /// What it can be asked for.
        offer: Offer,
    },
    /// Something that was wished cannot be had; it goes on with what there is.
    Complaint(String),
    /// It cannot.
    Failed(String),
}

/// The thread that paints.
#[derive(Debug)]
pub struct Worker {
    wishes: NewestWriter<Option<(Wish, f64)>>,
    readers: Vec<PaintedReader>,
    news: Receiver<News>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts it; models are opened on its thread.
    pub fn spawn(studio: Studio) -> Self {
        let (wishes, wished) = newest(&None);
        let (writers, readers) = Source::ALL.iter().map(|_| newest(&Painted::default())).unzip();
        let (told, news) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let none = told.clone();
        let run = move || Desk { studio, wished, writers, news: told, stop: stopped }.run();
        let thread = std::thread::Builder::new().name("painter".into()).spawn(run);
        if let Err(e) = &thread {
            // It is read where everything else is.
            drop(none.send(News::Failed(format!("the system has no thread left ({e})"))));
        }
        Self { wishes, readers, news, stop, thread: thread.ok() }
    }

    /// Says what is wished, for a second of the show.
    pub fn wish(&mut self, wish: Wish, due: f64) {
        self.wishes.write(Some((wish, due)));
    }

    /// The readers of pictures, one for each source in the order of [`Source::ALL`].
    pub fn pictures(&mut self) -> &mut [PaintedReader] {
        &mut self.readers
    }

    /// What it has to say.
    pub fn news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there was caught and told.
            drop(thread.join());
        }
    }
}

/// What the thread has.
struct Desk {
    studio: Studio,
    wished: NewestReader<Option<(Wish, f64)>>,
    writers: Vec<NewestWriter<Painted>>,
    news: Sender<News>,
    stop: Arc<AtomicBool>,
}

impl Desk {
    fn tell(&self, what: News) {
        // Nobody listens any more where the show has ended.
        drop(self.news.send(what));
    }

    /// Paints until it is to end; a painter that panics is begun anew.
    fn run(mut self) {
        let (mut lives, mut begun) = (LIVES, false);
        while let Err(reason) = caught(|| self.paint(&mut begun)) {
            lives -= 1;
            let then = if lives > 0 { "it begins anew" } else { "the last picture stays; start the show again" };
            self.tell(News::Complaint(format!("the painter has failed ({reason}): {then}")));
            if lives == 0 {
                return;
            }
        }
    }

    /// Opens the models and paints; `begun` is whether it ever did.
    fn paint(&mut self, begun: &mut bool) {
        let opened: Result<Painter, PainterError> = Painter::open(&self.studio);
        let mut painter = match opened {
            Ok(painter) => painter,
            // What was painted stays.
            Err(e) if *begun => return self.tell(News::Complaint(e.to_string())),
            Err(e) => return self.tell(News::Failed(e.to_string())),
        };
        self.tell(News::Ready { models: painter.about().to_vec(), offer: painter.offer() });
        *begun = true;
        let mut took = 0.03;
        // The newest complaint: it is told once.
        let mut told = String::new();
        while !self.stop.load(Ordering::Relaxed) {
            if !self.wished.is_new() {
                std::thread::sleep(REST);
                continue;
            }
            let Some((wish, due)) = self.wished.read().clone() else { continue };
            trap("painter");
            let begun = Instant::now();
            match painter.paint(&wish, due) {
                Ok(painted) => {
                    took += NEWEST * (begun.elapsed().as_secs_f64() - took);
                    for (place, picture) in painted {
                        self.writers[place].write(Painted { picture, due, took });
                    }
                }
                Err(e) => {
                    // The last picture stays until another model is turned to.
                    let reason = e.to_string();
                    if reason != told {
                        told.clone_from(&reason);
                        self.tell(News::Complaint(reason));
                    }
                    std::thread::sleep(REST);
                }
            }
            if let Some(complaint) = painter.complaint() {
                self.tell(News::Complaint(complaint));
            }
        }
    }
}
