//! Numbers that may carry their derivatives, so that each recursion is written once and its gradient
//! is exact (forward differentiation).

use std::ops::{Add, Div, Mul, Neg, Sub};

use statrs::function::gamma::{digamma, ln_gamma};

/// A float, with or without derivatives.
pub(in crate::forecast::garch) trait Number:
    Copy
    + Send
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// Without derivatives.
    fn of(value: f64) -> Self;
    fn value(self) -> f64;
    /// The function with this value and this slope here.
    fn map(self, value: f64, slope: f64) -> Self;
    /// The weighted sum of the newest values: `weights[0]` meets the last of `values`.
    fn convolve(weights: &Columns, values: &Columns) -> Self;
    /// The numbers as one column of values and one for each derivative that is not zero.
    fn columns(numbers: &[Self]) -> Columns;
    /// Adds a row to columns.
    fn append(self, columns: &mut Columns);

    #[inline(always)]
    fn ln(self) -> Self {
        self.map(self.value().ln(), self.value().recip())
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value().exp();
        self.map(value, value)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let value = self.value().sqrt();
        self.map(value, 0.5 / value)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        if self.value() < 0.0 { -self } else { self }
    }
    /// To a constant power; zero stays zero with slope zero.
    #[inline(always)]
    fn power(self, by: f64) -> Self {
        let x = self.value();
        if by == 2.0 {
            self * self
        } else if by == 1.0 {
            self
        } else if x <= 0.0 {
            Self::of(0.0)
        } else {
            let value = x.powf(by);
            self.map(value, by * value / x)
        }
    }
    /// To a power; zero stays zero.
    #[inline(always)]
    fn raised(self, by: Self) -> Self {
        if self.value() <= 0.0 { Self::of(0.0) } else { (by * self.ln()).exp() }
    }
    /// Logarithm of the gamma function.
    fn ln_gamma(self) -> Self {
        self.map(ln_gamma(self.value()), digamma(self.value()))
    }
    /// `1 / (1 + exp(-x))`.
    fn logistic(self) -> Self {
        let value = 1.0 / (1.0 + (-self.value()).exp());
        self.map(value, value * (1.0 - value))
    }
    /// Between bounds, from a variable without.
    fn between(self, low: f64, high: f64) -> Self {
        self.logistic() * (high - low) + low
    }
    /// Kept within bounds; outside, the slope is zero.
    #[inline(always)]
    fn clamped(self, low: f64, high: f64) -> Self {
        let x = self.value();
        if x < low {
            Self::of(low)
        } else if x > high {
            Self::of(high)
        } else {
            self
        }
    }
}

/// Shares of one, one for each variable; what they leave of it is last.
pub(in crate::forecast::garch) fn shares<T: Number>(x: &[T]) -> Vec<T> {
    let grown: Vec<T> = x.iter().map(|x| x.clamped(-40.0, 40.0).exp()).collect();
    let all = grown.iter().fold(T::of(1.0), |sum, g| sum + *g);
    let slack = T::of(1.0) / all;
    let mut out: Vec<T> = grown.into_iter().map(|g| g * slack).collect();
    out.push(slack);
    out
}

/// The variable of a share, where `slack` is left.
pub(in crate::forecast::garch) fn share_variable(share: f64, slack: f64) -> f64 {
    (share / slack).ln()
}

/// The variable of a value between bounds.
pub(in crate::forecast::garch) fn between_variable(value: f64, low: f64, high: f64) -> f64 {
    let part = (value - low) / (high - low);
    (part / (1.0 - part)).ln()
}

#[derive(Clone)]
/// A series of numbers by column: values first, then the derivatives that occur, by their place.
pub(in crate::forecast::garch) struct Columns(Vec<(usize, Vec<f64>)>);

/// The dot product of weights, newest first, with the end of `values`, oldest first.
fn dot(weights: &[f64], values: &[f64]) -> f64 {
    let count = weights.len().min(values.len());
    let (weights, values) = (&weights[..count], &values[values.len() - count..]);
    let mut sums = [0.0; 4];
    let (fours, rest) = weights.as_chunks::<4>();
    for (i, w) in fours.iter().enumerate() {
        let at = count - 4 * i;
        let v = &values[at - 4..at];
        for k in 0..4 {
            sums[k] += w[k] * v[3 - k];
        }
    }
    let tail: f64 = rest.iter().rev().zip(values).map(|(w, v)| w * v).sum();
    sums.iter().sum::<f64>() + tail
}

