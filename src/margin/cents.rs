//! Amounts in whole cents of the quote currency, so that what is printed adds up to the cent.

/// Largest number of cents that are told apart.
const MOST: f64 = 9e15;

/// Largest amount that is told to the cent, quote units.
pub const AMOUNT_MAX: f64 = MOST / 100.0;

/// Whole cents of a requirement, rounded up. Rounding noise below a millionth of a cent is none.
pub fn up(amount: f64) -> i64 {
    let cents = (amount * 100.0).clamp(-MOST, MOST);
    (cents - 1e-6_f64.max(cents.abs() * 1e-15)).ceil() as i64
}

/// Whole cents of what is only told, rounded to the nearest.
pub fn nearest(amount: f64) -> i64 {
    (amount * 100.0).clamp(-MOST, MOST).round() as i64
}

/// Whole cents of what is owned, rounded down.
pub fn down(amount: f64) -> i64 {
    -up(-amount)
}

/// Parts of a whole, in cents that sum to it: each is rounded down, and those with the largest
/// remainders, the earlier of equals, get what is left.
pub fn split(parts: &[f64], whole: i64) -> Vec<i64> {
    let exact: Vec<f64> = parts.iter().map(|p| (p * 100.0).clamp(-MOST, MOST)).collect();
    let mut cents: Vec<i64> = exact.iter().map(|e| e.floor() as i64).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let rest = |i: usize| exact[i] - exact[i].floor();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)).then(a.cmp(b)));
    let missing = whole - cents.iter().sum::<i64>();
    if missing < 0 {
        order.reverse();
    }
    if let Some(each) = missing.checked_div(parts.len() as i64) {
        cents.iter_mut().for_each(|c| *c += each);
        let left = missing - each * parts.len() as i64;
        order.iter().take(left.unsigned_abs() as usize).for_each(|i| cents[*i] += left.signum());
    }
    cents
}

/// `1234567` as `12,345.67`.
pub fn text(cents: i64) -> String {
    let whole = (cents.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}{grouped}.{:02}", if cents < 0 { "-" } else { "" }, cents.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_to_the_whole_to_the_cent() {
        assert_eq!(split(&[1.0 / 3.0; 3], 100), vec![34, 33, 33]);
        assert_eq!(split(&[0.105, -0.101, 0.2], 21), vec![11, -10, 20]);
        assert_eq!((split(&[], 0), split(&[1.0, 2.0], 299)), (vec![], vec![100, 199]));
        assert_eq!((up(0.1000001), up(0.1), down(0.1), down(0.109), up(f64::NAN)), (11, 10, 10, 10, 0));
        assert_eq!(
            (text(123_456_789), text(-5), text(100_000)),
            ("1,234,567.89".into(), "-0.05".into(), "1,000.00".into())
        );
    }
}
