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
/// Standardised values nearer to each other than this are the same value: no cut lies between them,
/// or rounding would decide on which side a row falls.
const SAME: f64 = 1e-9;
/// Gains that differ by less, as a share of the scores they are the difference of, are the same
/// gain, and the first input and cut is taken.
const TIE: f64 = 1e-10;

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
    /// From `width` inputs, row by row. Cuts lie in the middle of a gap between values, at or next above
    /// each quantile.
    pub fn new(z: &[f64], width: usize) -> Binned {
        let rows = z.len() / width.max(1);
        let column = |j: usize| (0..rows).map(|i| z[i * width + j]).collect::<Vec<_>>();
        let (mut bins, mut cuts) = (Vec::new(), Vec::new());
        for j in 0..width {
            let values = column(j);
            let sorted = stats::sorted(&values);
            let mut own: Vec<f64> = Vec::with_capacity(CUTS);
            let mut next = 0;
            for k in 1..=CUTS {
                let from = k * rows.saturating_sub(1) / (CUTS + 1);
                if from < next {
                    // The last cut is already beyond this quantile.
                    continue;
                }
                let gap = (from + 1..rows).find(|i| sorted[*i] - sorted[*i - 1] > SAME);
                let Some(above) = gap else { break };
                own.push(0.5 * (sorted[above - 1] + sorted[above]));
                next = above;
            }
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
    /// Values of the leaves.
    pub leaf: Vec<f64>,
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
    #[inline(always)]
    fn add(&mut self, (g, h): (f64, f64)) {
        self.g += g;
        self.h += h;
        self.n += 1;
    }
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
    bin: u8,
}

struct Leaf {
    rows: Vec<u32>,
    total: Sum,
    histogram: Histogram,
    split: Option<Split>,
    /// The node and side that it hangs from.
    parent: Option<(usize, bool)>,
    /// What its rows are marked with while the tree grows.
    mark: u8,
}

/// What one tree is grown on.
struct Ground<'a> {
    binned: &'a Binned,
    growth: Growth,
    inputs: Vec<usize>,
    slope: &'a [(f64, f64)],
}

/// Grows one tree on a random part of rows and inputs; `slope` are first and second derivatives.
/// Beside it the leaf of every row, in the tree or not.
pub(super) fn grow(binned: &Binned, slope: &[(f64, f64)], growth: Growth, seed: Seed) -> (Tree, Vec<u8>) {
    let mut rng = seed.rng();
    let mut inputs: Vec<usize> = (0..binned.bins.len()).collect();
    inputs.shuffle(&mut rng);
    inputs.truncate(((inputs.len() as f64 * growth.input_share).ceil() as usize).max(1));
    inputs.sort_unstable();
    let rows: Vec<u32> = (0..binned.rows as u32).filter(|_| rng.random::<f64>() < growth.row_share).collect();
    let ground = Ground { binned, growth, inputs, slope };
    let mut tree = Tree::default();
    let histogram = ground.histogram(&rows);
    let mut leaves = vec![ground.leaf(rows, histogram, None, 0)];
    let mut marks = vec![0; binned.rows];
    while leaves.len() < growth.leaves {
        let gain = |leaf: &Leaf| leaf.split.as_ref().map_or(0.0, |s| s.gain);
        // The first of equals.
        let best = leaves.iter().enumerate().rev().max_by(|a, b| gain(a.1).total_cmp(&gain(b.1)));
        let Some(at) = best.map(|b| b.0) else { break };
        let Some(split) = leaves[at].split.take() else { break };
        let (leaf, mark) = (leaves.remove(at), leaves.len() as u8 + 1);
        let bins = &binned.bins[ground.inputs[split.input]];
        // Without a branch, so that it goes sixteen rows at a time.
        let (old, cut) = (leaf.mark, split.bin);
        for (own, bin) in marks.iter_mut().zip(bins) {
            *own = if (*own == old) & (*bin > cut) { mark } else { *own };
        }
        let (left, right) = ground.split(leaf, &split, &mut tree, mark);
        leaves.insert(at, right);
        leaves.insert(at, left);
    }
    let mut places = [0; 256];
    for leaf in leaves {
        places[usize::from(leaf.mark)] = tree.leaf.len() as u8;
        let place = -1 - tree.leaf.len() as i32;
        match leaf.parent {
            Some((node, true)) => tree.left[node] = place,
            Some((node, false)) => tree.right[node] = place,
            None => {}
        }
        tree.leaf.push(-leaf.total.g / (leaf.total.h + growth.l2));
    }
    marks.iter_mut().for_each(|mark| *mark = places[usize::from(*mark)]);
    (tree, marks)
}

