//! Likelihoods and their derivatives, each beside differences or simple sums.

use super::*;
use crate::forecast::garch::process::{Aparch, Component, Exponential, Figarch, Harch, Integrated, Realized};

/// Waves whose size comes and goes, with a realised variance and a regressor.
fn columns() -> [Vec<f64>; 3] {
    let wave = |t: f64| (1.0 + 0.6 * (t / 40.0).sin()) * (17.3 * t * t).sin();
    let t = || (0..300).map(f64::from);
    let realized = t().map(|t| 0.3 + wave(t + 0.5).powi(2)).collect();
    [t().map(|t| 0.05 + wave(t)).collect(), realized, t().map(|t| 1.0 + (0.3 * t).sin()).collect()]
}

fn processes() -> Vec<Process> {
    let power = |p, o, q, power, exogenous| Process::Power(Power { p, o, q, power, exogenous });
    vec![
        power(1, 0, 1, 2.0, 0),
        power(1, 1, 1, 2.0, 0),
        power(2, 1, 2, 2.0, 1),
        power(1, 2, 1, 1.0, 0),
        power(3, 0, 0, 2.0, 0),
        Process::Integrated(Integrated {}),
        Process::Aparch(Aparch::default()),
        Process::Aparch(Aparch { p: 2, q: 1, power: Some(1.3) }),
        Process::Exponential(Exponential { p: 1, o: 2, q: 1 }),
        Process::Harch(Harch { lags: vec![1, 4, 9] }),
        Process::Figarch(Figarch { p: 1, q: 1, truncation: 50 }),
        Process::Figarch(Figarch { p: 0, q: 1, truncation: 400 }),
        Process::Component(Component {}),
        Process::Realized(Realized::default()),
    ]
}

const INNOVATIONS: [Innovation; 5] =
    [Innovation::Normal, Innovation::Student, Innovation::SkewStudent, Innovation::FernandezSteel, Innovation::Ged];

/// Does something with the likelihood of every specification at the middle of its grid.
fn each(check: impl Fn(&Likelihood<'_>, &[f64; 16], &str)) {
    let [returns, realized, regressor] = columns();
    for process in processes() {
        for (innovation, start) in
            INNOVATIONS.iter().flat_map(|i| [(i, Start::Backcast), (i, Start::MeanSquare), (i, Start::FirstVariance)])
        {
            let mean = if *innovation == Innovation::Ged { Mean::Ar(1) } else { Mean::Constant };
            let spec = Spec { mean, process: process.clone(), innovation: *innovation, start };
            let wants = matches!(&process, Process::Power(power) if power.exogenous > 0);
            let exogenous: &[f64] = if wants { &regressor } else { &[] };
            let series = Series { returns: &returns, realized: &realized, exogenous };
            let mean = if mean == Mean::Constant { vec![0.1] } else { vec![0.1, 0.02] };
            let likelihood = Likelihood { spec: &spec, series, mean, backcast: 0.8 };
            let grid = family!(&process, f => f.grid());
            let shape = innovation.start(5.0);
            let mut x = [0.0; 16];
            let all = likelihood.mean.iter().chain(&grid[grid.len() / 2]).chain(&shape);
            x.iter_mut().zip(all).for_each(|(x, v)| *x = *v + 0.02);
            check(&likelihood, &x, &format!("{spec:?}"));
        }
    }
}

#[test]
fn the_gradient_is_that_of_differences() {
    each(|likelihood, x, what| {
        let (_, gradient) = Problem(likelihood).at(x);
        let count = likelihood.spec.count();
        for i in 0..count {
            let moved = |h: f64| {
                let mut to = *x;
                to[i] += h;
                likelihood.value(&likelihood.coefficients(&to[..count])) / likelihood.rows() as f64
            };
            let want = -(moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[i] - want).abs() < 1e-6 * want.abs().max(1.0), "{what} {i}: {} {want}", gradient[i]);
        }
    });
}

#[test]
fn the_direct_pass_is_the_recursion() {
    each(|likelihood, x, what| {
        if likelihood.spec.direct().is_none() {
            return;
        }
        let Process::Power(power) = &likelihood.spec.process else { return };
        let c = likelihood.coefficients(&Dual::variables(x));
        let (mut direct, mut sum) = (Sum { value: 0.0, by: [0.0; 16] }, Sum { value: 0.0, by: [0.0; 16] });
        likelihood.scores(&c, &mut direct);
        likelihood.run(power, &c, &mut |o| sum.take(o), &mut |_| ());
        let (mut outer, mut products) = (Products { by: [[0.0; 16]; 16] }, Products { by: [[0.0; 16]; 16] });
        likelihood.scores(&c, &mut outer);
        likelihood.run(power, &c, &mut |o| products.take(o), &mut |_| ());
        let pairs = direct.by.iter().zip(&sum.by).chain(outer.by.iter().flatten().zip(products.by.iter().flatten()));
        for (a, b) in pairs.chain([(&direct.value, &sum.value)]) {
            assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{what}: {a} {b}");
        }
    });
}
