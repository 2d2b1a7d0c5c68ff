//! The likelihood of one series as a function of variables without bounds, and its maximum.

use super::direct::{self, Gradient, Nothing, Outer, Scores};
use super::innovation::{Density, Innovation};
use super::numeric::errors::{Covariances, covariances};
use super::numeric::minimise::{Function, Minimum, minimise};
use super::numeric::number::{Dual, Number};
use super::process::{Before, Family, Power, Process, Recursion, Start, family};
use super::series::Series;
use super::spec::{Mean, Spec};

/// The likelihood of one series of unit variance, of at most `N` coefficients.
///
/// Coefficients are those of the mean, of the process and of the shape of the residual, in this
/// order; variables without bounds stand in their places.
pub(super) struct Likelihood<'a> {
    pub spec: &'a Spec,
    pub series: Series<'a>,
    /// Coefficients of the mean where the search sets out.
    pub mean: Vec<f64>,
    /// What stands before the sample with arch's start.
    pub backcast: f64,
}

/// Variables with what is needed of the likelihood.
struct Problem<'a, 'b, const N: usize>(&'b Likelihood<'a>);

impl<const N: usize> Function<N> for Problem<'_, '_, N> {
    fn at(&mut self, x: &[f64; N]) -> (f64, [f64; N]) {
        let mut sum = Sum { value: 0.0, by: [0.0; N] };
        self.0.scores(&self.0.coefficients(&Dual::variables(x)), &mut sum);
        let n = -(self.0.rows() as f64);
        if !sum.value.is_finite() || sum.by.iter().any(|g| !g.is_finite()) {
            return (f64::INFINITY, [0.0; N]);
        }
        (sum.value / n, sum.by.map(|g| g / n))
    }

    /// The mean outer product of scores, which is the Hessian where the process is true (Berndt,
    /// Hall, Hall, Hausman 1974).
    fn curvature(&mut self, x: &[f64; N]) -> [[f64; N]; N] {
        let mut outer = Products { by: [[0.0; N]; N] };
        self.0.scores(&self.0.coefficients(&Dual::variables(x)), &mut outer);
        let n = self.0.rows() as f64;
        for (i, row) in outer.by.iter_mut().enumerate() {
            row.iter_mut().for_each(|v| *v /= n);
            // A variable without influence, or nearly so, must not be sent far.
            row[i] = 1.001 * row[i] + 1e-6;
        }
        outer.by
    }
}

/// What is done with the log-likelihood of each observation and its derivatives.
trait Taking<const N: usize> {
    fn take(&mut self, observation: Dual<N>);
    /// The same from the recursion whose derivatives are written out.
    fn direct(&mut self, likelihood: &Likelihood<'_>, at: &direct::Array, chain: &[[f64; N]; 6]);
}

struct Sum<const N: usize> {
    value: f64,
    by: [f64; N],
}
impl<const N: usize> Taking<N> for Sum<N> {
    #[inline(always)]
    fn take(&mut self, observation: Dual<N>) {
        self.value += observation.value;
        for (sum, d) in self.by.iter_mut().zip(observation.by) {
            *sum += d;
        }
    }
    fn direct(&mut self, likelihood: &Likelihood<'_>, at: &direct::Array, chain: &[[f64; N]; 6]) {
        let mut gradient = Gradient::default();
        self.value = likelihood.direct(at, &mut gradient);
        for (g, row) in gradient.0.iter().zip(chain) {
            for (sum, d) in self.by.iter_mut().zip(row) {
                *sum += g * d;
            }
        }
    }
}

struct Products<const N: usize> {
    by: [[f64; N]; N],
}
impl<const N: usize> Taking<N> for Products<N> {
    fn take(&mut self, observation: Dual<N>) {
        for (row, a) in self.by.iter_mut().zip(observation.by) {
            for (sum, b) in row.iter_mut().zip(observation.by) {
                *sum += a * b;
            }
        }
    }
    fn direct(&mut self, likelihood: &Likelihood<'_>, at: &direct::Array, chain: &[[f64; N]; 6]) {
        let mut outer = Outer::default();
        likelihood.direct(at, &mut outer);
        for (i, left) in chain.iter().enumerate() {
            for (j, right) in chain.iter().enumerate() {
                for (row, a) in self.by.iter_mut().zip(left) {
                    for (sum, b) in row.iter_mut().zip(right) {
                        *sum += a * outer.0[i][j] * b;
                    }
                }
            }
        }
    }
}

/// Where a search ended, in coefficients.
pub(super) struct End {
    pub at: Vec<f64>,
    pub converged: bool,
    /// Searches done.
    pub starts: usize,
}

impl Likelihood<'_> {
    /// Observations with a likelihood.
    pub fn rows(&self) -> usize {
        self.series.returns.len() - self.spec.mean.lags()
    }

