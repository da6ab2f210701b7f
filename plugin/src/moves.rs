//! What an editor needs to go back and to compare: undo and redo of moved parameters, and two places A and B.
//!
//! Values are by place; what is merely pressed is none of them. The functions say what to set, and the editor's
//! [`crate::editor::hand::Hand`] sets it, so that the host knows of it.

use crate::parameters::{Parameters, sheets};

/// Most moves that can be undone.
const MOST: usize = 200;

/// The values of all parameters that stay where they are put, by place.
pub type Values = Vec<(usize, f64)>;

/// Reads the present values.
pub fn present(parameters: &Parameters) -> Values {
    let stays = sheets().iter().enumerate().filter(|(_, sheet)| !sheet.is_trigger());
    stays.map(|(place, _)| (place, parameters.knob(place).set_value())).collect()
}

/// What differs from `from` to `to`: places with the values of `to`.
fn difference(from: &Values, to: &Values) -> Values {
    from.iter().zip(to).filter(|(from, to)| from != to).map(|(_, to)| *to).collect()
}

/// Undo, redo, A and B.
#[derive(Debug, Clone, Default)]
pub struct Moves {
    now: Values,
    past: Vec<Values>,
    future: Vec<Values>,
    other: Option<Values>,
    on_b: bool,
}

impl Moves {
    /// Looks at the values once a gesture is over. The first look is where everything begins.
    pub fn note(&mut self, values: Values) {
        if values == self.now {
            return;
        }
        let before = std::mem::replace(&mut self.now, values);
        if !before.is_empty() {
            self.past.push(before);
            self.future.clear();
        }
        if self.past.len() > MOST {
            self.past.remove(0);
        }
    }

    /// Goes back by one: what to set.
    pub fn undo(&mut self) -> Values {
        let Some(before) = self.past.pop() else { return Values::new() };
        let changed = difference(&self.now, &before);
        self.future.push(std::mem::replace(&mut self.now, before));
        changed
    }

    /// Goes forward by one: what to set.
    pub fn redo(&mut self) -> Values {
        let Some(after) = self.future.pop() else { return Values::new() };
        let changed = difference(&self.now, &after);
        self.past.push(std::mem::replace(&mut self.now, after));
        changed
    }

    /// Whether there is something to undo and to redo.
    pub fn can(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }

    /// Whether B is heard, and not A.
    pub fn on_b(&self) -> bool {
        self.on_b
    }

    /// Changes between A and B: what to set. At first both are the same.
    pub fn switch(&mut self) -> Values {
        let other = self.other.replace(self.now.clone()).unwrap_or_else(|| self.now.clone());
        let changed = difference(&self.now, &other);
        self.on_b = !self.on_b;
        self.note(other);
        changed
    }

    /// Makes the place that is not heard the same as the one that is.
    pub fn copy(&mut self) {
        self.other = Some(self.now.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(a: f64, b: f64) -> Values {
        vec![(3, a), (4, b)]
    }

    #[test]
    fn moves_are_undone_and_done_again_and_a_new_one_forgets_what_was_undone() {
        let mut moves = Moves::default();
        moves.note(values(0.0, 0.0));
        assert_eq!(moves.can(), (false, false));
        moves.note(values(1.0, 0.0));
        moves.note(values(1.0, 0.0));
        moves.note(values(1.0, 2.0));
        assert_eq!(moves.undo(), [(4, 0.0)]);
        assert_eq!(moves.undo(), [(3, 0.0)]);
        assert_eq!(moves.undo(), []);
        assert_eq!(moves.redo(), [(3, 1.0)]);
        moves.note(values(5.0, 0.0));
        assert_eq!((moves.redo(), moves.undo()), (vec![], vec![(3, 1.0)]));
    }

    #[test]
    fn two_places_are_compared() {
        let mut moves = Moves::default();
        moves.note(values(1.0, 1.0));
        assert_eq!(moves.switch(), []);
        moves.note(values(2.0, 1.0));
        assert_eq!((moves.switch(), moves.on_b()), (vec![(3, 1.0)], false));
        assert_eq!((moves.switch(), moves.on_b()), (vec![(3, 2.0)], true));
        moves.copy();
        assert_eq!(moves.switch(), []);
    }
}
