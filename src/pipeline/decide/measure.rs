//! The measured loss that a baseline starts from: of the instrument's own history, or what models say.

use crate::base::Span;
use crate::forecast::Dist;
use crate::loss::Side;
use crate::loss::baseline::{Baseline, BaselineEstimate};
use crate::pipeline::error::Error;
use crate::pipeline::named_forecast::NamedForecast;
use crate::pipeline::settings::Margin;

/// The forecast of an instance of the configuration over the decider's horizon, where it speaks and is not
/// frozen.
pub(super) type Speaks<'f, 'a> = dyn Fn(&str) -> Option<&'f NamedForecast> + 'a;

/// Where it comes from.
pub(super) enum Measure {
    /// Filtered historical simulation of the instrument's own returns.
    History(Box<Baseline>),
    /// The 99 % loss of one instance, and those of two others beside it.
    Models { side: Side, var: String, long_run: Option<String>, stressed: Option<String> },
}

impl Measure {
    pub fn new(margin: &Margin, step: Span, ahead: usize) -> Result<Measure, Error> {
        let side = margin.baseline.side;
        Ok(match &margin.baseline_model {
            Some(var) => Measure::Models {
                side,
                var: var.clone(),
                long_run: margin.long_run.clone(),
                stressed: margin.stressed.clone(),
            },
            None => {
                let baseline = Baseline::new(margin.baseline, step, ahead);
                Measure::History(Box::new(baseline.map_err(|e| Error::Settings(format!("margin: {e}")))?))
            }
        })
    }
    /// Takes the return of a row; NaN where rows are missing.
    pub fn push(&mut self, ret: f64) {
        if let Measure::History(baseline) = self {
            baseline.push(ret);
        }
    }
    /// The estimate after the last row; absent while history is short, or where a model is silent.
    pub fn estimate(&self, of: &Speaks<'_, '_>) -> Option<BaselineEstimate> {
        let Measure::Models { side, var, long_run, stressed } = self else {
            let Measure::History(baseline) = self else { return None };
            return baseline.estimate();
        };
        let dist = |name: &str| of(name).map(|f| f.forecast.dist);
        let own = dist(var)?;
        let loss = |name: &Option<String>, absent: f64| match name {
            Some(name) => dist(name).map(|d| side.var(&d)),
            None => Some(absent),
        };
        let var = side.var(&own);
        Some(BaselineEstimate {
            var,
            es: shortfall(*side, &own),
            stressed_var: loss(stressed, var)?,
            long_run_var: loss(long_run, f64::NAN)?,
            plain_var: var,
            dispersion: 0.0,
            sigma: own.sd,
            n: 0,
        })
    }
    /// The long-run loss that the guardrails' cap on the total lift is held against: a measured one.
    pub fn long_run(&self, estimate: &BaselineEstimate) -> Option<f64> {
        matches!(self, Measure::History(_)).then_some(estimate.long_run_var)
    }
}

/// The expected 99 % loss of a distribution, fraction of notional.
fn shortfall(side: Side, dist: &Dist) -> f64 {
    match side {
        Side::Long => -dist.es01,
        Side::Short => dist.es99,
        Side::Both => (-dist.es01).max(dist.es99),
    }
}
