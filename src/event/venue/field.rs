//! One cell of a vendor's file: numbers and booleans, read by exact rules.

/// A whole number, perhaps negative.
pub fn integer(cell: &[u8]) -> Option<i64> {
    let (digits, sign) = match cell {
        [b'-', rest @ ..] => (rest, -1),
        all => (all, 1),
    };
    // Nineteen digits may be too many; eighteen never are, and need no check.
    if digits.is_empty() || digits.len() > 18 {
        let text = std::str::from_utf8(cell).ok()?;
        return text.parse().ok();
    }
    let mut value = 0_i64;
    for b in digits {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(b - b'0');
    }
    Some(sign * value)
}

/// A decimal number; empty is NaN, which makes a row with it in a needed place a counted fault.
///
/// # Errors
/// It is text of another sort.
pub fn float(cell: &[u8]) -> Result<f64, String> {
    let text = std::str::from_utf8(cell).map_err(|_| "number is not text".to_string())?.trim();
    if text.is_empty() {
        return Ok(f64::NAN);
    }
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

/// Yes or no, by name only.
///
/// # Errors
/// It is none of the names.
pub fn boolean(cell: &[u8]) -> Result<bool, String> {
    match cell {
        b"true" | b"True" | b"TRUE" | b"1" => Ok(true),
        b"false" | b"False" | b"FALSE" | b"0" => Ok(false),
        other => {
            let text = String::from_utf8_lossy(other).into_owned();
            Err(format!("`{text}` is no boolean; want true, false, True, False, TRUE, FALSE, 1 or 0"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_known_by_name_only() {
        assert_eq!(boolean(b"True"), Ok(true));
        assert_eq!(boolean(b"0"), Ok(false));
        assert!(boolean(b"yes").unwrap_err().contains("`yes`"));
        assert!(boolean(b"").is_err());
    }
}
