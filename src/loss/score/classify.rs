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

/// Mean negative log likelihood of the events. A probability of 0 or 1 counts as 1e-15 off it, so that
/// one wrong certainty is not infinite; NaN when empty.
pub fn log_loss(p: &[f64], event: &[bool]) -> f64 {
    let one = |(p, e): (&f64, &bool)| -(if *e { *p } else { 1.0 - p }).clamp(1e-15, 1.0).ln();
    p.iter().zip(event).map(one).sum::<f64>() / p.len() as f64
}

/// What a Brier score is made of (Murphy 1973): `brier = reliability - resolution + uncertainty +
/// within`. The first three are of probabilities that stand for their bin's mean; `within` is what
/// their differences inside bins add.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrierParts {
    /// Mean squared distance of a bin's mean probability from its share of events; lower is better.
    pub reliability: f64,
    /// Mean squared distance of a bin's share of events from the base rate; higher is better.
    pub resolution: f64,
    /// Base rate times its complement: the Brier score of always saying it.
    pub uncertainty: f64,
    /// The rest.
    pub within: f64,
}

/// Decomposes over bins that begin at the given edges, ascending; what lies below the first belongs to it.
/// `None` when empty.
pub fn brier_parts(p: &[f64], event: &[bool], edges: &[f64]) -> Option<BrierParts> {
    let n = p.len() as f64;
    let mut bins = vec![(0.0, 0.0, 0.0); edges.len().max(1)];
    for (p, e) in p.iter().zip(event) {
        let (count, said, events) = &mut bins[edges.iter().skip(1).filter(|edge| p >= *edge).count()];
        *count += 1.0;
        *said += p;
        *events += f64::from(u8::from(*e));
    }
    let rate = event.iter().filter(|e| **e).count() as f64 / n;
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for (count, said, events) in bins.into_iter().filter(|b| b.0 > 0.0) {
        let share = events / count;
        reliability += count / n * (said / count - share).powi(2);
        resolution += count / n * (share - rate).powi(2);
    }
    let uncertainty = rate * (1.0 - rate);
    let within = brier(p, event) - (reliability - resolution + uncertainty);
    (!p.is_empty()).then_some(BrierParts { reliability, resolution, uncertainty, within })
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
    fn a_brier_score_is_the_sum_of_its_parts() {
        let (p, event) = ([0.1, 0.1, 0.7, 0.7, 0.7], [false, true, true, true, false]);
        let parts = brier_parts(&p, &event, &[0.0, 0.5]).unwrap();
        // Bins (0.1; 1 of 2) and (0.7; 2 of 3) at a base rate of 3 of 5.
        let reliability = 0.4 * 0.4f64.powi(2) + 0.6 * (0.7f64 - 2.0 / 3.0).powi(2);
        let resolution = 0.4 * 0.1f64.powi(2) + 0.6 * (2.0f64 / 3.0 - 0.6).powi(2);
        assert!((parts.reliability - reliability).abs() < 1e-15 && (parts.resolution - resolution).abs() < 1e-15);
        assert!((parts.uncertainty - 0.24).abs() < 1e-15 && parts.within.abs() < 1e-15, "{parts:?}");
        let spread = brier_parts(&[0.05, 0.15, 0.6, 0.7, 0.8], &event, &[0.0, 0.5]).unwrap();
        assert!((spread.reliability - parts.reliability).abs() < 1e-15 && spread.within != 0.0);
        assert_eq!(brier_parts(&[], &[], &[0.0]), None);
    }

    #[test]
    fn log_loss_is_that_of_scikit_learn() {
        // sklearn.metrics.log_loss 1.9.1: ([1, 0, 0], [.9, .1, .8]).
        assert!((log_loss(&[0.9, 0.1, 0.8], &[true, false, false]) - 0.6067196479165844).abs() < 1e-12);
        assert!(log_loss(&[1.0], &[false]).is_finite());
    }

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
