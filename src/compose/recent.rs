//! What a melody network was asked a short while ago. The same music is often told to it twice: a call as it grows, a phrase
//! up to where something new is heard, an answer that was thought out before its time. Its runs depend on nothing but what it
//! has heard and the place, so what is known need not be computed again.

use super::{Expectation, Place};
use crate::music::encoding::Token;
use std::collections::VecDeque;
use std::sync::Arc;

/// Expectations and ways on that are kept: some calls and their answers.
const KEPT: usize = 256;

/// The last expectations, with where each was asked for, and where events led from them.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// The last number that was given to a moment or an expectation.
    last: u64,
    known: VecDeque<(u64, Place, Arc<Expectation>)>,
    /// From an expectation's number by an event to a moment.
    ways: VecDeque<(u64, Token, u64)>,
}

impl Recent {
    /// Forgets all of it, as for another network. Numbers are not used again.
    pub fn forget(&mut self) {
        self.known.clear();
        self.ways.clear();
    }

    /// A number that was not given before; never 0.
    pub fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// What was expected at a moment of a place; with its probabilities, where `whole`.
    pub fn find(&self, moment: u64, place: Place, whole: bool) -> Option<Arc<Expectation>> {
        let here = |(m, p, _): &&(u64, Place, Arc<Expectation>)| (*m, *p) == (moment, place);
        self.known.iter().rev().find(here).map(|(_, _, e)| e).filter(|e| e.is_whole() || !whole).cloned()
    }

    /// Keeps an expectation, in the place of one that told less.
    pub fn keep(&mut self, place: Place, expectation: Expectation) -> Arc<Expectation> {
        let moment = expectation.asked.0;
        if let Some((_, _, known)) = self.known.iter_mut().rev().find(|(m, p, _)| *m == moment && *p == place) {
            // Its number stays, and so do the ways that lead on from it.
            *known = Arc::new(Expectation { asked: known.asked, ..expectation });
            return Arc::clone(known);
        }
        if self.known.len() == KEPT {
            self.known.pop_front();
        }
        let expectation = Arc::new(expectation);
        self.known.push_back((moment, place, Arc::clone(&expectation)));
        expectation
    }

    /// The moment after an event that followed an expectation.
    pub fn after(&mut self, expectation: u64, event: Token) -> u64 {
        let same = |(e, t, _): &&(u64, Token, u64)| (*e, *t) == (expectation, event);
        if let Some((_, _, moment)) = self.ways.iter().rev().find(same) {
            return *moment;
        }
        let moment = self.number();
        if self.ways.len() == KEPT {
            self.ways.pop_front();
        }
        self.ways.push_back((expectation, event, moment));
        moment
    }
}