    /// The log-likelihood; NaN or infinite where there is none.
    pub fn value(&self, at: &[f64]) -> f64 {
        match self.spec.direct() {
            Some(places) => self.direct(&gather(&places, at), &mut Nothing),
            None => {
                let mut sum = 0.0;
                family!(&self.spec.process, f => {
                    self.run(f, at, &mut |v| sum += v, &mut |_| ());
                });
                sum
            }
        }
    }

    /// The log-likelihood, and every variance with the recursion at the end.
    pub fn filtered(&self, at: &[f64]) -> (f64, Vec<f64>, Box<dyn Recursion<f64> + Send>) {
        let (mut sum, mut variances) = (0.0, Vec::with_capacity(self.rows() + 1));
        let last = family!(&self.spec.process, f => {
            let last = self.run(f, at, &mut |v| sum += v, &mut |s| variances.push(s));
            last.copy()
        });
        variances.push(last.variance());
        (sum, variances, last)
    }

    /// The recursion that has seen nothing yet.
    pub fn begin(&self, at: &[f64]) -> Before<f64> {
        family!(&self.spec.process, f => self.before(f, at))
    }

    /// Coefficients of variables.
    fn coefficients<T: Number>(&self, x: &[T]) -> Vec<T> {
        let (mean, process, shape) = self.spec.split(x);
        let mut c = mean.to_vec();
        c.extend(family!(&self.spec.process, f => f.bounded(process, self.spec.start)));
        c.extend(self.spec.innovation.bounded(shape));
        c
    }

    /// Hands the log-likelihood of each observation on, with its derivatives.
    fn scores<const N: usize>(&self, c: &[Dual<N>], taking: &mut impl Taking<N>) {
        let Some(places) = self.spec.direct() else {
            family!(&self.spec.process, f => {
                self.run(f, c, &mut |observation| taking.take(observation), &mut |_| ());
            });
            return;
        };
        let values: Vec<f64> = c.iter().map(|c| c.value).collect();
        let chain = places.map(|place| place.map_or([0.0; N], |i| c[i].by));
        taking.direct(self, &gather(&places, &values), &chain);
    }

    /// The pass over the series with the derivatives written out.
    fn direct<S: Scores>(&self, at: &direct::Array, scores: &mut S) -> f64 {
        let asymmetric = matches!(&self.spec.process, Process::Power(power) if power.o > 0);
        let first = match self.spec.start {
            Start::Backcast => direct::First::Backcast(self.backcast),
            Start::MeanSquare => direct::First::MeanSquare,
            Start::FirstVariance => direct::First::Variance,
        };
        direct::pass(asymmetric, self.series.returns, first, at, scores)
    }

    /// The residual of row `t`.
    #[inline(always)]
    fn residual<T: Number>(&self, mean: &[T], t: usize) -> T {
        let r = self.series.returns;
        let lags = self.spec.mean.lags();
        match mean {
            [] => T::of(r[t]),
            [mu, ar @ ..] => {
                let own = -*mu + r[t];
                ar.iter().take(lags).enumerate().fold(own, |e, (i, phi)| e - *phi * r[t - 1 - i])
            }
        }
    }

    /// What stands before the sample.
    fn before<F: Family, T: Number>(&self, f: &F, c: &[T]) -> Before<T> {
        let start = self.spec.start;
        let value = match start {
            Start::Backcast => T::of(self.backcast),
            Start::MeanSquare | Start::FirstVariance => {
                let (mean, process, _) = self.spec.split(c);
                let exponent = f.exponent(process, start);
                let plain = exponent.value() == 2.0;
                let size = |e: T| if plain { e * e } else { e.abs().raised(exponent) };
                let from = self.spec.mean.lags();
                let sum =
                    (from..self.series.returns.len()).fold(T::of(0.0), |sum, t| sum + size(self.residual(mean, t)));
                sum * (1.0 / self.rows() as f64)
            }
        };
        Before { start, value }
    }

    /// One pass over the series: the log-likelihood of each observation and its variance; gives the
    /// recursion at the end.
    fn run<F: Family, T: Number>(
        &self,
        f: &F,
        c: &[T],
        each: &mut dyn FnMut(T),
        variance: &mut dyn FnMut(T),
    ) -> F::State<T> {
        let (mean, process, shape) = self.spec.split(c);
        let density = Density::new(self.spec.innovation, shape);
        let mut state = f.begin(process, self.before(f, c), &density);
        for t in self.spec.mean.lags()..self.series.returns.len() {
            let (e, s) = (self.residual(mean, t), state.variance());
            let ln = if s.value() > 0.0 { density.ln(e, s) } else { T::of(f64::NAN) };
            variance(s);
            each(ln + state.take(e, self.series.beside(t)));
        }
        state
    }

    /// Coefficients at the maximum: searched from the likeliest point of a grid and from points far
    /// from it, since a series may have several local maxima.
    pub fn maximise(&self) -> End {
        if self.spec.count() <= 8 { self.maximise_in::<8>() } else { self.maximise_in::<16>() }
    }

