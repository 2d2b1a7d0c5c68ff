//! Lead and lag: whether every instrument is stamped in step with the others.
//!
//! A listing whose bars carry the wrong stamp moves before the others do, or after. No shuffle of the
//! future finds that: what is misfiled is before every cut. So returns of every two instruments over one bar are
//! compared, in stretches of `STRETCH` bars, at each lag of up to `LONGEST`. Where two markets move together
//! they do so at lag 0; a correlation that clearly peaks elsewhere names the one that is out of step
//! with the most. Returns are clipped at `CLIP` robust standard deviations, so that no single jump
//! makes a correlation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::market::MarketEvents;
use crate::base::{Span, Symbol, Ts, stats};
use crate::event::{BarKind, Body, Event};

/// Bars of one stretch.
const STRETCH: usize = 500;
/// Longest lag looked at, in bars.
const LONGEST: usize = 24;
/// Fewest times at which both of a pair moved, in a stretch.
const PAIRED: usize = 100;
/// Returns are clipped at so many robust standard deviations.
const CLIP: f64 = 4.0;
/// Least correlation at the lag where it peaks.
const PEAK: f64 = 0.25;
/// A peak stands out by this much, and by so many standard errors.
const ABOVE: (f64, f64) = (0.15, 5.0);
/// Products that may be summed in all; longer markets are looked at in stretches spread evenly.
const PRODUCTS: usize = 500_000_000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeadLag {
    /// Length of a bar.
    pub bar: Span,
    /// Pairs of instruments in stretches whose correlation clearly peaks somewhere.
    pub compared: u64,
    /// Instruments whose stamps are out of step, and when.
    pub out_of_step: Vec<OutOfStep>,
    /// Whether there is none.
    pub passed: bool,
}

/// One instrument that is out of step with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutOfStep {
    /// The instrument. Of two alone it is the later of the configuration: no other tells which is wrong.
    pub symbol: Symbol,
    /// An instrument that is in step with the most, and with which it is compared below.
    pub against: Symbol,
    /// How many bars later than the others it is stamped; below zero, earlier.
    pub bars: i64,
    /// Correlation of the two one's returns at that lag.
    pub correlation: f64,
    /// And at the same time.
    pub at_zero: f64,
    /// Bars compared.
    pub n: u64,
    /// First close of the stretch where it is so.
    pub from: Ts,
    /// Last close.
    pub until: Ts,
}

impl std::fmt::Display for OutOfStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let OutOfStep { symbol, against, bars, correlation, at_zero, from, until, .. } = self;
        let (count, side) = (bars.unsigned_abs(), if *bars < 0 { "early" } else { "late" });
        let plural = if count == 1 { "" } else { "s" };
        write!(
            f,
            "{symbol} is stamped {count} bar{plural} {side} beside {against} from {from} to {until}: their returns correlate \
             {correlation:.2} at that lag and {at_zero:.2} at the same time; ingest it again with the right `stamp` or `zone`"
        )
    }
}

/// Compares every two instruments of a market whose bars have this length. `order` is that of the configuration.
pub fn check(market: &MarketEvents, order: &[Symbol], bar: Span) -> LeadLag {
    let none = LeadLag { bar, compared: 0, out_of_step: Vec::new(), passed: true };
    let series: Vec<(Symbol, Returns)> =
        order.iter().filter_map(|s| Some((*s, Returns::of(market.get(s)?, bar)?))).collect();
    let first = series.iter().map(|s| s.1.first).min();
    let last = series.iter().map(|s| s.1.first + s.1.values.len() as i64).max();
    let (Some(first), Some(last), 2..) = (first, last, series.len()) else { return none };
    let count = ((last - first) as usize).div_ceil(STRETCH);
    let pairs = series.len() * (series.len() - 1) / 2;
    let most = (PRODUCTS / (pairs * STRETCH * (2 * LONGEST + 1))).clamp(4, count.max(4));
    let mut found = LeadLag { ..none };
    // Evenly spread, the first and the last among them; all where there are not too many.
    let looked: Vec<usize> =
        if count <= most { (0..count).collect() } else { (0..most).map(|i| i * (count - 1) / (most - 1)).collect() };
    for at in looked {
        let from = first + (at * STRETCH) as i64;
        let stretch: Vec<(Symbol, Vec<f64>)> = series.iter().map(|(s, r)| (*s, r.clipped(from))).collect();
        let (compared, out) = within(&stretch, bar, from);
        found.compared += compared;
        for one in out {
            // What goes on from the stretch before is one finding, told by where it is clearest.
            let same = |o: &&mut OutOfStep| {
                (o.symbol, o.bars, o.against) == (one.symbol, one.bars, one.against)
                    && one.from - o.until <= bar.times(2)
            };
            match found.out_of_step.iter_mut().rev().find(same) {
                Some(o) => {
                    let n = o.n + one.n;
                    let (from, until) = (o.from, one.until);
                    let clearer = if one.correlation > o.correlation { one } else { o.clone() };
                    *o = OutOfStep { from, until, n, ..clearer };
                }
                None => found.out_of_step.push(one),
            }
        }
    }
    found.passed = found.out_of_step.is_empty();
    found
}

