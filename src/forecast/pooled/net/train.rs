//! Training of the net in burn: AdamW, cosine learning rate, early stop on the last rows in time.
//!
//! Loss per row, with o the log variance in units of the row's long mean, t the outcome in the
//! same units and z the return over the forecast's standard deviation:
//! t exp(-o) + o (QLIKE) + weight times the pinball losses of z at the published levels. No
//! gradient flows through the standard deviation in z.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::plain::{Layer, Layers, OUTPUTS};
use crate::base::{Seed, stats};
use crate::forecast::dist::LEVELS;

/// Rows to learn from, in order of time.
pub(super) struct Data {
    /// Number of inputs.
    pub width: usize,
    /// Standardised inputs, row by row.
    pub z: Vec<f32>,
    /// Log variance of the linear start.
    pub offset: Vec<f32>,
    /// Outcome in units of the long mean.
    pub target: Vec<f32>,
    /// Return over the standard deviation that belongs to the long mean.
    pub ret: Vec<f32>,
}

/// How training runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub epochs: usize,
    pub batch: usize,
    pub rate: f64,
    pub decay: f64,
    pub patience: usize,
    pub pinball: f64,
    /// Log variances are cut off beyond this.
    pub limit: f32,
}

/// A net that burn trains and plain numbers hold.
pub(super) trait Trained: Module {
    /// From plain numbers; `None` where they are of another net.
    fn of(weights: &Layers, device: &Device) -> Option<Self>;
    /// To plain numbers; `None` if burn gives back none.
    fn weights(&self) -> Option<Layers>;
    /// Raw outputs, a row for each of the inputs.
    fn forward(&self, z: Tensor<2>) -> Tensor<2>;
}

/// Dense layers with SiLU between them.
#[derive(Module, Debug)]
pub(super) struct Mlp {
    first: Linear,
    second: Linear,
    last: Linear,
}

pub(super) fn linear(layer: &Layer, device: &Device) -> Linear {
    let weight = TensorData::new(layer.weight.clone(), [layer.inputs, layer.outputs]);
    let bias = TensorData::new(layer.bias.clone(), [layer.outputs]);
    Linear { weight: Param::from_data(weight, device), bias: Some(Param::from_data(bias, device)) }
}

pub(super) fn layer(linear: &Linear) -> Option<Layer> {
    let weight = linear.weight.val();
    let [inputs, outputs] = weight.dims();
    let bias = linear.bias.as_ref()?.val().into_data().try_to_vec().ok()?;
    Some(Layer { inputs, outputs, weight: weight.into_data().try_to_vec().ok()?, bias })
}

impl Trained for Mlp {
    fn of(weights: &Layers, device: &Device) -> Option<Mlp> {
        let [first, second, last] = weights.layers.as_slice() else { return None };
        Some(Mlp { first: linear(first, device), second: linear(second, device), last: linear(last, device) })
    }
    fn weights(&self) -> Option<Layers> {
        Some(Layers { layers: vec![layer(&self.first)?, layer(&self.second)?, layer(&self.last)?] })
    }
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let x = activation::silu(self.first.forward(z));
        self.last.forward(activation::silu(self.second.forward(x)))
    }
}

/// Layers before training: hidden layers normal with variance 1/inputs; a log variance of zero, so
/// that training starts at the linear model; quantiles of the standard normal.
pub(super) fn initial(width: usize, hidden: [usize; 2], seed: Seed) -> Layers {
    let mut rng = seed.rng();
    let first = normal_layer(width, hidden[0], &mut rng);
    let second = normal_layer(hidden[0], hidden[1], &mut rng);
    Layers { layers: vec![first, second, start(hidden[1], OUTPUTS)] }
}

/// A hidden layer before training.
pub(super) fn normal_layer(inputs: usize, outputs: usize, rng: &mut impl RngExt) -> Layer {
    let sd = (1.0 / inputs as f64).sqrt();
    let mut one = || sd * stats::normal_quantile(rng.random::<f64>().clamp(1e-9, 1.0 - 1e-9));
    let weight = (0..inputs * outputs).map(|_| one() as f32).collect();
    Layer { inputs, outputs, weight, bias: vec![0.0; outputs] }
}

/// The last layer before training.
pub(super) fn start(inputs: usize, outputs: usize) -> Layer {
    let mut last = Layer { inputs, outputs, weight: vec![0.0; inputs * outputs], bias: vec![0.0; outputs] };
    let normal = LEVELS.map(stats::normal_quantile);
    for (k, pair) in normal.windows(2).enumerate() {
        // The inverse of softplus.
        last.bias[2 + k] = (pair[1] - pair[0]).exp_m1().ln() as f32;
    }
    last
}

