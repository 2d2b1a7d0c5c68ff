//! Forecasts of an event: are the right rows ranked high, and are the probabilities right?

use crate::base::stats;

/// Mean squared error of probabilities; NaN when empty.
pub fn brier(p: &[f64], event: &[bool]) -> f64 {
    let error = |(p, e): (&f64, &bool)| (p - f64::from(u8::from(*e))).powi(2);
    p.iter().zip(event).map(error).sum::<f64>() / p.len() as f64
}

/// Area under the ROC curve: the probability that a row with the event scores above one without
/// it, ties counting half. `None` where one kind is missing.
pub fn auc(score: &[f64], event: &[bool]) -> Option<f64> {
    let with = event.iter().filter(|e| **e).count();
    let without = event.len() - with;
    if with == 0 || without == 0 {
        return None;
    }
    let ranks = ranks(score);
    let sum: f64 = ranks.iter().zip(event).filter(|(_, e)| **e).map(|(r, _)| r).sum();
    let least = (with * (with + 1)) as f64 / 2.0;
    Some((sum - least) / (with as f64 * without as f64))
}

/// Average precision: the mean, over rows with the event, of the share of events among the rows that
/// score at least as high. `None` without an event.
pub fn average_precision(score: &[f64], event: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
    let (mut rows, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|a, b| score[*a] == score[*b]) {
        let new = tied.iter().filter(|i| event[**i]).count() as f64;
        rows += tied.len() as f64;
        hits += new;
        sum += new * hits / rows;
    }
    (hits > 0.0).then(|| sum / hits)
}

/// Ranks from 1, ties sharing their mean rank.
fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
    let mut ranks = vec![0.0; x.len()];
    let mut from = 0;
    while from < order.len() {
        let tied = order[from..].iter().take_while(|i| x[**i] == x[order[from]]).count().max(1);
        let shared = from as f64 + (tied + 1) as f64 / 2.0;
        order[from..from + tied].iter().for_each(|i| ranks[*i] = shared);
        from += tied;
    }
    ranks
}

/// Share of events whose score exceeds the level that a share `false_alarms` of the other rows
/// exceeds (type-7 quantile of theirs). `None` where one kind is missing.
pub fn recall(score: &[f64], event: &[bool], false_alarms: f64) -> Option<f64> {
    let of =
        |kind: bool| -> Vec<f64> { score.iter().zip(event).filter(|(_, e)| **e == kind).map(|(s, _)| *s).collect() };
    let (with, without) = (of(true), of(false));
    if with.is_empty() || without.is_empty() {
        return None;
    }
    let level = stats::quantile(&stats::sorted(&without), 1.0 - false_alarms);
    Some(with.iter().filter(|s| **s > level).count() as f64 / with.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranking_all_events_first_is_one_and_a_coin_is_a_half() {
        let event = [false, false, true, true];
        assert_eq!(auc(&[0.1, 0.2, 0.3, 0.4], &event), Some(1.0));
        assert_eq!(auc(&[0.4, 0.3, 0.2, 0.1], &event), Some(0.0));
        assert_eq!(auc(&[0.5; 4], &event), Some(0.5));
        assert_eq!(auc(&[0.1, 0.3, 0.3, 0.4], &event), Some(0.875));
        assert_eq!(auc(&[0.1, 0.2], &[false, false]), None);
    }

    #[test]
    fn probabilities_that_are_right_have_no_error() {
        assert_eq!(brier(&[0.0, 1.0], &[false, true]), 0.0);
        assert_eq!(brier(&[0.5, 0.5], &[false, true]), 0.25);
    }

    #[test]
    fn recall_counts_events_above_the_level_of_false_alarms() {
        let score: Vec<f64> = (0..101).map(f64::from).chain([95.5, 94.0]).collect();
        let event: Vec<bool> = (0..103).map(|i| i > 100).collect();
        assert_eq!(recall(&score, &event, 0.05), Some(0.5));
    }
}
