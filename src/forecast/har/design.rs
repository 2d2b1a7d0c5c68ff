//! Which regressors the settings ask for.

use super::form::{FLOOR, Form, Lags, Reach, Season, Weights};
use super::model::Params;
use super::regressors::{Design, Past, season_ahead};
use crate::feature::{Feature, Row};

impl Params {
    /// The regressors of a row, which `past` has taken, `None` where one is absent.
    pub(super) fn design(&self, ahead: usize, row: &Row, past: &Past) -> Option<Design> {
        let params = self;
        let mut d = Design { unit: 1.0, weight: 1.0, long: row.get(Feature::RvLong)?, ..Design::default() };
        let diurnal = params.season == Season::Diurnal;
        let lags = if diurnal {
            [Feature::Deseason1, Feature::DeseasonMid, Feature::DeseasonLong]
        } else {
            [Feature::Rv, Feature::RvMid, Feature::RvLong]
        };
        match params.geometric {
            None => d.lags(params, lags, row)?,
            Some([mid, long]) => {
                d.push("rv", Form::Log.of(row.get(Feature::Rv)?));
                d.push("rv_geometric_mid", past.mean_log(mid)?);
                d.push("rv_geometric_long", past.mean_log(long)?);
                d.long = past.mean_log(long)?.exp();
            }
        }
        d.jumps(params, row)?;
        d.quarticities(params, row)?;
        if params.power_law {
            d.push("rv_rough", params.form.of(row.get(Feature::RvRough)?));
        }
        if params.season == Season::Weekly {
            d.push("rv_tail_4", params.form.of(row.get(Feature::Tail4)?));
        }
        d.variances = d.x.len();
        if params.form == Form::Log && params.lags == Lags::Semivariance {
            let (neg, pos) = (row.get(Feature::RsNeg)?, row.get(Feature::RsPos)?);
            d.push("rs_neg_share", if neg + pos > 0.0 { neg / (neg + pos) } else { 0.5 });
        }
        match params.season {
            Season::None => (),
            Season::Weekday | Season::Weekly => {
                let weekday = row.get(Feature::NextWeekday)?;
                d.push("weekend", f64::from(weekday >= 5.0));
                d.push("monday", f64::from(weekday == 0.0));
            }
            Season::Diurnal if params.form == Form::Log => d.push("season", season_ahead(row, ahead)?.ln()),
            Season::Diurnal => d.unit = season_ahead(row, ahead)?,
        }
        d.leverage(params, row)?;
        d.falls(params, past)?;
        let weigh = |feature: Feature| Some(1.0 / row.get(feature)?.max(FLOOR).sqrt());
        d.weight = match params.weights {
            Weights::Equal => 1.0,
            Weights::Rv => weigh(lags[0])?,
            Weights::RvMid => weigh(lags[1])?,
        };
        Some(d)
    }
}

impl Design {
    fn lags(&mut self, params: &Params, total: [Feature; 3], row: &Row) -> Option<()> {
        let [now, mid, long] = total;
        let features: &[Feature] = match params.lags {
            Lags::Continuous => &[Feature::Bpv, Feature::BpvMid, Feature::BpvLong],
            // A row without falls has no logarithm of their variance; `design` adds the share.
            Lags::Semivariance if params.form != Form::Log => &[Feature::RsNeg, Feature::RsPos, mid, long],
            Lags::Total | Lags::Semivariance => &[now, mid, long],
        };
        for feature in features {
            self.push(feature.spec().name, params.form.of(row.get(*feature)?));
        }
        Some(())
    }

    /// max(0, rv_ret - bpv) over the lags; in logs ln(1 + jump / bpv).
    fn jumps(&mut self, params: &Params, row: &Row) -> Option<()> {
        let lags =
            [(Feature::Jump, Feature::Bpv), (Feature::JumpMid, Feature::BpvMid), (Feature::JumpLong, Feature::BpvLong)];
        for (jump, bpv) in &lags[..params.jump.lags()] {
            let (name, jump, bpv) = (jump.spec().name, row.get(*jump)?, row.get(*bpv)?);
            let log = params.form == Form::Log;
            self.push(name, if log { Form::Log.of(jump + bpv) - Form::Log.of(bpv) } else { params.form.of(jump) });
        }
        Some(())
    }

    /// rv sqrt(rq) over the lags (of the continuous measures where the lags are); in logs
    /// ln(sqrt(rq) / rv).
    fn quarticities(&mut self, params: &Params, row: &Row) -> Option<()> {
        let mut lags =
            [(Feature::Rv, Feature::Rq), (Feature::RvMid, Feature::RqMid), (Feature::RvLong, Feature::RqLong)];
        if params.lags == Lags::Continuous {
            lags[0] = (Feature::Bpv, Feature::Tpq);
        }
        for (rv, rq) in &lags[..params.quarticity.lags()] {
            let (name, rv, root) = (rq.spec().name, row.get(*rv)?, row.get(*rq)?.max(0.0).sqrt());
            let log = params.form == Form::Log;
            self.push(name, if log { Form::Log.of(root) - Form::Log.of(rv) } else { root * rv });
        }
        Some(())
    }

    /// The last return and its negative part, then the means of negative parts over the lags, in units
    /// of the long lag's volatility.
    fn leverage(&mut self, params: &Params, row: &Row) -> Option<()> {
        let volatility = self.long.max(FLOOR).sqrt();
        if params.leverage != Reach::None {
            let ret = row.get(Feature::Ret)? / volatility;
            self.push("ret", ret);
            self.push("ret_neg", ret.min(0.0));
        }
        if params.leverage == Reach::Lags {
            self.push("ret_neg_mid", row.get(Feature::RetNegMid)? / volatility);
            self.push("ret_neg_long", row.get(Feature::RetNegLong)? / volatility);
        }
        Some(())
    }

    /// The negative parts of the last returns, the newest first, in units of the long lag's volatility.
    fn falls(&mut self, params: &Params, past: &Past) -> Option<()> {
        const NAMES: [&str; 3] = ["fall", "fall_before", "fall_earlier"];
        let volatility = self.long.max(FLOOR).sqrt();
        for k in 0..params.falls {
            let ret = past.ret.iter().rev().nth(k).filter(|r| r.is_finite())?;
            self.push(NAMES[k.min(2)], ret.min(0.0) / volatility);
        }
        Some(())
    }
}