impl Data {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.target.len()
    }
    fn tensors(&self, rows: &[usize], device: &Device) -> Batch {
        let n = rows.len();
        let mut z = Vec::with_capacity(n * self.width);
        rows.iter().for_each(|i| z.extend_from_slice(&self.z[i * self.width..(i + 1) * self.width]));
        let column = |from: &[f32]| {
            let picked: Vec<f32> = rows.iter().map(|i| from[*i]).collect();
            Tensor::<2>::from_data(TensorData::new(picked, [n, 1]), device)
        };
        Batch {
            z: Tensor::from_data(TensorData::new(z, [n, self.width]), device),
            offset: column(&self.offset),
            target: column(&self.target),
            ret: column(&self.ret),
        }
    }
}

struct Batch {
    z: Tensor<2>,
    offset: Tensor<2>,
    target: Tensor<2>,
    ret: Tensor<2>,
}

/// Constants of the loss.
struct Loss {
    /// From median and steps to quantiles, 9 x 9.
    cumulate: Tensor<2>,
    levels: Tensor<2>,
    pinball: f64,
    limit: f32,
}

impl Loss {
    fn new(schedule: &Schedule, device: &Device) -> Loss {
        const N: usize = LEVELS.len();
        let mut cumulate = vec![0.0_f32; N * N];
        cumulate[..N].fill(1.0);
        for k in 0..4 {
            cumulate[(1 + k) * N..(1 + k) * N + k + 1].fill(-1.0);
            cumulate[(5 + k) * N + 5 + k..(6 + k) * N].fill(1.0);
        }
        let levels = LEVELS.iter().map(|p| *p as f32).collect::<Vec<_>>();
        Loss {
            cumulate: Tensor::from_data(TensorData::new(cumulate, [N, N]), device),
            levels: Tensor::from_data(TensorData::new(levels, [1, N]), device),
            pinball: schedule.pinball,
            limit: schedule.limit,
        }
    }
    fn log_variance(&self, outputs: Tensor<2>, batch: &Batch) -> Tensor<2> {
        (outputs.narrow(1, 0, 1) + batch.offset.clone()).clamp(-self.limit, self.limit)
    }
    /// Mean QLIKE over rows, up to a constant.
    fn qlike(&self, log_variance: Tensor<2>, batch: &Batch) -> Tensor<1> {
        (batch.target.clone() * log_variance.clone().neg().exp() + log_variance).mean()
    }
    fn of(&self, outputs: Tensor<2>, batch: &Batch) -> Tensor<1> {
        let log_variance = self.log_variance(outputs.clone(), batch);
        let z = batch.ret.clone() * log_variance.clone().detach().mul_scalar(-0.5).exp();
        let steps = activation::softplus(outputs.clone().narrow(1, 2, OUTPUTS - 2), 1.0);
        let quantiles = Tensor::cat(vec![outputs.narrow(1, 1, 1), steps], 1).matmul(self.cumulate.clone());
        let error = z - quantiles;
        // max(p e, (p - 1) e) = p e + max(0, -e)
        let pinball = error.clone() * self.levels.clone() + activation::relu(error.neg());
        self.qlike(log_variance, batch) + pinball.mean().mul_scalar(self.pinball * LEVELS.len() as f64)
    }
}

/// How many of the last rows are held out of training to decide when it stops: a tenth.
pub(super) fn held(rows: usize) -> usize {
    rows / 10
}