/// Log returns from bar to bar, by the number of the bar's close on the grid; NaN where one of two
/// closes is absent.
struct Returns {
    /// Number of the first bar.
    first: i64,
    values: Vec<f64>,
}

impl Returns {
    /// Of bars of that length, or of the last trades before each point of the grid. `None` without two.
    fn of(events: &[Event], bar: Span) -> Option<Returns> {
        let mut closes: BTreeMap<i64, f64> = BTreeMap::new();
        for event in events {
            let (at, price) = match &event.body {
                Body::Bar(b) if b.kind == BarKind::Trade => (event.ts_event.0.div_euclid(bar.0), b.close),
                Body::Trade(t) => (event.ts_event.0.div_euclid(bar.0) + 1, t.price),
                _ => continue,
            };
            if price > 0.0 {
                closes.insert(at, price.ln());
            }
        }
        let (first, last) = (*closes.first_key_value()?.0, *closes.last_key_value()?.0);
        let mut values = vec![f64::NAN; usize::try_from(last - first).ok()? + 1];
        for ((a, x), (b, y)) in closes.iter().zip(closes.iter().skip(1)) {
            if b - a == 1 {
                values[(b - first) as usize] = y - x;
            }
        }
        (closes.len() > 1).then_some(Returns { first, values })
    }
    /// The stretch from a bar on, and the longest lag on either side of it, in robust standard deviations.
    fn clipped(&self, from: i64) -> Vec<f64> {
        let reach = LONGEST as i64;
        let at = |i: i64| usize::try_from(i - self.first).ok().and_then(|i| self.values.get(i)).copied();
        let raw: Vec<f64> = (from - reach..from + STRETCH as i64 + reach).map(|i| at(i).unwrap_or(f64::NAN)).collect();
        let sizes: Vec<f64> = raw.iter().map(|r| r.abs()).filter(|r| *r > 0.0).collect();
        // 0.6745: the median size of a standard normal number.
        let scale = stats::quantile(&stats::sorted(&sizes), 0.5) / 0.6745;
        raw.into_iter().map(|r| (r / scale).clamp(-CLIP, CLIP)).collect()
    }
}

/// Where the correlation of two instruments peaks.
#[derive(Clone, Copy)]
struct Peak {
    /// Bars by which the first is later than the second.
    later: i64,
    correlation: f64,
    at_zero: f64,
    n: usize,
}

/// The clear peak of two stretches, if there is one.
fn peak(a: &[f64], b: &[f64]) -> Option<Peak> {
    let at_lag = |later: i64| -> Option<(f64, usize)> {
        let (mut ab, mut aa, mut bb, mut n) = (0.0, 0.0, 0.0, 0);
        for i in LONGEST..a.len() - LONGEST {
            // The first is later: what it does now, the second did before.
            let (x, y) = (a[i], b[(i as i64 - later) as usize]);
            if x.is_nan() || y.is_nan() {
                continue;
            }
            (ab, aa, bb, n) = (ab + x * y, aa + x * x, bb + y * y, n + 1);
        }
        (n >= PAIRED && aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt(), n))
    };
    let reach = LONGEST as i64;
    let all: Vec<(i64, f64, usize)> =
        (-reach..=reach).filter_map(|later| at_lag(later).map(|(c, n)| (later, c, n))).collect();
    let best = all.iter().max_by(|x, y| x.1.total_cmp(&y.1))?;
    let next = all.iter().filter(|x| x.0 != best.0).map(|x| x.1).fold(f64::NEG_INFINITY, f64::max);
    let above = ABOVE.0.max(ABOVE.1 / (best.2 as f64).sqrt());
    let clear = best.1 >= PEAK && best.1 - next >= above;
    let at_zero = all.iter().find(|x| x.0 == 0).map_or(f64::NAN, |x| x.1);
    clear.then_some(Peak { later: best.0, correlation: best.1, at_zero, n: best.2 })
}

