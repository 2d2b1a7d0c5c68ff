//! Columns of numbers as short text that the page's script unpacks.
//!
//! A column is spread evenly between its least and its largest number, or between their logarithms where all are
//! positive, over codes of 24 or 16 bits in base64; code 0 is absence. A column of one number is that number.

use serde_json::{Value, json};

/// Bits of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// Six digits or more.
    Full,
    /// Four digits.
    Half,
}

impl Bits {
    fn bytes(self) -> usize {
        match self {
            Bits::Full => 3,
            Bits::Half => 2,
        }
    }
    /// Characters that so many numbers take.
    pub fn length(self, numbers: usize) -> usize {
        numbers * self.bytes() * 4 / 3
    }
}

/// A column.
pub fn column(values: &[f64], bits: Bits) -> Value {
    let known = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if low > high || (low == high && values.iter().all(|v| v.is_finite())) {
        return json!({"n": values.len(), "same": if low > high { Value::Null } else { json!(low) }});
    }
    let log = low > 0.0;
    let scale = |v: f64| if log { v.ln() } else { v };
    let (from, to) = (scale(low), scale(high));
    let codes = f64::from((1u32 << (8 * bits.bytes())) - 2);
    let mut bytes = Vec::with_capacity(values.len() * bits.bytes());
    for v in values {
        let share = if to > from { (scale(*v) - from) / (to - from) } else { 0.0 };
        let code = if v.is_finite() { 1 + (share * codes).round() as u32 } else { 0 };
        bytes.extend_from_slice(&code.to_le_bytes()[..bits.bytes()]);
    }
    json!({"n": values.len(), "log": log, "from": from, "to": to, "bytes": bits.bytes(), "data": base64(&bytes)})
}

/// Whole numbers as differences, each with how often it comes in a row.
pub fn steps(values: impl Iterator<Item = i64>) -> Value {
    let (mut runs, mut before): (Vec<[i64; 2]>, i64) = (Vec::new(), 0);
    for v in values {
        match runs.last_mut() {
            Some([step, times]) if *step == v - before => *times += 1,
            _ => runs.push([v - before, 1]),
        }
        before = v;
    }
    json!(runs)
}

/// Lengths of runs of no and yes in turn, beginning with no.
pub fn runs(flags: &[bool]) -> Value {
    let (mut lengths, mut on) = (vec![0usize], false);
    for flag in flags {
        if *flag != on {
            lengths.push(0);
            on = *flag;
        }
        if let Some(last) = lengths.last_mut() {
            *last += 1;
        }
    }
    json!(lengths)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |k: usize| u32::from(three.get(k).copied().unwrap_or(0));
        let all = (at(0) << 16) | (at(1) << 8) | at(2);
        for k in 0..4 {
            let digit = DIGITS[((all >> (18 - 6 * k)) & 63) as usize];
            out.push(if k <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// What the page's script makes of a column.
    pub fn unpacked(column: &Value) -> Vec<f64> {
        let n = column["n"].as_u64().unwrap() as usize;
        if let Some(same) = column.get("same") {
            return vec![same.as_f64().unwrap_or(f64::NAN); n];
        }
        let (from, to) = (column["from"].as_f64().unwrap(), column["to"].as_f64().unwrap());
        let width = column["bytes"].as_u64().unwrap() as usize;
        let digit =
            |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|d| *d == c);
        let mut bytes = Vec::new();
        for four in column["data"].as_str().unwrap().as_bytes().chunks(4) {
            let all = four.iter().fold(0u32, |all, c| (all << 6) | digit(*c).unwrap_or(0) as u32);
            bytes.extend_from_slice(&all.to_be_bytes()[1..]);
        }
        let codes = f64::from((1u32 << (8 * width)) - 2);
        let one = |code: &[u8]| {
            let code = code.iter().rev().fold(0u32, |all, b| (all << 8) | u32::from(*b));
            let x = from + (to - from) * f64::from(code.wrapping_sub(1)) / codes;
            if code == 0 {
                f64::NAN
            } else if column["log"] == true {
                x.exp()
            } else {
                x
            }
        };
        bytes.chunks_exact(width).take(n).map(one).collect()
    }

    #[test]
    fn a_column_comes_back_to_its_digits() {
        let positive: Vec<f64> = (0..1000).map(|i| 1e-4 * (0.01 * f64::from(i)).exp()).collect();
        let signed: Vec<f64> =
            (0..1001).map(|i| if i % 9 == 4 { f64::NAN } else { f64::from(i) / 1000.0 - 0.5 }).collect();
        for (bits, near) in [(Bits::Full, 1e-6), (Bits::Half, 2e-4)] {
            let back = unpacked(&column(&positive, bits));
            assert!(back.iter().zip(&positive).all(|(a, b)| (a / b - 1.0).abs() < near), "{bits:?}");
            let back = unpacked(&column(&signed, bits));
            assert_eq!(back.len(), signed.len());
            let same = |(a, b): (&f64, &f64)| if b.is_nan() { a.is_nan() } else { (a - b).abs() < near };
            assert!(back.iter().zip(&signed).all(same), "{bits:?}");
        }
        assert_eq!(unpacked(&column(&[2.5; 7], Bits::Full)), [2.5; 7]);
        assert!(unpacked(&column(&[f64::NAN; 3], Bits::Full)).iter().all(|v| v.is_nan()));
        let gap = unpacked(&column(&[2.5, f64::NAN, 2.5], Bits::Full));
        assert!(gap[1].is_nan() && (gap[0] - 2.5).abs() < 1e-6 && gap.len() == 3);
    }

    #[test]
    fn steps_and_runs_say_what_was_there() {
        assert_eq!(steps([10, 20, 30, 35].into_iter()), json!([[10, 3], [5, 1]]));
        assert_eq!(runs(&[true, true, false, true]), json!([0, 2, 1, 1]));
        assert_eq!(runs(&[]), json!([0]));
        assert_eq!(base64(b"light wor"), "bGlnaHQgd29y");
        assert_eq!(base64(b"light w"), "bGlnaHQgdw==");
    }
}
