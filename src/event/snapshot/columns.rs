//! Tables of comma-separated values whose columns are found by name: a symbol, then numbers.

use crate::base::Symbol;
use crate::event::Error;

/// Number of a line, its symbol and its numbers.
pub(super) type Line<const N: usize> = (usize, Symbol, [Option<f64>; N]);

/// Every line, the columns in the order of `names`, the symbol first.
pub(super) fn fields<const N: usize>(text: &str, names: &[&str]) -> Result<Vec<Line<N>>, Error> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(wrong(text.lines().count(), "the last line does not end: the file is still being written"));
    }
    let mut lines = text.lines().enumerate();
    let head: Vec<&str> = lines.next().map_or("", |l| l.1).split(',').map(str::trim).collect();
    let place = |name: &&str| {
        head.iter()
            .position(|h| h == name)
            .ok_or_else(|| wrong(1, &format!("no column `{name}`; want {}", names.join(","))))
    };
    let places = names.iter().map(place).collect::<Result<Vec<usize>, Error>>()?;
    let mut all = Vec::new();
    for (i, line) in lines.filter(|l| !l.1.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let cell = |k: usize| cells.get(places[k]).copied().unwrap_or("");
        let symbol = cell(0).parse().map_err(|e| wrong(i + 1, &format!("{e}")))?;
        let mut numbers = [None; N];
        for (k, number) in numbers.iter_mut().enumerate() {
            let text = cell(k + 1);
            let bad = || wrong(i + 1, &format!("`{}` is `{text}`; want a number", names[k + 1]));
            *number = match text {
                "" => None,
                _ => Some(text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(bad)?),
            };
        }
        all.push((i + 1, symbol, numbers));
    }
    Ok(all)
}

pub(super) fn wrong(line: usize, why: &str) -> Error {
    Error::Line { line, why: why.into() }
}