impl Ground<'_> {
    /// Two inputs at a time, so that one's sums need not wait for the other's.
    fn histogram(&self, rows: &[u32]) -> Histogram {
        let slopes: Vec<(f64, f64)> = rows.iter().map(|row| self.slope[*row as usize]).collect();
        let mut histogram = Vec::with_capacity(self.inputs.len() + 1);
        for pair in self.inputs.chunks(2) {
            let bins = |i: usize| &self.binned.bins[pair[i.min(pair.len() - 1)]];
            let (first, second) = (bins(0), bins(1));
            let (mut a, mut b) = ([Sum::default(); CUTS + 1], [Sum::default(); CUTS + 1]);
            for (row, slope) in rows.iter().zip(&slopes) {
                // Bins are at most `CUTS`, so that the mask changes none.
                a[usize::from(first[*row as usize]) & CUTS].add(*slope);
                b[usize::from(second[*row as usize]) & CUTS].add(*slope);
            }
            histogram.push(a);
            histogram.push(b);
        }
        histogram.truncate(self.inputs.len());
        histogram
    }
    fn leaf(&self, rows: Vec<u32>, histogram: Histogram, parent: Option<(usize, bool)>, mark: u8) -> Leaf {
        let mut total = Sum { n: rows.len(), ..Sum::default() };
        for row in &rows {
            let (g, h) = self.slope[*row as usize];
            total.g += g;
            total.h += h;
        }
        let split = self.best(&histogram, total);
        Leaf { rows, total, histogram, split, parent, mark }
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
                let parts = left.score(l2) + right.score(l2);
                let gain = parts - total.score(l2);
                if gain > best.as_ref().map_or(1e-9, |b| b.gain + TIE * parts) {
                    best = Some(Split { gain, input, bin: bin as u8 });
                }
            }
        }
        best
    }
    /// Makes a node of a leaf; its right side has the mark.
    fn split(&self, leaf: Leaf, split: &Split, tree: &mut Tree, mark: u8) -> (Leaf, Leaf) {
        let node = tree.input.len();
        let input = self.inputs[split.input];
        tree.input.push(input as u16);
        tree.cut.push(self.binned.cuts[input][usize::from(split.bin)]);
        tree.left.push(0);
        tree.right.push(0);
        match leaf.parent {
            Some((parent, true)) => tree.left[parent] = node as i32,
            Some((parent, false)) => tree.right[parent] = node as i32,
            None => {}
        }
        let bins = &self.binned.bins[input];
        let (left, right): (Vec<u32>, Vec<u32>) = leaf.rows.iter().partition(|row| bins[**row as usize] <= split.bin);
        // The smaller side is counted, the other is what is left.
        let small = self.histogram(if left.len() <= right.len() { &left } else { &right });
        let mut large = leaf.histogram;
        for (large, small) in large.iter_mut().zip(&small) {
            large.iter_mut().zip(small).for_each(|(l, s)| *l = l.less(*s));
        }
        let (a, b) = if left.len() <= right.len() { (small, large) } else { (large, small) };
        (self.leaf(left, a, Some((node, true)), leaf.mark), self.leaf(right, b, Some((node, false)), mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    const GROWTH: Growth = Growth { leaves: 31, min_rows: 20, l2: 1.0, input_share: 1.0, row_share: 0.7 };

    /// Inputs of which one is continuous, one has few values, and one is all but certain, as the
    /// probability of a regime is; and slopes that depend on all.
    fn data(rows: usize) -> (Vec<f64>, Vec<(f64, f64)>) {
        let mut rng = Seed(12).rng();
        let (mut z, mut slope) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let (a, b, c) = (rng.random::<f64>(), rng.random::<f64>(), rng.random::<f64>());
            let own = [6.0 * a - 3.0, (5.0 * b).floor(), if c < 0.8 { 1.0 } else { 2.0 * c }];
            slope.push((own[0].sin() + 0.3 * own[1] - own[2] + rng.random::<f64>() - 0.5, 0.5 + rng.random::<f64>()));
            z.extend(own);
        }
        (z, slope)
    }

    #[test]
    fn every_row_is_marked_with_the_leaf_it_falls_into() {
        let (z, slope) = data(3000);
        let (tree, leaf_of) = grow(&Binned::new(&z, 3), &slope, GROWTH, Seed(1));
        assert_eq!(tree.leaf.len(), 31);
        for (z, leaf) in z.chunks(3).zip(leaf_of) {
            assert_eq!(tree.value(z), tree.leaf[usize::from(leaf)]);
        }
    }

    #[test]
    fn rounding_moves_no_row_to_another_leaf() {
        let (z, slope) = data(3000);
        let mut rng = Seed(13).rng();
        let moved: Vec<f64> = z.iter().map(|z| z + 1e-10 * (rng.random::<f64>() - 0.5)).collect();
        let grown = |z: &[f64]| grow(&Binned::new(z, 3), &slope, GROWTH, Seed(1));
        let ((a, leaf_of), (b, others)) = (grown(&z), grown(&moved));
        assert_eq!((a.input, a.leaf, leaf_of), (b.input, b.leaf, others));
        assert!(a.cut.iter().zip(&b.cut).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