/// Pairs with a clear peak in a stretch, and the instruments that are out of step with the most of those that
/// they are tied to.
fn within(stretch: &[(Symbol, Vec<f64>)], bar: Span, from: i64) -> (u64, Vec<OutOfStep>) {
    let n = stretch.len();
    let mut peaks: BTreeMap<(usize, usize), Peak> = BTreeMap::new();
    for i in 0..n {
        for j in i + 1..n {
            if let Some(p) = peak(&stretch[i].1, &stretch[j].1) {
                peaks.insert((i, j), p);
                peaks.insert((j, i), Peak { later: -p.later, ..p });
            }
        }
    }
    let mut later: Vec<Option<i64>> = vec![None; n];
    let mut out = Vec::new();
    for start in 0..n {
        if later[start].is_some() {
            continue;
        }
        // All that are tied to it by clear peaks, each with its place in time.
        let mut group = vec![start];
        later[start] = Some(0);
        let mut next = 0;
        while next < group.len() {
            let i = group[next];
            next += 1;
            for j in 0..n {
                if let (None, Some(own), Some(p)) = (later[j], later[i], peaks.get(&(j, i))) {
                    later[j] = Some(own + p.later);
                    group.push(j);
                }
            }
        }
        let place = |i: usize| later[i].unwrap_or(0);
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        group.iter().for_each(|i| *counts.entry(place(*i)).or_default() += 1);
        let most = counts.values().copied().max().unwrap_or(0);
        // Of places with as many, that of the first instrument.
        let Some(right) = group.iter().copied().find(|i| counts.get(&place(*i)) == Some(&most)).map(place) else {
            continue;
        };
        for i in group.iter().copied().filter(|i| place(*i) != right) {
            let bars = place(i) - right;
            let beside = |j: &usize| place(*j) == right && peaks.get(&(i, *j)).is_some_and(|p| p.later == bars);
            let Some((j, p)) = group.iter().copied().filter(beside).find_map(|j| Some((j, *peaks.get(&(i, j))?)))
            else {
                continue;
            };
            let time = |number: i64| Ts(number * bar.0);
            out.push(OutOfStep {
                symbol: stretch[i].0,
                against: stretch[j].0,
                bars,
                correlation: p.correlation,
                at_zero: p.at_zero,
                n: p.n as u64,
                from: time(from),
                until: time(from + STRETCH as i64 - 1),
            });
        }
    }
    (peaks.len() as u64 / 2, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use crate::event::{Bar, Trade};

    const BAR: Span = Span::HOUR;

    fn names(n: usize) -> Vec<Symbol> {
        ["AAA", "BBB", "CCC", "DDD", "EEE"][..n].iter().map(|s| s.parse().unwrap()).collect()
    }

    /// Closes of instruments that share a market and have smaller moves of their own, each so many bars late
    /// from a bar on.
    fn market(n: usize, bars: usize, late: impl Fn(usize, usize) -> i64) -> MarketEvents {
        let mut common = Seed(1).named("common").normals();
        let common: Vec<f64> = (0..bars + 100).map(|_| common.draw()).collect();
        let of = |(k, symbol): (usize, Symbol)| {
            let mut own = Seed(1).named(symbol.as_str()).normals();
            let mut price = 100.0f64;
            let event = |i: usize| {
                let seen = (i as i64 + 50 - late(k, i)) as usize;
                price *= (0.01 * (common[seen] + 0.6 * own.draw())).exp();
                let ts = Ts(0) + BAR.times(i as i64 + 1);
                let bar = Bar {
                    ts_open: ts - BAR,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: None,
                    quote_volume: None,
                    trades: None,
                    taker_buy_volume: None,
                    taker_buy_quote_volume: None,
                    kind: BarKind::Trade,
                };
                Event { symbol, ts_event: ts, ts_known: ts, seq: i as u64, body: Body::Bar(bar) }
            };
            (symbol, (0..bars).map(event).collect())
        };
        names(n).into_iter().enumerate().map(of).collect()
    }

    fn found(market: &MarketEvents, n: usize) -> Vec<(String, i64)> {
        let mut found: Vec<(String, i64)> =
            check(market, &names(n), BAR).out_of_step.iter().map(|o| (o.symbol.to_string(), o.bars)).collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn markets_that_move_together_at_the_same_time_are_in_step() {
        let got = check(&market(5, 3000, |_, _| 0), &names(5), BAR);
        assert!(got.passed && got.out_of_step.is_empty() && got.compared > 50, "{got:?}");
        // One alone, or two that have nothing to do with each other, cannot be told.
        assert_eq!(check(&market(1, 3000, |_, _| 0), &names(1), BAR).compared, 0);
        let apart = market(2, 3000, |k, i| if k == 1 { (i as i64 * 7919) % 49 } else { 0 });
        let got = check(&apart, &names(2), BAR);
        assert!(got.passed && got.compared == 0, "{got:?}");
    }

    #[test]
    fn whoever_is_early_or_late_is_named_with_how_many_bars() {
        assert_eq!(found(&market(5, 3000, |k, _| if k == 3 { -1 } else { 0 }), 5), [("DDD".into(), -1)]);
        assert_eq!(found(&market(5, 3000, |k, _| [0, 2, 0, -2, 0][k]), 5), [("BBB".into(), 2), ("DDD".into(), -2)]);
        assert_eq!(found(&market(5, 3000, |k, _| [8, 0, 0, 0, 0][k]), 5), [("AAA".into(), 8)]);
        // Of two alone the later in the configuration is named.
        assert_eq!(found(&market(2, 3000, |k, _| [0, -1][k]), 2), [("BBB".into(), -1)]);
    }

    #[test]
    fn a_month_that_was_filed_early_is_found_among_years_and_dated() {
        let got = check(
            &market(3, 20_000, |k, i| if k == 1 && (9_100..9_820).contains(&i) { -1 } else { 0 }),
            &names(3),
            BAR,
        );
        let [one] = &got.out_of_step[..] else { panic!("{got:?}") };
        assert_eq!((one.symbol, one.bars), (names(2)[1], -1));
        assert!(one.from >= Ts(0) + BAR.times(8_600) && one.until <= Ts(0) + BAR.times(10_320), "{one}");
        assert!(one.to_string().contains("BBB is stamped 1 bar early beside AAA"), "{one}");
    }

    #[test]
    fn gaps_of_a_venue_and_single_jumps_are_no_lag() {
        let mut gaps = market(4, 4000, |_, _| 0);
        gaps.get_mut(&names(4)[2]).unwrap().retain(|e| e.seq % 97 > 11 && !(1_000..1_900).contains(&e.seq));
        let got = check(&gaps, &names(4), BAR);
        assert!(got.passed && got.compared > 0, "{got:?}");
        // Two crashes an hour apart, a hundred times the usual move.
        let mut jumps = market(2, 1000, |k, i| if k == 1 { (i as i64 * 7919) % 49 } else { 0 });
        for (k, symbol) in names(2).into_iter().enumerate() {
            for event in jumps.get_mut(&symbol).unwrap().iter_mut().filter(|e| e.seq as usize >= 700 + k) {
                if let Body::Bar(bar) = &mut event.body {
                    bar.close *= 0.3;
                }
            }
        }
        assert!(check(&jumps, &names(2), BAR).passed);
    }

    #[test]
    fn trades_are_compared_at_the_points_of_the_grid() {
        let mut market = market(3, 2000, |k, _| if k == 2 { 1 } else { 0 });
        for event in market.values_mut().flatten() {
            let Body::Bar(bar) = event.body else { continue };
            event.body = Body::Trade(Trade { price: bar.close, qty: 1.0, aggressor: 0, n_trades: 1 });
            event.ts_event = event.ts_event - Span::MINUTE;
        }
        assert_eq!(found(&market, 3), [("CCC".into(), 1)]);
    }
}
