//! Made-up but repeatable events for tests and benches: the same seed gives the same events.
//!
//! One market is behind bars and trades alike. The variance of a step of `d` days follows
//! GARCH(1,1), `v' = w + a r^2 + b v`, with persistence `a + b = exp(-d / 10)`, `a = 0.05` at most
//! and a mean of 60 % a year; shocks are a mixture of normals (one in fifty is three times as large);
//! days have a season. Order flow follows the market: volume grows with volatility, and the share
//! of buying takers leans with the return and remembers itself.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Bar, BarKind, Body, Event, Trade};
use crate::base::{Seed, Span, Symbol, Ts};

/// Variance of a day's log return: 60 % a year.
const VARIANCE_PER_DAY: f64 = 0.6 * 0.6 / 365.0;
const MEMORY_DAYS: f64 = 10.0;
const SHOCK_WEIGHT: f64 = 0.05;
const TICK: f64 = 0.01;
/// Steps inside a bar, from which its high and low come.
const STEPS_PER_BAR: usize = 12;

struct Market {
    rng: ChaCha8Rng,
    /// Variance of a step relative to its mean.
    heat: f64,
    log_price: f64,
    /// Imbalance of buying and selling takers, about -0.5 to 0.5.
    lean: f64,
}

impl Market {
    fn new(seed: Seed, symbol: Symbol) -> Market {
        let mut rng = seed.named(symbol.as_str()).rng();
        let log_price = rng.random_range(1.0..10.0_f64);
        Market { rng, heat: 1.0, log_price, lean: 0.0 }
    }
    fn uniform(&mut self) -> f64 {
        self.rng.random::<f64>().max(f64::MIN_POSITIVE)
    }
    /// Standard normal, Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }
    /// Moves the price over `span`; gives the log return.
    fn step(&mut self, at: Ts, span: Span) -> f64 {
        let days = span.days();
        let hour = at.0.rem_euclid(Span::DAY.0) as f64 / Span::HOUR.0 as f64;
        let season = 1.0 + 0.4 * ((hour - 9.0) / 24.0 * 2.0 * std::f64::consts::PI).sin();
        // 0.98 + 0.02 * 9 = 1.16 is the variance of the mixture.
        let size = if self.uniform() < 0.02 { 3.0 } else { 1.0 } / 1.16_f64.sqrt();
        let shock = size * self.normal();
        let r = (VARIANCE_PER_DAY * days * self.heat * season).sqrt() * shock;
        let kept = (-days / MEMORY_DAYS).exp();
        // Over short steps shocks weigh less, so that the variance of the variance has a limit.
        let a = (SHOCK_WEIGHT * days.sqrt() * 5.0).min(SHOCK_WEIGHT).min(kept);
        self.heat = (1.0 - kept) + a * self.heat * shock * shock + (kept - a) * self.heat;
        self.log_price += r;
        let pull = if r > 0.0 { 0.06 } else { -0.06 };
        self.lean = (0.7 * self.lean + pull * shock.abs().min(3.0) + 0.04 * self.normal()).clamp(-0.45, 0.45);
        r
    }
    fn price(&self) -> f64 {
        ((self.log_price.exp() / TICK).round() * TICK).max(TICK)
    }
}

/// `count` bars of trades without a gap: the first opens at `start`, each is known at its close.
pub fn bars(seed: Seed, symbol: Symbol, start: Ts, span: Span, count: usize) -> Vec<Event> {
    let mut market = Market::new(seed, symbol);
    let step = Span((span.0 / STEPS_PER_BAR as i64).max(1));
    let one = |i: usize| {
        let ts_open = start + span.times(i as i64);
        let open = market.price();
        let (mut high, mut low, mut paid, mut volume) = (open, open, 0.0, 0.0);
        for k in 0..STEPS_PER_BAR {
            let r = market.step(ts_open + step.times(k as i64), step);
            let traded =
                (1e4 * step.days()) * (market.heat.sqrt() + r.abs() * 50.0) * (0.5 * market.normal() - 0.125).exp();
            let price = market.price();
            (high, low) = (high.max(price), low.min(price));
            volume += traded;
            paid += traded * price;
        }
        let buy = 0.5 + market.lean;
        let bar = Bar {
            ts_open,
            open,
            high,
            low,
            close: market.price(),
            volume: Some(volume),
            quote_volume: Some(paid),
            trades: Some((volume * 20.0).ceil()),
            taker_buy_volume: Some(volume * buy),
            taker_buy_quote_volume: Some(paid * buy),
            kind: BarKind::Trade,
        };
        let close = ts_open + span;
        Event { symbol, ts_event: close, ts_known: close, seq: i as u64, body: Body::Bar(bar) }
    };
    (0..count).map(one).collect()
}

