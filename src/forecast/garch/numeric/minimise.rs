//! Quasi-Newton minimisation (BFGS) of a smooth function of a few variables, on the stack.

/// A function of `N` variables. One without influence has a zero derivative and never moves.
pub(in crate::forecast::garch) trait Function<const N: usize> {
    /// Value and gradient; infinity where the function is not defined.
    fn at(&mut self, x: &[f64; N]) -> (f64, [f64; N]);
    /// A guess of the Hessian that is positive definite, with which the search sets out.
    fn curvature(&mut self, x: &[f64; N]) -> [[f64; N]; N];
}

/// Where a search ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::forecast::garch) struct Minimum<const N: usize> {
    pub x: [f64; N],
    pub value: f64,
    /// Whether the gradient vanished, or no step lowers the value any more.
    pub converged: bool,
}

/// Largest change of one variable in one step.
const LONGEST: f64 = 1.0;
/// Gradient at which the search ends.
const FLAT: f64 = 1e-7;
/// Gradient at which it may end because rounding hides any further descent.
const NEARLY_FLAT: f64 = 1e-5;
/// Most steps.
const STEPS: usize = 300;
/// A search this close to a known minimum in every variable, and in value, will end there.
const NEAR: (f64, f64) = (0.1, 1e-5);

/// Searches from `x`. A search that comes near the minimum `known` gives that and stops.
pub(in crate::forecast::garch) fn minimise<const N: usize>(
    f: &mut impl Function<N>,
    mut x: [f64; N],
    known: Option<&Minimum<N>>,
) -> Minimum<N> {
    let (mut value, mut gradient) = f.at(&x);
    let mut inverse = set_out(f, &x);
    let mut fresh = true;
    for _ in 0..STEPS {
        let largest = largest(&gradient);
        if largest < FLAT || !value.is_finite() {
            return Minimum { x, value, converged: value.is_finite() };
        }
        if let Some(known) = known.filter(|k| near(k, &x, value)) {
            return *known;
        }
        let mut step = [0.0; N];
        for i in 0..N {
            step[i] = -dot(&inverse[i], &gradient);
        }
        let mut slope = dot(&step, &gradient);
        if slope >= 0.0 {
            inverse = identity(1.0);
            fresh = true;
            step = gradient.map(|g| -g);
            slope = -dot(&gradient, &gradient);
        }
        let first = (LONGEST / self::largest(&step)).min(1.0);
        let Some((t, to, to_value, to_gradient)) = line(f, &x, value, &step, slope, first) else {
            // No lower point in this direction: set out anew once, else done.
            if fresh {
                return Minimum { x, value, converged: largest < NEARLY_FLAT };
            }
            inverse = set_out(f, &x);
            fresh = true;
            continue;
        };
        let (mut moved, mut turned) = ([0.0; N], [0.0; N]);
        for i in 0..N {
            moved[i] = t * step[i];
            turned[i] = to_gradient[i] - gradient[i];
        }
        update(&mut inverse, &moved, &turned);
        let stalled = value - to_value <= f64::EPSILON * value.abs() && largest < NEARLY_FLAT;
        fresh = false;
        (x, value, gradient) = (to, to_value, to_gradient);
        if stalled {
            return Minimum { x, value, converged: true };
        }
    }
    Minimum { x, value, converged: false }
}

type Point<const N: usize> = (f64, [f64; N], f64, [f64; N]);

/// Backtracking with quadratic interpolation until the value falls enough (Armijo).
fn line<const N: usize>(
    f: &mut impl Function<N>,
    x: &[f64; N],
    value: f64,
    step: &[f64; N],
    slope: f64,
    first: f64,
) -> Option<Point<N>> {
    let mut t = first;
    for _ in 0..40 {
        let mut to = *x;
        for i in 0..N {
            to[i] += t * step[i];
        }
        let (to_value, to_gradient) = f.at(&to);
        if to_value <= value + 1e-4 * t * slope {
            return Some((t, to, to_value, to_gradient));
        }
        let bend = 2.0 * (to_value - value - t * slope);
        let guess = -slope * t * t / bend;
        t = if guess.is_finite() { guess.clamp(0.1 * t, 0.5 * t) } else { 0.1 * t };
    }
    None
}