/// Learns one net, from these weights on. The rows held out decide when to stop; the weights of the best epoch
/// are kept. After each epoch `epoch_done` is told the loss on the rows held out. The same data, schedule and seed give the same bits. `None` if burn gives back no
/// numbers.
pub(super) fn train<N: Trained>(
    data: &Data,
    schedule: &Schedule,
    initial: Layers,
    seed: Seed,
    epoch_done: &(dyn Fn(f32) + Sync),
) -> Option<Layers> {
    let device = Device::flex();
    let tracked = device.clone().autodiff();
    let mut best = initial;
    let mut net = N::of(&best, &tracked)?;
    let mut adam: ModuleOptimizer =
        AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(schedule.decay as f32).init();
    let loss = Loss::new(schedule, &tracked);
    let plain = Loss::new(schedule, &device);

    let mut order: Vec<usize> = (0..data.rows() - held(data.rows())).collect();
    let check = data.tensors(&(order.len()..data.rows()).collect::<Vec<_>>(), &device);
    let judge = |net: &N| -> f32 {
        let net = net.valid();
        let log_variance = plain.log_variance(net.forward(check.z.clone()), &check);
        plain.qlike(log_variance, &check).into_scalar::<f32>()
    };
    let batch = schedule.batch.min(order.len()).max(1);
    let steps = (schedule.epochs * (order.len() / batch)).max(1);
    let (mut least, mut bad, mut done) = (judge(&net), 0, 0);
    let mut rng = seed.named("order").rng();
    for _ in 0..schedule.epochs {
        order.shuffle(&mut rng);
        for rows in order.chunks_exact(batch) {
            let batch = data.tensors(rows, &tracked);
            let gradients = loss.of(net.forward(batch.z.clone()), &batch).backward();
            let gradients = GradientsParams::from_grads(gradients, &net);
            let rate = schedule.rate * 0.5 * (1.0 + (std::f64::consts::PI * f64::from(done) / steps as f64).cos());
            net = adam.step(rate, net, gradients);
            done += 1;
        }
        let now = judge(&net);
        epoch_done(now);
        if now < least - 1e-5 {
            (least, bad) = (now, 0);
            best = net.weights()?;
        } else {
            bad += 1;
            if bad >= schedule.patience {
                break;
            }
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_forward_is_burns() {
        let mut weights = initial(7, [64, 32], Seed(5));
        let mut rng = Seed(6).rng();
        let last = weights.layers.last_mut().unwrap();
        last.weight.iter_mut().for_each(|w| *w = rng.random::<f32>() - 0.5);
        let z: Vec<f32> = (0..50 * 7).map(|_| 12.0 * rng.random::<f32>() - 6.0).collect();
        let device = Device::flex();
        let net = Mlp::of(&weights, &device).unwrap();
        let theirs: Vec<f32> = net
            .forward(Tensor::from_data(TensorData::new(z.clone(), [50, 7]), &device))
            .into_data()
            .try_to_vec()
            .unwrap();
        for (z, theirs) in z.chunks(7).zip(theirs.chunks(OUTPUTS)) {
            for (a, b) in weights.forward(z).iter().zip(theirs) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
        assert_eq!(net.weights().unwrap(), weights);
    }

    #[test]
    fn the_loss_is_its_formula_and_quantiles_start_at_the_normals() {
        let schedule = Schedule { epochs: 1, batch: 4, rate: 1e-3, decay: 0.0, patience: 1, pinball: 0.3, limit: 6.0 };
        let data = Data {
            width: 2,
            z: vec![0.5, -1.0, 2.0, 0.0],
            offset: vec![0.2, -0.4],
            target: vec![1.5, 0.7],
            ret: vec![-2.5, 0.3],
        };
        let weights = initial(2, [8, 4], Seed(1));
        let device = Device::flex();
        let batch = data.tensors(&[0, 1], &device);
        let outputs = Mlp::of(&weights, &device).unwrap().forward(batch.z.clone());
        let got = Loss::new(&schedule, &device).of(outputs, &batch).into_scalar::<f32>();
        let mut want = 0.0;
        for i in 0..2 {
            let out = weights.forward(&data.z[2 * i..2 * i + 2]);
            let o = f64::from(data.offset[i] + out[0]);
            want += (f64::from(data.target[i]) * (-o).exp() + o) / 2.0;
            let z = f64::from(data.ret[i]) * (-0.5 * o).exp();
            for (q, p) in super::super::plain::quantiles(&out[1..]).iter().zip(LEVELS) {
                assert!((q - stats::normal_quantile(p)).abs() < 1e-5);
                let e = z - q;
                want += 0.3 * (p * e).max((p - 1.0) * e) / 2.0;
            }
        }
        assert!((f64::from(got) - want).abs() < 1e-5, "{got} {want}");
    }

    #[test]
    fn training_finds_what_no_line_can_and_repeats_bit_for_bit() {
        // ln variance is |z|, of which a line through symmetric inputs sees nothing.
        let mut rng = Seed(2).rng();
        let z: Vec<f32> = (0..3000).map(|_| 4.0 * rng.random::<f32>() - 2.0).collect();
        let target: Vec<f32> = z.iter().map(|z| z.abs().exp() * (0.5 + rng.random::<f32>())).collect();
        let ret = target.iter().enumerate().map(|(i, t)| if i % 2 == 0 { t.sqrt() } else { -t.sqrt() }).collect();
        let mean = stats::mean(&target.iter().map(|t| f64::from(*t)).collect::<Vec<_>>()).ln();
        let data = Data { width: 1, offset: vec![mean as f32; z.len()], z, target, ret };
        let schedule =
            Schedule { epochs: 12, batch: 64, rate: 5e-3, decay: 1e-3, patience: 6, pinball: 0.1, limit: 6.0 };
        let begin = || initial(1, [16, 8], Seed(7).named("weights"));
        let learn = || train::<Mlp>(&data, &schedule, begin(), Seed(7), &|_| ()).unwrap();
        let net = learn();
        for z in [-1.5_f32, -0.5, 0.5, 1.5] {
            let got = mean + f64::from(net.forward(&[z])[0]);
            assert!((got - f64::from(z.abs())).abs() < 0.15, "{z}: {got}");
        }
        assert_eq!(net, learn());
    }
}
