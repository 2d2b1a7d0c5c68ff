//! From the settings to what is estimated.

use super::kind::ProcessKind;
use super::model::Params;
use super::process::{Aparch, Component, Exponential, Figarch, Harch, Integrated, Power, Process, Realized};
use super::spec::{Mean, Spec};

/// Highest order.
const ORDER: usize = 5;
/// Most regressors.
const REGRESSORS: usize = 6;

impl Params {
    /// What is estimated.
    ///
    /// # Errors
    /// A setting is out of range or does not belong to the process; the text says which.
    pub fn spec(&self) -> Result<Spec, String> {
        let kind = if self.asymmetric && self.process == ProcessKind::Garch { ProcessKind::Gjr } else { self.process };
        let [p, o, q] = self.orders(kind)?;
        let fixed = if self.power == 0.0 { None } else { Some(self.power) };
        if fixed.is_some_and(|power| !(0.25..=4.0).contains(&power)) {
            return Err(format!("`power` is {}, it must be 0 or lie between 0.25 and 4", self.power));
        }
        let exogenous = self.exogenous.len();
        let of_power = |power: f64| Process::Power(Power { p, o, q, power, exogenous });
        let process = match kind {
            ProcessKind::Arch | ProcessKind::Garch | ProcessKind::Gjr => of_power(2.0),
            ProcessKind::Tarch => of_power(fixed.unwrap_or(1.0)),
            ProcessKind::Aparch => Process::Aparch(Aparch { p, q, power: fixed }),
            ProcessKind::Egarch => Process::Exponential(Exponential { p, o, q }),
            ProcessKind::Harch => Process::Harch(Harch { lags: self.windows()? }),
            ProcessKind::Figarch => Process::Figarch(Figarch { p, q, truncation: self.truncation }),
            ProcessKind::Component => Process::Component(Component {}),
            ProcessKind::Integrated => Process::Integrated(Integrated {}),
            ProcessKind::Realized => Process::Realized(Realized { p, q }),
        };
        if exogenous > REGRESSORS || exogenous > 0 && !matches!(process, Process::Power(_)) {
            return Err(format!("`exogenous` takes at most {REGRESSORS} features, with arch, garch, gjr or tarch"));
        }
        if kind == ProcessKind::Figarch && (p > 1 || q > 1 || !(10..=5000).contains(&self.truncation)) {
            return Err("figarch has `p` and `q` 0 or 1, and `truncation` between 10 and 5000".into());
        }
        if self.mean.lags() > ORDER || self.mean == Mean::Ar(0) {
            return Err(format!("`mean` has {} lags, it must have 1 to {ORDER}", self.mean.lags()));
        }
        let spec = Spec { mean: self.mean, process, innovation: self.innovation, start: self.start };
        spec.fits()?;
        Ok(spec)
    }

    fn orders(&self, kind: ProcessKind) -> Result<[usize; 3], String> {
        let mut out = [0; 3];
        let given = [("p", self.p), ("o", self.o), ("q", self.q)];
        for (i, ((name, given), default)) in given.into_iter().zip(kind.orders()).enumerate() {
            match (given, default) {
                (Some(order), Some(_)) if order <= ORDER || kind == ProcessKind::Arch && order <= 12 => out[i] = order,
                (Some(order), Some(_)) => return Err(format!("`{name}` is {order}, it must not be above {ORDER}")),
                (Some(_), None) => return Err(format!("`{name}` is no order of this process")),
                (None, default) => out[i] = default.unwrap_or(0),
            }
        }
        let [p, o, q] = out;
        let moves = match kind {
            ProcessKind::Harch | ProcessKind::Component | ProcessKind::Integrated | ProcessKind::Figarch => true,
            ProcessKind::Aparch | ProcessKind::Realized => p > 0,
            _ => p + o > 0,
        };
        if moves { Ok([p, o, q]) } else { Err("`p` is 0, so that nothing would move the variance".into()) }
    }

    fn windows(&self) -> Result<Vec<usize>, String> {
        let ascending = self.lags.windows(2).all(|w| w[0] < w[1]);
        let within = self.lags.iter().all(|l| (1..=250).contains(l));
        if self.lags.is_empty() || !ascending || !within {
            return Err(format!("`lags` is {:?}, it must ascend between 1 and 250", self.lags));
        }
        Ok(self.lags.clone())
    }
}