/// `count` trades from `start` on, `mean_gap` apart on average. Times are whole milliseconds, so
/// several trades share one, as they do on exchanges.
pub fn trades(seed: Seed, symbol: Symbol, start: Ts, count: usize, mean_gap: Span) -> Vec<Event> {
    let mut market = Market::new(seed, symbol);
    let mut at = start;
    let one = |i: usize| {
        // Trades come faster when the market is hot; the mean gap holds on average only.
        let gap = Span((-market.uniform().ln() * mean_gap.0 as f64 / market.heat.sqrt()).min(1e18) as i64);
        market.step(at, Span(gap.0.max(1)));
        at = at + gap;
        let buys = market.uniform() < 0.5 + market.lean;
        let (aggressor, side) = if buys { (1, TICK) } else { (-1, 0.0) };
        let qty = (0.1 * market.normal().exp() * 1e4).ceil() / 1e4;
        let trade = Trade { price: market.price() + side, qty, aggressor, n_trades: 1 };
        let ts = at.floor(Span(1_000_000)).max(start);
        Event { symbol, ts_event: ts, ts_known: ts, seq: i as u64, body: Body::Trade(trade) }
    };
    (0..count).map(one).collect()
}

/// Takes out about `share` of the events in runs of 1 to 24, as an outage does.
pub fn with_gaps(events: &[Event], seed: Seed, share: f64) -> Vec<Event> {
    let mut rng = seed.named("gaps").rng();
    let mut missing = 0_usize;
    let mut kept = Vec::with_capacity(events.len());
    for event in events {
        if missing == 0 && rng.random::<f64>() < share / 12.5 {
            missing = rng.random_range(1..=24);
        }
        if missing > 0 {
            missing -= 1;
        } else {
            kept.push(*event);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::stats;

    fn btc() -> Symbol {
        "BTCUSDT".parse().unwrap()
    }

    fn made() -> Vec<(Event, Bar)> {
        let bar = |e: Event| match e.body {
            Body::Bar(b) => (e, b),
            other => panic!("{other:?}"),
        };
        bars(Seed(7), btc(), Ts(0), Span::HOUR, 24 * 365).into_iter().map(bar).collect()
    }

    #[test]
    fn bars_are_sound_repeatable_and_look_like_a_market() {
        let all = made();
        assert_eq!(all, made());
        for (i, (e, b)) in all.iter().enumerate() {
            assert_eq!(
                (e.ts_event, b.ts_open),
                (Ts(0) + Span::HOUR.times(i as i64 + 1), Ts(0) + Span::HOUR.times(i as i64))
            );
            assert!(b.low > 0.0 && b.low <= b.open.min(b.close) && b.high >= b.open.max(b.close));
            let (v, t) = (b.volume.unwrap(), b.taker_buy_volume.unwrap());
            assert!(t > 0.0 && t < v);
            let mean_price = b.quote_volume.unwrap() / v;
            assert!(mean_price >= b.low - 1e-9 && mean_price <= b.high + 1e-9);
        }
        let r: Vec<f64> = all.iter().map(|(_, b)| (b.close / b.open).ln()).collect();
        let year = (stats::variance(&r) * 8760.0).sqrt();
        assert!((0.4..0.9).contains(&year), "annual volatility {year}");
        let squares: Vec<f64> = r.iter().map(|x| x * x).collect();
        assert!(correlation(&squares[1..], &squares[..squares.len() - 1]) > 0.05, "volatility clusters");
        let lean: Vec<f64> = all.iter().map(|(_, b)| b.taker_buy_volume.unwrap() / b.volume.unwrap()).collect();
        assert!(correlation(&lean, &r) > 0.1, "flow leans with the return");
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let (ma, mb) = (stats::mean(a), stats::mean(b));
        let products: Vec<f64> = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).collect();
        stats::mean(&products) / (stats::variance(a) * stats::variance(b)).sqrt()
    }

    #[test]
    fn trades_rise_in_time_and_share_instants() {
        let all = trades(Seed(7), btc(), Ts(0), 20_000, Span(5_000_000));
        assert_eq!(all, trades(Seed(7), btc(), Ts(0), 20_000, Span(5_000_000)));
        assert_ne!(all, trades(Seed(8), btc(), Ts(0), 20_000, Span(5_000_000)));
        assert!(all.windows(2).all(|w| w[0].ts_known <= w[1].ts_known && w[0].seq < w[1].seq));
        assert!(all.windows(2).any(|w| w[0].ts_known == w[1].ts_known));
        let span = (all[19_999].ts_known - all[0].ts_known).seconds();
        assert!((50.0..200.0).contains(&span), "{span}");
    }

    #[test]
    fn gaps_take_out_about_the_share_asked_for() {
        let all = bars(Seed(1), btc(), Ts(0), Span::MINUTE, 20_000);
        let kept = with_gaps(&all, Seed(1), 0.05);
        assert!((0.03..0.07).contains(&(1.0 - kept.len() as f64 / 20_000.0)), "{}", kept.len());
        assert!(kept.windows(2).all(|w| w[0].seq < w[1].seq));
        assert_eq!(with_gaps(&all, Seed(1), 0.0), all);
    }
}
