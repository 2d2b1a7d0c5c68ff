//! Order flow of one window from its bars. What a bar lacks is NaN in its sum, so that a feature is
//! absent as soon as one bar of the window lacks its input.

use crate::event::Bar;
use crate::feature::catalog::Feature;
use crate::feature::row::Row;

/// The flow of the window in the making.
#[derive(Clone, Debug, Default)]
pub(in crate::feature) struct Flow {
    bars: f64,
    volume: f64,
    quote: f64,
    trades: f64,
    /// Sum of s, the signed quote volume.
    signed: f64,
    abs_signed: f64,
    /// Sum of |r| / max(v, 1).
    impact: f64,
    /// Sum of r s.
    rs: f64,
    /// Sum of s^2.
    ss: f64,
    /// Sum of r^2.
    rr: f64,
}

impl Flow {
    /// Forgets the window.
    pub(in crate::feature) fn restart(&mut self) {
        *self = Flow::default();
    }
    /// Takes the next bar of the window and its log return.
    pub(in crate::feature) fn push(&mut self, bar: &Bar, r: f64) {
        let known = |x: Option<f64>| x.unwrap_or(f64::NAN);
        let quote = known(bar.quote_volume);
        let signed = 2.0 * known(bar.taker_buy_quote_volume) - quote;
        self.bars += 1.0;
        self.volume += known(bar.volume);
        self.quote += quote;
        self.trades += known(bar.trades);
        self.signed += signed;
        self.abs_signed += signed.abs();
        // `f64::max` would drop the NaN that stands for absence.
        self.impact += r.abs() / if quote < 1.0 { 1.0 } else { quote };
        self.rs += r * signed;
        self.ss += signed * signed;
        self.rr += r * r;
    }
    /// Writes the flow of the finished window.
    pub(in crate::feature) fn finish(&self, row: &mut Row) {
        row.set(Feature::Volume, self.volume);
        row.set(Feature::QuoteVolume, self.quote);
        row.set(Feature::Trades, self.trades);
        row.set(Feature::MeanTrade, self.quote / self.trades);
        row.set(Feature::SignedVolume, self.signed);
        row.set(Feature::AbsSignedVolume, self.abs_signed);
        row.set(Feature::Imbalance, self.signed / self.quote);
        row.set(Feature::AbsImbalance, self.abs_signed / self.quote);
        row.set(Feature::Amihud, self.impact / self.bars);
        if self.bars >= 2.0 {
            row.set(Feature::Kyle, self.rs / self.ss);
            row.set(Feature::KyleR2, self.rs * self.rs / (self.ss * self.rr));
        }
    }
}
