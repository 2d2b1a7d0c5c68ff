//! Horizons that agree: what one model says of a longer stretch is no less than what it says, at the
//! same close, of a shorter one that lies inside it.
//!
//! A model of one horizon is fitted for it alone, so nothing in the fits keeps a day above eight hours.
//! Realised variance adds up over rows, so a forecast of it must not fall with the horizon; the tails of
//! the return, of losses on either side, are held to the same. What is short is lifted, never lowered:
//! the longer horizon takes the larger number. It is done where forecasts leave the models for everyone
//! else, so a study, the service and an audit see the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::named_forecast::NamedForecast;
use crate::base::{Horizon, Ts};
use crate::forecast::Dist;

/// Place of the median among the quantiles.
const MEDIAN: usize = 4;

/// Lifts what one model says over a longer horizon to what it says over a shorter one.
pub(super) fn agree(forecasts: &mut [NamedForecast]) {
    type Place = (Horizon, usize);
    let mut by_model: BTreeMap<(Arc<str>, Ts), Vec<Place>> = BTreeMap::new();
    for (i, f) in forecasts.iter().enumerate() {
        by_model.entry((Arc::clone(&f.name), f.forecast.issued)).or_default().push((f.forecast.horizon, i));
    }
    for mut places in by_model.into_values().filter(|places| places.len() > 1) {
        places.sort_unstable();
        for pair in places.windows(2) {
            let shorter = forecasts[pair[0].1].forecast.dist;
            let longer = &mut forecasts[pair[1].1];
            let dist = lifted(&longer.forecast.dist, &shorter);
            longer.lifted = dist != longer.forecast.dist;
            longer.forecast.dist = dist;
        }
    }
}

/// A distribution whose variance and losses on either side are at least those of another.
fn lifted(longer: &Dist, shorter: &Dist) -> Dist {
    let mut q = longer.q;
    for (i, (q, s)) in q.iter_mut().zip(shorter.q).enumerate() {
        match i {
            i if i < MEDIAN => *q = q.min(s),
            i if i > MEDIAN => *q = q.max(s),
            _ => {}
        }
    }
    Dist {
        rv: longer.rv.max(shorter.rv),
        sd: longer.sd.max(shorter.sd),
        q,
        es01: longer.es01.min(shorter.es01),
        es99: longer.es99.max(shorter.es99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::forecast::Forecast;

    fn named(name: &str, hours: i64, issued: i64, dist: Dist) -> NamedForecast {
        let horizon = Horizon(Span::HOUR.times(hours));
        let forecast = Forecast { issued: Ts(issued), horizon, dist, regime: None, spike: None };
        NamedForecast { name: name.into(), symbol: "A".parse().unwrap(), forecast, silent_share: 0.0, lifted: false }
    }

    #[test]
    fn a_longer_horizon_is_lifted_to_the_largest_shorter_one_in_whatever_order_they_come() {
        let sd = |sd: f64| Dist::normal(sd * sd, sd);
        let mut all = vec![named("x", 24, 0, sd(0.02)), named("x", 1, 0, sd(0.03)), named("x", 8, 0, sd(0.025))];
        agree(&mut all);
        assert!(all.iter().all(|f| f.forecast.dist == sd(0.03)));
        assert_eq!(all.iter().map(|f| f.lifted).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn one_tail_alone_is_lifted_alone_and_stays_sound() {
        let (short, mut long) = (Dist::normal(1e-4, 0.01), Dist::normal(4e-4, 0.02));
        long.q[5..].iter_mut().for_each(|q| *q *= 0.3);
        long.es99 *= 0.3;
        let mut all = vec![named("x", 1, 0, short), named("x", 8, 0, long)];
        agree(&mut all);
        let dist = all[1].forecast.dist;
        assert!(all[1].lifted && dist.is_sound());
        assert_eq!((dist.rv, dist.sd, &dist.q[..5], dist.es01), (long.rv, long.sd, &long.q[..5], long.es01));
        assert_eq!((&dist.q[5..], dist.es99), (&short.q[5..], short.es99));
    }

    #[test]
    fn other_models_other_closes_and_what_agrees_already_are_left_as_they_are() {
        let sd = |sd: f64| Dist::normal(sd * sd, sd);
        let mut all = vec![
            named("x", 1, 5, sd(0.01)),
            named("x", 8, 5, sd(0.02)),
            named("y", 8, 5, sd(0.005)),
            named("z", 1, 5, sd(0.01)),
            named("z", 8, 4, sd(0.005)),
        ];
        let as_given = all.clone();
        agree(&mut all);
        assert_eq!(all, as_given);
    }
}
