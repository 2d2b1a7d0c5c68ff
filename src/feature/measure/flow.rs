//! Order flow in volume time: buckets of equal volume, and how one-sided they are.

/// Cuts volume, bought and sold in order of time, into buckets of `size`; a part that crosses the edge of
/// a bucket is split in proportion, and what does not fill a last bucket is left out. Empty unless `size`
/// is positive; parts that are not finite and not negative are left out.
pub fn volume_buckets(parts: &[[f64; 2]], size: f64) -> Vec<[f64; 2]> {
    let (mut buckets, mut now) = (Vec::new(), [0.0; 2]);
    if !(size > 0.0 && size.is_finite()) {
        return buckets;
    }
    for part in parts.iter().filter(|p| p.iter().all(|v| v.is_finite() && *v >= 0.0)) {
        let volume = part[0] + part[1];
        let mut left = volume;
        // Room that rounding leaves in a full bucket is none.
        while left > 0.0 {
            let room = size - (now[0] + now[1]);
            let taken = left.min(room);
            (0..2).for_each(|side| now[side] += part[side] * taken / volume);
            left -= taken;
            if room - taken <= 1e-12 * size {
                buckets.push(std::mem::replace(&mut now, [0.0; 2]));
            }
        }
    }
    buckets
}

/// Volume-synchronised probability of informed trading (Easley, Lopez de Prado, O'Hara 2012): the mean of
/// `|bought - sold| / volume` over buckets of equal volume, as a rule the last 50 of a fiftieth of a day's
/// volume each. NaN without buckets.
pub fn vpin(buckets: &[[f64; 2]]) -> f64 {
    let share = |[bought, sold]: &[f64; 2]| (bought - sold).abs() / (bought + sold);
    buckets.iter().map(share).sum::<f64>() / buckets.len() as f64
}
