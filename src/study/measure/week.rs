//! What happens by hour of the week.

use crate::base::{Span, Ts};
use crate::margin::Decision;

/// Hours of a week.
pub const HOURS: usize = 168;

/// By hour of the week from Monday 00:00 UTC on: the volatility that was forecast over its mean, the share of losses above
/// the margin, the margin over its mean. NaN where nothing was decided in an hour.
pub fn of(ts: &[Ts], volatility: &[f64], rows: &[(&Decision, f64)]) -> [Vec<f64>; 3] {
    let margin: Vec<f64> = rows.iter().map(|r| r.0.c_im).collect();
    let breach: Vec<f64> = rows.iter().map(|r| f64::from(u8::from(r.1 > r.0.c_im))).collect();
    [relative(ts, volatility), by_hour(ts, &breach), relative(ts, &margin)]
}

/// Means by hour over the mean of all.
fn relative(ts: &[Ts], values: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    by_hour(ts, values).into_iter().map(|x| x / mean).collect()
}

/// Means by hour.
fn by_hour(ts: &[Ts], values: &[f64]) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; HOURS], vec![0.0; HOURS]);
    for (t, x) in ts.iter().zip(values).filter(|(_, x)| x.is_finite()) {
        let hour = hour(*t);
        sums[hour] += x;
        counts[hour] += 1.0;
    }
    sums.into_iter().zip(counts).map(|(sum, n)| sum / n).collect()
}

/// The first instant of 1970 was the beginning of a Thursday.
fn hour(t: Ts) -> usize {
    let hours = t.0.div_euclid(Span::HOUR.0) + 3 * 24;
    hours.rem_euclid(HOURS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_counted_from_monday_and_means_are_relative() {
        let at = |text: &str| text.parse::<Ts>().unwrap();
        assert_eq!(hour(at("2024-01-01")), 0, "a Monday");
        assert_eq!(hour(at("2024-01-07T23:00:00Z")), 167);
        let ts = [at("2024-01-01"), at("2024-01-08"), at("2024-01-02")];
        let means = relative(&ts, &[1.0, 3.0, f64::NAN]);
        assert_eq!(means[0], 1.0);
        assert!(means[24].is_nan() && means[1].is_nan());
        let means = relative(&ts, &[1.0, 3.0, 5.0]);
        assert_eq!([means[0], means[24]], [2.0 / 3.0, 5.0 / 3.0]);
    }
}
