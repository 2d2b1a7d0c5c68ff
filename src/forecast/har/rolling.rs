//! Least squares over a moving window of rows, refitted at every row.
//!
//! The window is a queue of two stacks, each with the running sums of its rows' products, so the
//! sums of the window are those of two stacks. Nothing is ever taken off a sum: what has left the
//! window leaves no rounding behind, however long it runs. A refit costs the solution of the normal
//! equations and not another pass over the window. Checked against [`least_squares`] and R's
//! HARModel 1.0.
//!
//! ```
//! use margincast::forecast::har::rolling::Rolling;
//!
//! let mut window = Rolling::new(1);
//! for i in 0..10 {
//!     let x = f64::from(i);
//!     window.push(&[x], 3.0 + 2.0 * x);
//! }
//! window.drop_oldest();
//! assert_eq!(window.len(), 9);
//! let b = window.coefficients().unwrap();
//! assert!((b[0] - 3.0).abs() < 1e-9 && (b[1] - 2.0).abs() < 1e-9);
//! ```
//!
//! [`least_squares`]: super::regression::least_squares

use super::regression::Cholesky;

/// The rows of the window, oldest in front.
#[derive(Clone, Debug)]
pub struct Rolling {
    /// Constant, regressors and target of a row.
    width: usize,
    /// Products summed over the rows from each row of the front to its end; the oldest row last.
    front: Vec<f64>,
    /// Rows since the front was made.
    back: Vec<f64>,
    /// Products summed over the back.
    back_sum: Vec<f64>,
}

impl Rolling {
    /// An empty window for rows of `regressors` regressors and a constant.
    pub fn new(regressors: usize) -> Rolling {
        let width = regressors + 2;
        let sums = width * (width + 1) / 2;
        Rolling { width, front: Vec::new(), back: Vec::new(), back_sum: vec![0.0; sums] }
    }
    /// Rows in the window.
    pub fn len(&self) -> usize {
        self.front.len() / self.back_sum.len() + self.back.len() / self.width
    }
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Adds the newest row; regressors beyond the width are ignored, missing ones are zero.
    pub fn push(&mut self, x: &[f64], y: f64) {
        let from = self.back.len();
        self.back.push(1.0);
        self.back.extend(x.iter().copied().chain(std::iter::repeat(0.0)).take(self.width - 2));
        self.back.push(y);
        add_products(&mut self.back_sum, &self.back[from..]);
    }
    /// Takes the oldest row out, where there is one.
    pub fn drop_oldest(&mut self) {
        let sums = self.back_sum.len();
        if self.front.is_empty() {
            let mut sum = vec![0.0; sums];
            for row in self.back.chunks_exact(self.width).rev() {
                add_products(&mut sum, row);
                self.front.extend_from_slice(&sum);
            }
            self.back.clear();
            self.back_sum.fill(0.0);
        }
        self.front.truncate(self.front.len().saturating_sub(sums));
    }
    /// The constant, then one coefficient per regressor; `None` where rows are too few or columns
    /// depend on each other.
    pub fn coefficients(&self) -> Option<Vec<f64>> {
        let (k, sums) = (self.width - 1, self.back_sum.len());
        if self.len() <= k {
            return None;
        }
        let mut sum = self.back_sum.clone();
        if let Some(from) = self.front.len().checked_sub(sums) {
            sum.iter_mut().zip(&self.front[from..]).for_each(|(s, f)| *s += f);
        }
        // Row i of the lower triangle begins after 1 + 2 + .. + i numbers.
        let at = |i: usize, j: usize| sum[i * (i + 1) / 2 + j];
        let length: Vec<f64> = (0..k).map(|i| at(i, i).sqrt()).collect();
        let mut gram = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                gram[i * k + j] = at(i, j) / (length[i] * length[j]);
            }
        }
        let right = (0..k).map(|j| at(k, j) / length[j]).collect();
        let mut b = Cholesky::of(gram, k)?.solve(right);
        b.iter_mut().zip(&length).for_each(|(b, l)| *b /= l);
        Some(b)
    }
}

/// Adds the lower triangle of row row', by rows.
fn add_products(sum: &mut [f64], row: &[f64]) {
    let mut rest = sum;
    for (i, a) in row.iter().enumerate() {
        let (own, after) = rest.split_at_mut(i + 1);
        own.iter_mut().zip(row).for_each(|(s, b)| *s += a * b);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::super::regression::least_squares;
    use super::*;
    use crate::base::Seed;
    use rand::RngExt;

    #[test]
    fn every_window_has_the_coefficients_of_a_fit_from_scratch() {
        let mut rng = Seed(2).rng();
        // One wild row in the middle, a million times the others: it must leave without a trace.
        let x: Vec<Vec<f64>> = (0..400)
            .map(|i| (0..3).map(|_| rng.random::<f64>() * if i == 150 { 1e6 } else { 1.0 }).collect())
            .collect();
        let y: Vec<f64> = x.iter().map(|x| 0.3 + x[0] - 2.0 * x[1] + 0.1 * rng.random::<f64>()).collect();
        let mut window = Rolling::new(3);
        for i in 0..x.len() {
            window.push(&x[i], y[i]);
            if i >= 60 {
                window.drop_oldest();
                assert_eq!(window.len(), 60);
                let wild = (i - 59..=i).contains(&150);
                let want = least_squares(&x[i - 59..=i], &y[i - 59..=i], None).unwrap().coefficients;
                for (got, want) in window.coefficients().unwrap().iter().zip(&want).skip(usize::from(wild)) {
                    let tolerance = if wild { 1e-3 } else { 1e-10 };
                    assert!(
                        (got - want).abs() < tolerance * (want.abs() + f64::from(u8::from(wild))),
                        "row {i}: {got} {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn too_few_rows_and_dependent_columns_have_no_coefficients() {
        let mut window = Rolling::new(2);
        window.drop_oldest();
        assert!(window.is_empty());
        for i in 0..20 {
            assert_eq!(window.coefficients(), None);
            window.push(&[f64::from(i), 2.0 * f64::from(i)], 1.0);
        }
    }
}
