//! Regression trees grown leaf by leaf on histograms of gradients, for boosting.
//!
//! A split's gain is GL^2/(HL + l2) + GR^2/(HR + l2) - G^2/(H + l2) with G, H the sums of first and
//! second derivatives of the loss; a leaf's value is -G/(H + l2). Source: Friedman 2001; Chen,
//! Guestrin 2016; leaf-wise growth as Ke et al. 2017.

use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::base::{Seed, stats};

/// Most cuts of one input.
const CUTS: usize = 63;

/// How trees grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub leaves: usize,
    pub min_rows: usize,
    pub l2: f64,
    pub input_share: f64,
    pub row_share: f64,
}

/// Inputs as places among their cuts.
pub(super) struct Binned {
    rows: usize,
    /// Input by input.
    bins: Vec<Vec<u8>>,
    cuts: Vec<Vec<f64>>,
}

impl Binned {
    /// From `width` inputs, row by row.
    pub fn new(z: &[f64], width: usize) -> Binned {
        let rows = z.len() / width.max(1);
        let column = |j: usize| (0..rows).map(|i| z[i * width + j]).collect::<Vec<_>>();
        let (mut bins, mut cuts) = (Vec::new(), Vec::new());
        for j in 0..width {
            let values = column(j);
            let sorted = stats::sorted(&values);
            let mut own: Vec<f64> =
                (1..=CUTS).map(|k| stats::quantile(&sorted, k as f64 / (CUTS + 1) as f64)).collect();
            own.dedup();
            bins.push(values.iter().map(|v| own.partition_point(|c| c < v) as u8).collect());
            cuts.push(own);
        }
        Binned { rows, bins, cuts }
    }
}

/// A tree: at each node rows with `z[input] <= cut` go left. A child below zero is leaf `-1 - child`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    input: Vec<u16>,
    cut: Vec<f64>,
    left: Vec<i32>,
    right: Vec<i32>,
    leaf: Vec<f64>,
}

impl Tree {
    /// The value of the leaf that a row falls into.
    pub fn value(&self, z: &[f64]) -> f64 {
        let mut at = if self.input.is_empty() { -1 } else { 0 };
        while at >= 0 {
            let node = at as usize;
            let left = z[usize::from(self.input[node])] <= self.cut[node];
            at = if left { self.left[node] } else { self.right[node] };
        }
        self.leaf[(-1 - at) as usize]
    }
    pub fn is_finite(&self) -> bool {
        self.leaf.iter().chain(&self.cut).all(|v| v.is_finite())
    }
}

/// Sums of first and second derivatives, and rows.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    g: f64,
    h: f64,
    n: usize,
}

impl Sum {
    fn less(self, other: Sum) -> Sum {
        Sum { g: self.g - other.g, h: self.h - other.h, n: self.n - other.n }
    }
    fn score(self, l2: f64) -> f64 {
        self.g * self.g / (self.h + l2)
    }
}

type Histogram = Vec<[Sum; CUTS + 1]>;

struct Split {
    gain: f64,
    /// Place among the tree's inputs, and the last bin that goes left.
    input: usize,
    bin: usize,
}

struct Leaf {
    rows: Vec<u32>,
    total: Sum,
    histogram: Histogram,
    split: Option<Split>,
    /// The node and side that it hangs from.
    parent: Option<(usize, bool)>,
}

/// What one tree is grown on.
struct Ground<'a> {
    binned: &'a Binned,
    growth: Growth,
    inputs: Vec<usize>,
    slope: &'a [(f64, f64)],
}

