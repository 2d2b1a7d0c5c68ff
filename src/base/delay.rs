//! Delayed answers: what was asked now is answered when its time has passed.

use std::collections::VecDeque;

use super::Ts;

/// A queue of questions, each with the time at which its answer may first be known. Learning from
/// an answer before that time would be look-ahead; this type makes it impossible to ask early.
#[derive(Clone, Debug)]
pub struct Delayed<T> {
    queue: VecDeque<(Ts, T)>,
}

impl<T> Default for Delayed<T> {
    fn default() -> Self {
        Delayed { queue: VecDeque::new() }
    }
}

impl<T> Delayed<T> {
    /// Adds a question whose answer is known at `due`. Questions come in order of `due`.
    pub fn ask(&mut self, due: Ts, question: T) {
        debug_assert!(self.queue.back().is_none_or(|last| last.0 <= due), "questions come in order of due time");
        self.queue.push_back((due, question));
    }
    /// The oldest question if its answer is known at `now`.
    pub fn answer(&mut self, now: Ts) -> Option<(Ts, T)> {
        if self.queue.front()?.0 <= now { self.queue.pop_front() } else { None }
    }
    /// How many questions wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }
    /// Whether no question waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
    /// The waiting questions, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &(Ts, T)> {
        self.queue.iter()
    }
}
