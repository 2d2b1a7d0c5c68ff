//! A trained net as plain numbers, and its forward pass: what the registry stores and what runs.

use serde::{Deserialize, Serialize};

use crate::forecast::dist::LEVELS;

/// Outputs: the log variance beside the linear start, the median, and eight steps between
/// neighbouring quantiles.
pub(super) const OUTPUTS: usize = 1 + LEVELS.len();

/// One dense layer: y = x W + b.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// `inputs` x `outputs`, row by row.
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// The layers, with SiLU between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Layers {
    pub layers: Vec<Layer>,
}

impl Layer {
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let mut y = self.bias.clone();
        for (x, row) in x.iter().zip(self.weight.chunks_exact(self.outputs)) {
            y.iter_mut().zip(row).for_each(|(y, w)| *y += x * w);
        }
        y
    }
}

impl Layers {
    /// The raw outputs for one row of standardised inputs.
    pub fn forward(&self, z: &[f32]) -> Vec<f32> {
        let mut x = z.to_vec();
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x);
            if i + 1 < self.layers.len() {
                x.iter_mut().for_each(|v| *v = silu(*v));
            }
        }
        x
    }
}

/// x / (1 + exp(-x)).
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// ln(1 + exp(x)), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Quantiles at [`LEVELS`] from the last nine outputs: the median and the steps away from it, each
/// positive, so that quantiles cannot cross.
pub(super) fn quantiles(outputs: &[f32]) -> [f64; 9] {
    let step = |k: usize| softplus(f64::from(outputs[1 + k]));
    let mut q = [f64::from(outputs[0]); 9];
    for k in (0..4).rev() {
        q[k] = q[k + 1] - step(k);
    }
    for k in 5..9 {
        q[k] = q[k - 1] + step(k - 1);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_rise_whatever_the_outputs() {
        let q = quantiles(&[0.5, -40.0, 3.0, 90.0, 0.0, -1.0, 2.0, -200.0, 5.0]);
        assert!(q.windows(2).all(|w| w[0] <= w[1]), "{q:?}");
        assert_eq!(q[4], 0.5);
    }
}
