//! Outcomes of running forecasts: a question is asked at one row and answered `ahead` rows later.

use std::collections::VecDeque;

use crate::base::Ts;
use crate::feature::{Feature, Row};

/// Questions put to the future, answered row by row. A question whose rows do not follow without a
/// gap is dropped: its outcome will never be known in full.
#[derive(Clone, Debug)]
pub struct Pending<T> {
    ahead: usize,
    open: VecDeque<Question<T>>,
}

#[derive(Clone, Debug)]
struct Question<T> {
    what: T,
    next_open: Ts,
    rows: usize,
    rv: f64,
    ret: f64,
}

/// An answered question: what was asked, and the realised variance and log return since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<T> {
    /// What was asked.
    pub what: T,
    /// Realised variance over the horizon, in the rows' measure; positive.
    pub rv: f64,
    /// Log return over the horizon.
    pub ret: f64,
}

impl<T> Pending<T> {
    /// For questions about the next `ahead` rows.
    pub fn new(ahead: usize) -> Pending<T> {
        Pending { ahead, open: VecDeque::new() }
    }
    /// Asks at the close of `row` about the rows after it.
    pub fn ask(&mut self, row: &Row, what: T) {
        self.open.push_back(Question { what, next_open: row.ts, rows: 0, rv: 0.0, ret: 0.0 });
    }
    /// Takes the next row; gives the question that it answers, if any.
    pub fn answer(&mut self, row: &Row) -> Option<Answer<T>> {
        let (rv, ret) = (row.raw(Feature::Rv), row.raw(Feature::Ret));
        self.open.retain(|q| q.next_open == row.ts_open && rv.is_finite() && ret.is_finite());
        for q in &mut self.open {
            q.rows += 1;
            q.rv += rv;
            q.ret += ret;
            q.next_open = row.ts;
        }
        let done = self.open.front().is_some_and(|q| q.rows == self.ahead);
        let q = if done { self.open.pop_front()? } else { return None };
        (q.rv > 0.0).then_some(Answer { what: q.what, rv: q.rv, ret: q.ret })
    }
}
