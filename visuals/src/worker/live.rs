//! The painter on its own thread: takes the newest wish, gives the newest pictures. The screen never waits for it.

use super::painter::{Offer, Painter, PainterError, Picture8, Studio};
use crate::show::plan::Wish;
use crate::show::scene::Source;
use oneiro::bridge::{NewestReader, NewestWriter, newest};
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
        let thread = std::thread::Builder::new()
            .name("painter".into())
            .spawn(move || paint(&studio, wished, writers, &told, &stopped))
            .ok();
        Self { wishes, readers, news, stop, thread }
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
            // A panic there has ended it already.
            drop(thread.join());
        }
    }
}

fn paint(
    studio: &Studio,
    mut wishes: NewestReader<Option<(Wish, f64)>>,
    mut writers: Vec<NewestWriter<Painted>>,
    news: &Sender<News>,
    stop: &AtomicBool,
) {
    let tell = |what: News| drop(news.send(what));
    let opened: Result<Painter, PainterError> = Painter::open(studio);
    let mut painter = match opened {
        Ok(painter) => painter,
        Err(e) => return tell(News::Failed(e.to_string())),
    };
    tell(News::Ready { models: painter.about().to_vec(), offer: painter.offer() });
    let mut took = 0.03;
    // The newest complaint: it is told once.
    let mut told = String::new();
    while !stop.load(Ordering::Relaxed) {
        if !wishes.is_new() {
            std::thread::sleep(REST);
            continue;
        }
        let Some((wish, due)) = wishes.read().clone() else { continue };
        let begun = Instant::now();
        match painter.paint(&wish, due) {
            Ok(painted) => {
                took += NEWEST * (begun.elapsed().as_secs_f64() - took);
                for (place, picture) in painted {
                    writers[place].write(Painted { picture, due, took });
                }
            }
            Err(e) => {
                // The last picture stays until another model is turned to.
                let reason = e.to_string();
                if reason != told {
                    told.clone_from(&reason);
                    tell(News::Complaint(reason));
                }
                std::thread::sleep(REST);
            }
        }
        if let Some(complaint) = painter.complaint() {
            tell(News::Complaint(complaint));
        }
    }
}
