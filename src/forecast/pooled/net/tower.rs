//! A causal net over a stretch of rows: each level turns blocks of neighbours into one of the next.
//!
//! It is a dilated causal convolution of which only the last instant is worked out: there its taps
//! do not overlap, so that every level is a dense layer over blocks. 192 rows become 48, 12, 3 and 1.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};

use super::plain::{Layer, Layers, OUTPUTS, silu};
use super::train::{Trained, layer, linear, normal_layer, start};
use crate::base::Seed;

/// Rows, or blocks, that a level turns into one.
pub(super) const BLOCKS: [usize; 4] = [4, 4, 4, 3];
/// Rows that are looked at.
pub(super) const LENGTH: usize = 192;

/// The tower in burn.
#[derive(Module, Debug)]
pub(super) struct Tower {
    blocks: Vec<Linear>,
    last: Linear,
}

impl Trained for Tower {
    fn of(weights: &Layers, device: &Device) -> Option<Tower> {
        let (last, blocks) = weights.layers.split_last()?;
        Some(Tower { blocks: blocks.iter().map(|l| linear(l, device)).collect(), last: linear(last, device) })
    }
    fn weights(&self) -> Option<Layers> {
        Some(Layers { layers: self.blocks.iter().chain([&self.last]).map(layer).collect::<Option<_>>()? })
    }
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let [n, mut width] = z.dims();
        let mut x = z;
        for block in &self.blocks {
            let [inputs, outputs] = block.weight.val().dims();
            let blocks = n * width / inputs;
            x = activation::silu(block.forward(x.reshape([blocks, inputs])));
            width = width / inputs * outputs;
        }
        self.last.forward(x.reshape([n, width]))
    }
}

/// Layers before training, for so many numbers a row and units a block.
pub(super) fn initial(channels: usize, units: usize, seed: Seed) -> Layers {
    let mut rng = seed.rng();
    let mut inputs = channels;
    let mut layers: Vec<Layer> = vec![];
    for block in BLOCKS {
        layers.push(normal_layer(block * inputs, units, &mut rng));
        inputs = units;
    }
    layers.push(start(units, OUTPUTS));
    Layers { layers }
}

/// The raw outputs for a stretch of `LENGTH` rows, oldest first.
pub(super) fn forward(weights: &Layers, rows: &[f32]) -> Vec<f32> {
    let Some((last, blocks)) = weights.layers.split_last() else { return vec![] };
    let mut x = rows.to_vec();
    for block in blocks {
        x = x.chunks_exact(block.inputs).flat_map(|b| block.forward(b)).map(silu).collect();
    }
    last.forward(&x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use rand::RngExt;

    #[test]
    fn the_plain_forward_is_burns_and_every_row_counts() {
        let mut weights = initial(3, 8, Seed(5));
        let mut rng = Seed(6).rng();
        let last = weights.layers.last_mut().unwrap();
        last.weight.iter_mut().for_each(|w| *w = rng.random::<f32>() - 0.5);
        let width = 3 * LENGTH;
        let z: Vec<f32> = (0..20 * width).map(|_| 4.0 * rng.random::<f32>() - 2.0).collect();
        let device = Device::flex();
        let tower = Tower::of(&weights, &device).unwrap();
        let theirs: Vec<f32> = tower
            .forward(Tensor::from_data(TensorData::new(z.clone(), [20, width]), &device))
            .into_data()
            .try_to_vec()
            .unwrap();
        for (z, theirs) in z.chunks(width).zip(theirs.chunks(OUTPUTS)) {
            for (a, b) in forward(&weights, z).iter().zip(theirs) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
        assert_eq!(tower.weights().unwrap(), weights);
        for row in 0..LENGTH {
            let mut other = z[..width].to_vec();
            other[3 * row] += 1.0;
            assert_ne!(forward(&weights, &other), forward(&weights, &z[..width]), "row {row} does not count");
        }
    }
}