/// Grows one tree on a random part of rows and inputs; `slope` are first and second derivatives.
pub(super) fn grow(binned: &Binned, slope: &[(f64, f64)], growth: Growth, seed: Seed) -> Tree {
    let mut rng = seed.rng();
    let mut inputs: Vec<usize> = (0..binned.bins.len()).collect();
    inputs.shuffle(&mut rng);
    inputs.truncate(((inputs.len() as f64 * growth.input_share).ceil() as usize).max(1));
    inputs.sort_unstable();
    let rows: Vec<u32> = (0..binned.rows as u32).filter(|_| rng.random::<f64>() < growth.row_share).collect();
    let ground = Ground { binned, growth, inputs, slope };
    let mut tree = Tree::default();
    let histogram = ground.histogram(&rows);
    let mut leaves = vec![ground.leaf(rows, histogram, None)];
    while leaves.len() < growth.leaves {
        let gain = |leaf: &Leaf| leaf.split.as_ref().map_or(0.0, |s| s.gain);
        // The first of equals.
        let best = leaves.iter().enumerate().rev().max_by(|a, b| gain(a.1).total_cmp(&gain(b.1)));
        let Some(at) = best.map(|b| b.0) else { break };
        let Some(split) = leaves[at].split.take() else { break };
        let leaf = leaves.remove(at);
        let (left, right) = ground.split(leaf, &split, &mut tree);
        leaves.insert(at, right);
        leaves.insert(at, left);
    }
    for leaf in leaves {
        let place = -1 - tree.leaf.len() as i32;
        match leaf.parent {
            Some((node, true)) => tree.left[node] = place,
            Some((node, false)) => tree.right[node] = place,
            None => {}
        }
        tree.leaf.push(-leaf.total.g / (leaf.total.h + growth.l2));
    }
    tree
}

impl Ground<'_> {
    fn histogram(&self, rows: &[u32]) -> Histogram {
        let one = |input: &usize| {
            let bins = &self.binned.bins[*input];
            let mut sums = [Sum::default(); CUTS + 1];
            for row in rows {
                let (g, h) = self.slope[*row as usize];
                let sum = &mut sums[usize::from(bins[*row as usize])];
                sum.g += g;
                sum.h += h;
                sum.n += 1;
            }
            sums
        };
        self.inputs.iter().map(one).collect()
    }
    fn leaf(&self, rows: Vec<u32>, histogram: Histogram, parent: Option<(usize, bool)>) -> Leaf {
        let mut total = Sum { n: rows.len(), ..Sum::default() };
        for row in &rows {
            let (g, h) = self.slope[*row as usize];
            total.g += g;
            total.h += h;
        }
        let split = self.best(&histogram, total);
        Leaf { rows, total, histogram, split, parent }
    }
    fn best(&self, histogram: &Histogram, total: Sum) -> Option<Split> {
        let Growth { min_rows, l2, .. } = self.growth;
        let mut best: Option<Split> = None;
        for (input, sums) in histogram.iter().enumerate() {
            let mut left = Sum::default();
            for (bin, sum) in sums.iter().enumerate().take(self.binned.cuts[self.inputs[input]].len()) {
                left = Sum { g: left.g + sum.g, h: left.h + sum.h, n: left.n + sum.n };
                let right = total.less(left);
                if left.n < min_rows || right.n < min_rows {
                    continue;
                }
                let gain = left.score(l2) + right.score(l2) - total.score(l2);
                if gain > best.as_ref().map_or(1e-9, |b| b.gain) {
                    best = Some(Split { gain, input, bin });
                }
            }
        }
        best
    }
    /// Makes a node of a leaf.
    fn split(&self, leaf: Leaf, split: &Split, tree: &mut Tree) -> (Leaf, Leaf) {
        let node = tree.input.len();
        let input = self.inputs[split.input];
        tree.input.push(input as u16);
        tree.cut.push(self.binned.cuts[input][split.bin]);
        tree.left.push(0);
        tree.right.push(0);
        match leaf.parent {
            Some((parent, true)) => tree.left[parent] = node as i32,
            Some((parent, false)) => tree.right[parent] = node as i32,
            None => {}
        }
        let bins = &self.binned.bins[input];
        let (left, right): (Vec<u32>, Vec<u32>) =
            leaf.rows.iter().partition(|row| usize::from(bins[**row as usize]) <= split.bin);
        // The smaller side is counted, the other is what is left.
        let small = self.histogram(if left.len() <= right.len() { &left } else { &right });
        let mut large = leaf.histogram;
        for (large, small) in large.iter_mut().zip(&small) {
            large.iter_mut().zip(small).for_each(|(l, s)| *l = l.less(*s));
        }
        let (a, b) = if left.len() <= right.len() { (small, large) } else { (large, small) };
        (self.leaf(left, a, Some((node, true))), self.leaf(right, b, Some((node, false))))
    }
}