/// The BFGS update of the inverse Hessian; left alone where curvature is not positive.
fn update<const N: usize>(inverse: &mut [[f64; N]; N], moved: &[f64; N], turned: &[f64; N]) {
    let curvature = dot(moved, turned);
    let size = dot(turned, turned);
    if curvature <= 1e-12 * (dot(moved, moved) * size).sqrt() {
        return;
    }
    let mut weighted = [0.0; N];
    for i in 0..N {
        weighted[i] = dot(&inverse[i], turned);
    }
    let scale = (1.0 + dot(turned, &weighted) / curvature) / curvature;
    for i in 0..N {
        for j in 0..N {
            inverse[i][j] +=
                scale * moved[i] * moved[j] - (weighted[i] * moved[j] + moved[i] * weighted[j]) / curvature;
        }
    }
}

/// The inverse of the guessed Hessian.
fn set_out<const N: usize>(f: &mut impl Function<N>, x: &[f64; N]) -> [[f64; N]; N] {
    inverse(f.curvature(x)).unwrap_or_else(|| identity(1.0))
}

fn near<const N: usize>(known: &Minimum<N>, x: &[f64; N], value: f64) -> bool {
    value - known.value < NEAR.1 && known.x.iter().zip(x).all(|(a, b)| (a - b).abs() < NEAR.0)
}

fn largest<const N: usize>(v: &[f64; N]) -> f64 {
    v.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    let mut sum = 0.0;
    for i in 0..N {
        sum += a[i] * b[i];
    }
    sum
}

fn identity<const N: usize>(scale: f64) -> [[f64; N]; N] {
    let mut m = [[0.0; N]; N];
    for (i, row) in m.iter_mut().enumerate() {
        row[i] = scale;
    }
    m
}

/// Inverse by Gauss-Jordan with row pivots; `None` for a singular matrix.
pub(in crate::forecast::garch) fn inverse<const N: usize>(mut m: [[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut out = identity(1.0);
    for k in 0..N {
        let pivot = (k..N).max_by(|a, b| m[*a][k].abs().total_cmp(&m[*b][k].abs()))?;
        m.swap(k, pivot);
        out.swap(k, pivot);
        let at = m[k][k];
        if at == 0.0 || !at.is_finite() {
            return None;
        }
        m[k] = m[k].map(|v| v / at);
        out[k] = out[k].map(|v| v / at);
        for i in (0..N).filter(|i| *i != k) {
            let factor = m[i][k];
            for j in 0..N {
                m[i][j] -= factor * m[k][j];
                out[i][j] -= factor * out[k][j];
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rosenbrock;
    impl Function<3> for Rosenbrock {
        fn at(&mut self, x: &[f64; 3]) -> (f64, [f64; 3]) {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            (a * a + 100.0 * b * b, [-2.0 * a - 400.0 * x[0] * b, 200.0 * b, 0.0])
        }
        fn curvature(&mut self, _: &[f64; 3]) -> [[f64; 3]; 3] {
            identity(100.0)
        }
    }

    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        let end = minimise(&mut Rosenbrock, [-1.2, 1.0, 9.0], None);
        assert!(end.converged && (end.x[0] - 1.0).abs() < 1e-6 && (end.x[1] - 1.0).abs() < 1e-6);
        assert_eq!(end.x[2], 9.0);
    }

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let m = [[0.0, 2.0, 1.0], [1.0, 0.5, -3.0], [4.0, 1.0, 1.0]];
        let inverse = inverse(m).unwrap();
        for (i, row) in m.iter().enumerate() {
            let product: [f64; 3] = std::array::from_fn(|j| (0..3).map(|k| row[k] * inverse[k][j]).sum());
            assert!(product.iter().zip(identity::<3>(1.0)[i]).all(|(a, b)| (a - b).abs() < 1e-14));
        }
        assert!(super::inverse([[1.0, 2.0], [2.0, 4.0]]).is_none());
    }
}