    fn maximise_in<const N: usize>(&self) -> End {
        let shape = self.spec.innovation.start(self.kurtosis());
        let (grid, starts) = family!(&self.spec.process, f => (f.grid(), f.starts()));
        let variables = |process: &Vec<f64>| {
            let mut x = [0.0; N];
            let all = self.mean.iter().chain(process).chain(&shape);
            x.iter_mut().zip(all).for_each(|(x, v)| *x = *v);
            x
        };
        let value = |x: &[f64; N]| self.value(&self.coefficients(&x[..self.spec.count()]));
        let (mut likeliest, mut most) = (None, f64::NEG_INFINITY);
        for x in grid.iter().map(variables) {
            let value = value(&x);
            if value > most {
                (likeliest, most) = (Some(x), value);
            }
        }
        let mut best: Option<Minimum<N>> = None;
        let mut searches = 0;
        for start in likeliest.into_iter().chain(starts.iter().map(variables)) {
            let end = minimise(&mut Problem(self), start, best.as_ref());
            searches += 1;
            if end.value.is_finite() && best.is_none_or(|b| end.value < b.value) {
                best = Some(end);
            }
        }
        let last = starts.last().map_or([0.0; N], variables);
        let (x, converged) = best.map_or((last, false), |b| (b.x, b.converged));
        let at = self.settle(self.coefficients(&x[..self.spec.count()]));
        End { at, converged, starts: searches }
    }

    /// Sets weights that are nearly zero to exactly zero where that does not lower the likelihood:
    /// variables without bounds only ever approach it.
    fn settle(&self, mut at: Vec<f64>) -> Vec<f64> {
        let mut value = self.value(&at);
        for _ in 0..at.len() {
            let (mean, process, shape) = self.spec.split(&at);
            let candidates = family!(&self.spec.process, f => f.zeroed(process));
            let whole = |p: Vec<f64>| [mean, &p, shape].concat();
            let better = candidates.into_iter().map(whole).find(|c| self.value(c) >= value);
            let Some(better) = better else { break };
            value = self.value(&better);
            at = better;
        }
        at
    }

    fn kurtosis(&self) -> f64 {
        let from = self.spec.mean.lags();
        let n = self.rows() as f64;
        let moment =
            |k: i32| (from..self.series.returns.len()).map(|t| self.residual(&self.mean, t).powi(k)).sum::<f64>() / n;
        moment(4) / (moment(2) * moment(2))
    }

    /// Covariances of the coefficients that are not at their bounds (`free`); `None` where the
    /// Hessian has no inverse.
    pub fn covariances(&self, at: &[f64], free: &[bool]) -> Option<Covariances> {
        if self.spec.count() <= 8 { self.covariances_in::<8>(at, free) } else { self.covariances_in::<16>(at, free) }
    }

    fn covariances_in<const N: usize>(&self, at: &[f64], free: &[bool]) -> Option<Covariances> {
        let gradient = |at: &[f64; N]| {
            let mut sum = Sum { value: 0.0, by: [0.0; N] };
            self.scores(&Dual::variables(at)[..free.len()], &mut sum);
            sum.by
        };
        let mut point = [0.0; N];
        point.iter_mut().zip(at).for_each(|(p, v)| *p = *v);
        let mut outer = Products { by: [[0.0; N]; N] };
        self.scores(&Dual::variables(&point)[..at.len()], &mut outer);
        let step = |i: usize| if i < self.mean.len() { 1e-4 } else { 1e-5 * at[i].abs().max(1e-3) };
        covariances(at, free, step, gradient, &outer.by)
    }
}

/// Coefficients in the places of the direct pass; what is absent has no influence.
fn gather(places: &[Option<usize>; 6], at: &[f64]) -> direct::Array {
    const ABSENT: direct::Array = [0.0, 0.0, 0.0, 0.0, 0.0, f64::INFINITY];
    std::array::from_fn(|i| places[i].map_or(ABSENT[i], |place| at[place]))
}

impl Spec {
    /// Where the direct pass finds its coefficients; `None` for processes that it does not cover.
    fn direct(&self) -> Option<[Option<usize>; 6]> {
        let Process::Power(Power { p: 1, o, q: 1, power: 2.0, exogenous: 0 }) = self.process else { return None };
        let (mu, first) = match self.mean {
            Mean::Constant => (Some(0), 1),
            Mean::Zero => (None, 0),
            Mean::Ar(_) => return None,
        };
        let nu = match self.innovation {
            Innovation::Normal => None,
            Innovation::Student => Some(first + 3 + o),
            _ => return None,
        };
        (o <= 1).then_some([mu, Some(first), Some(first + 1), (o == 1).then_some(first + 2), Some(first + 2 + o), nu])
    }
}

#[cfg(test)]
mod tests;
