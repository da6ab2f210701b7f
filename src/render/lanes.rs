//! Work on several threads whose results come in the order in which it was given.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

/// Things that may wait in a lane.
const WAITING: u64 = 3;

/// Threads that take things in turn. What comes of a thing does not depend on which of them had it, so nothing depends on how many
/// there are.
pub(super) struct Lanes<T, R> {
    lanes: Vec<(SyncSender<T>, Receiver<R>)>,
    given: u64,
    taken: u64,
}

impl<T: Send, R: Send> Lanes<T, R> {
    /// A thread for each worker; they end when this is dropped.
    pub fn spawn<'scope, W>(scope: &'scope Scope<'scope, '_>, workers: impl IntoIterator<Item = W>) -> Self
    where
        T: 'scope,
        R: 'scope,
        W: FnMut(T) -> R + Send + 'scope,
    {
        let spawn = |mut work: W| {
            let (give, things) = sync_channel::<T>(WAITING as usize);
            let (done, take) = sync_channel(WAITING as usize);
            // Nobody wants more where the other end is gone.
            scope.spawn(move || things.into_iter().try_for_each(|thing| done.send(work(thing))));
            (give, take)
        };
        Self { lanes: workers.into_iter().map(spawn).collect(), given: 0, taken: 0 }
    }

    /// Whether another thing would not have to wait for those before it to be taken.
    pub fn has_room(&self) -> bool {
        self.given - self.taken < WAITING * self.lanes.len() as u64
    }

    /// Gives a thing to the thread whose turn it is.
    pub fn give(&mut self, thing: T) {
        if let Some(place) = self.place(self.given) {
            // A thread that is gone is noticed when its result is missed.
            drop(self.lanes[place].0.send(thing));
        }
        self.given += 1;
    }

    /// Waits for the next result; `None` where nothing more was given, or its thread broke.
    pub fn take(&mut self) -> Option<R> {
        if self.taken == self.given {
            return None;
        }
        let place = self.place(self.taken)?;
        self.taken += 1;
        self.lanes[place].1.recv().ok()
    }

    fn place(&self, number: u64) -> Option<usize> {
        number.checked_rem(self.lanes.len() as u64).map(|place| place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        for threads in 1..5_u64 {
            std::thread::scope(|scope| {
                let workers = (0..threads).map(|own| {
                    move |thing: u64| {
                        // Some are slower than others.
                        std::thread::sleep(std::time::Duration::from_micros(300 * own));
                        thing * thing
                    }
                });
                let mut lanes = Lanes::spawn(scope, workers);
                let (mut next, mut results) = (0, Vec::new());
                while results.len() < 40 {
                    while next < 40 && lanes.has_room() {
                        lanes.give(next);
                        next += 1;
                    }
                    results.push(lanes.take().unwrap());
                }
                assert_eq!(results, (0..40).map(|x| x * x).collect::<Vec<u64>>(), "{threads} threads");
                assert_eq!(lanes.take(), None);
                // What is still under way when it is dropped holds nobody up.
                (0..3).for_each(|thing| lanes.give(thing));
            });
        }
    }
}