impl Number for f64 {
    #[inline(always)]
    fn of(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn value(self) -> f64 {
        self
    }
    #[inline(always)]
    fn map(self, value: f64, _: f64) -> f64 {
        value
    }
    fn convolve(weights: &Columns, values: &Columns) -> f64 {
        dot(&weights.0[0].1, &values.0[0].1)
    }
    fn columns(numbers: &[f64]) -> Columns {
        Columns(vec![(0, numbers.to_vec())])
    }
    fn append(self, columns: &mut Columns) {
        columns.0[0].1.push(self);
    }
}

/// A value with its derivatives by `N` variables.
#[derive(Clone, Copy, Debug)]
pub(in crate::forecast::garch) struct Dual<const N: usize> {
    pub value: f64,
    pub by: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// The variables themselves: the derivative of each by itself is one.
    pub fn variables(x: &[f64; N]) -> [Dual<N>; N] {
        std::array::from_fn(|i| {
            let mut by = [0.0; N];
            by[i] = 1.0;
            Dual { value: x[i], by }
        })
    }
    #[inline(always)]
    fn combine(self, other: Dual<N>, value: f64, mine: f64, theirs: f64) -> Dual<N> {
        let mut by = self.by;
        for (d, e) in by.iter_mut().zip(&other.by) {
            *d = mine * *d + theirs * e;
        }
        Dual { value, by }
    }
}

impl<const N: usize> Number for Dual<N> {
    #[inline(always)]
    fn of(value: f64) -> Dual<N> {
        Dual { value, by: [0.0; N] }
    }
    #[inline(always)]
    fn value(self) -> f64 {
        self.value
    }
    #[inline(always)]
    fn map(self, value: f64, slope: f64) -> Dual<N> {
        let mut by = self.by;
        for d in &mut by {
            *d *= slope;
        }
        Dual { value, by }
    }
    fn convolve(weights: &Columns, values: &Columns) -> Dual<N> {
        let mut out = Dual::of(dot(&weights.0[0].1, &values.0[0].1));
        for (place, column) in &weights.0[1..] {
            out.by[*place] += dot(column, &values.0[0].1);
        }
        for (place, column) in &values.0[1..] {
            out.by[*place] += dot(&weights.0[0].1, column);
        }
        out
    }
    fn columns(numbers: &[Dual<N>]) -> Columns {
        let mut columns = vec![(0, numbers.iter().map(|n| n.value).collect())];
        for place in (0..N).filter(|i| numbers.iter().any(|n| n.by[*i] != 0.0)) {
            columns.push((place, numbers.iter().map(|n| n.by[place]).collect()));
        }
        Columns(columns)
    }
    fn append(self, columns: &mut Columns) {
        let rows = columns.0[0].1.len();
        columns.0[0].1.push(self.value);
        for place in (0..N).filter(|i| self.by[*i] != 0.0) {
            if !columns.0[1..].iter().any(|(p, _)| *p == place) {
                columns.0.push((place, vec![0.0; rows]));
            }
        }
        for (place, column) in &mut columns.0[1..] {
            column.push(self.by[*place]);
        }
    }
}

impl Columns {
    /// Drops the oldest rows but for the last `keep`, once there are twice as many.
    pub fn trim(&mut self, keep: usize) {
        if self.0[0].1.len() > 2 * keep {
            for (_, column) in &mut self.0 {
                column.drain(..column.len() - keep);
            }
        }
    }
    /// Rows.
    pub fn len(&self) -> usize {
        self.0[0].1.len()
    }
}

macro_rules! operation {
    ($name:ident $method:ident |$a:ident, $b:ident| $value:expr, $mine:expr, $theirs:expr) => {
        impl<const N: usize> $name for Dual<N> {
            type Output = Dual<N>;
            #[inline(always)]
            fn $method(self, other: Dual<N>) -> Dual<N> {
                let ($a, $b) = (self.value, other.value);
                self.combine(other, $value, $mine, $theirs)
            }
        }
    };
}
operation!(Add add |a, b| a + b, 1.0, 1.0);
operation!(Sub sub |a, b| a - b, 1.0, -1.0);
operation!(Mul mul |a, b| a * b, b, a);
operation!(Div div |a, b| a / b, b.recip(), -a / (b * b));

impl<const N: usize> Neg for Dual<N> {
    type Output = Dual<N>;
    #[inline(always)]
    fn neg(self) -> Dual<N> {
        self.map(-self.value, -1.0)
    }
}
impl<const N: usize> Add<f64> for Dual<N> {
    type Output = Dual<N>;
    #[inline(always)]
    fn add(self, other: f64) -> Dual<N> {
        Dual { value: self.value + other, by: self.by }
    }
}
impl<const N: usize> Sub<f64> for Dual<N> {
    type Output = Dual<N>;
    #[inline(always)]
    fn sub(self, other: f64) -> Dual<N> {
        Dual { value: self.value - other, by: self.by }
    }
}
impl<const N: usize> Mul<f64> for Dual<N> {
    type Output = Dual<N>;
    #[inline(always)]
    fn mul(self, other: f64) -> Dual<N> {
        self.map(self.value * other, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twisted<T: Number>(x: T, y: T) -> T {
        let a = (x * y + 0.3).ln() / (x - y * 2.0).abs().sqrt();
        let b = x.raised(y) * y.ln_gamma() + x.power(1.7).logistic();
        a - b.exp().clamped(0.0, 90.0) + shares(&[x, y])[1] * y.between(1.0, 3.0)
    }

    #[test]
    fn derivatives_are_those_of_differences() {
        let at = [1.3, 0.4];
        let [x, y] = Dual::variables(&at);
        let got = twisted(x, y);
        assert_eq!(got.value, twisted(at[0], at[1]));
        for i in 0..2 {
            let moved = |h: f64| {
                let mut to = at;
                to[i] += h;
                twisted(to[0], to[1])
            };
            let want = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((got.by[i] - want).abs() < 1e-8 * want.abs().max(1.0), "{i}: {} {want}", got.by[i]);
        }
    }

    #[test]
    fn a_convolution_is_the_sum_of_products() {
        let [a, b] = Dual::variables(&[0.7, 1.1]);
        let weights: Vec<Dual<2>> = (0..7).map(|i| a.power(f64::from(i) + 0.5)).collect();
        let mut values = Dual::<2>::columns(&[]);
        let mut newest = Vec::new();
        for i in 0..20 {
            let value = b * f64::from(i * 7 % 5) + 0.1;
            value.append(&mut values);
            newest.insert(0, value);
            let want = weights.iter().zip(&newest).fold(Dual::of(0.0), |sum, (w, v)| sum + *w * *v);
            let got = Dual::<2>::convolve(&Dual::columns(&weights), &values);
            assert!((got.value - want.value).abs() < 1e-13);
            assert!(got.by.iter().zip(want.by).all(|(g, w)| (g - w).abs() < 1e-13), "{got:?} {want:?}");
            values.trim(7);
        }
    }
}
