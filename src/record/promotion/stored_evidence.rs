//! How evidence is stored.
//!
//! Losses of every model at every time are nearly all of it. They are stored in whole ten-thousandths, a
//! series to a line, and times as runs of equal steps: a tenth of what the numbers in full took. What is
//! rounded away is far below what the gates could tell apart.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, ForecastEvidence, Hits};
use crate::base::{Horizon, Span, Ts};
use crate::record::error::{Error, damaged};
use crate::record::stored::{from_bytes, to_bytes};

/// Losses are stored in whole units of one over this.
const LOSS_UNITS: f64 = 1e4;

/// Every form that was ever written.
#[derive(Deserialize)]
#[serde(tag = "schema")]
enum StoredEvidence {
    /// Without margins and signature.
    #[serde(rename = "margincast.evidence.v1")]
    V1(Evidence),
    #[serde(rename = "margincast.evidence.v2")]
    V2(Evidence),
    #[serde(rename = "margincast.evidence.v3")]
    V3(Evidence<Packed>),
}

#[derive(Serialize)]
#[serde(tag = "schema")]
enum Written {
    #[serde(rename = "margincast.evidence.v3")]
    V3(Evidence<Packed>),
}

/// One horizon as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    horizon: Horizon,
    /// Runs of equal steps: first time, step and count, `/` between them and a blank between runs.
    ts: String,
    /// Whole ten-thousandths with blanks between them, or `=` and the name of a series that is the same.
    losses: BTreeMap<String, String>,
    below: Hits,
    above: Hits,
}

impl Evidence {
    /// Reads any version.
    ///
    /// # Errors
    /// Not JSON, or a form that this program does not know, or series that are not whole.
    pub fn read(place: &str, bytes: &[u8]) -> Result<Evidence, Error> {
        match from_bytes(place, bytes)? {
            StoredEvidence::V1(evidence) | StoredEvidence::V2(evidence) => Ok(evidence),
            StoredEvidence::V3(stored) => stored
                .with(|packed| packed.unpack().map_err(|why| damaged(place, format!("{}: {why}", packed.horizon)))),
        }
    }
    /// The newest form, ready to be stored. Losses are rounded to whole ten-thousandths.
    ///
    /// # Errors
    /// Never.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        to_bytes("evidence.json", &Written::V3(self.with(|measured| Ok::<_, Error>(Packed::of(measured)))?))
    }
}

impl<M> Evidence<M> {
    /// The same with every horizon in another form.
    fn with<N, E>(&self, horizon: impl Fn(&M) -> Result<N, E>) -> Result<Evidence<N>, E> {
        Ok(Evidence {
            served: self.served.clone(),
            base: self.base.clone(),
            horizons: self.horizons.iter().map(horizon).collect::<Result<_, E>>()?,
            leak_test: self.leak_test,
            drift: self.drift.clone(),
            usual: self.usual.clone(),
            margins: self.margins.clone(),
            lead_lag: self.lead_lag.clone(),
            signed: self.signed.clone(),
        })
    }
}

impl Packed {
    fn of(measured: &ForecastEvidence) -> Packed {
        let mut losses: BTreeMap<String, String> = BTreeMap::new();
        for (name, series) in &measured.losses {
            let text = digits(series);
            let same = losses.iter().find(|(_, other)| **other == text && !text.is_empty());
            let text = same.map_or(text, |(other, _)| format!("={other}"));
            losses.insert(name.clone(), text);
        }
        let ForecastEvidence { horizon, below, above, .. } = *measured;
        Packed { horizon, ts: runs(&measured.ts), losses, below, above }
    }
    fn unpack(&self) -> Result<ForecastEvidence, String> {
        let ts = times(&self.ts)?;
        let mut losses = BTreeMap::new();
        for (name, text) in &self.losses {
            let text = match text.strip_prefix('=') {
                Some(other) => {
                    self.losses.get(other).ok_or_else(|| format!("`{name}` is as `{other}`, which is not there"))?
                }
                None => text,
            };
            let units = text.split_whitespace().map(|n| n.parse::<i64>().map(|n| n as f64 / LOSS_UNITS));
            let series: Vec<f64> = units.collect::<Result<_, _>>().map_err(|e| format!("losses of `{name}`: {e}"))?;
            if series.len() != ts.len() {
                return Err(format!("`{name}` has {} losses at {} times", series.len(), ts.len()));
            }
            losses.insert(name.clone(), series);
        }
        Ok(ForecastEvidence { horizon: self.horizon, ts, losses, below: self.below, above: self.above })
    }
}

fn digits(series: &[f64]) -> String {
    let whole: Vec<String> = series.iter().map(|loss| ((loss * LOSS_UNITS).round() as i64).to_string()).collect();
    whole.join(" ")
}

/// Times as runs of equal steps.
fn runs(ts: &[Ts]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut rest = ts;
    while let [first, others @ ..] = rest {
        let step = others.first().map_or(Span(0), |next| *next - *first);
        let run = 1 + rest.windows(2).take_while(|pair| pair[1] - pair[0] == step).count();
        out.push(format!("{first}/{step}/{run}"));
        rest = &rest[run..];
    }
    out.join(" ")
}

fn times(text: &str) -> Result<Vec<Ts>, String> {
    let mut ts = Vec::new();
    for run in text.split_whitespace() {
        let bad = || format!("`{run}` is not a first time, a step and a count");
        let [first, step, count] = run.split('/').collect::<Vec<_>>()[..] else { return Err(bad()) };
        let first = Ts::from_str(first).map_err(|_| bad())?;
        let step = Span::from_str(step).map_err(|_| bad())?;
        let count: u32 = count.parse().map_err(|_| bad())?;
        ts.extend((0..i64::from(count)).map(|i| first + step.times(i)));
    }
    Ok(ts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: &[i64]) -> Vec<Ts> {
        hours.iter().map(|h| Ts(1_700_000_000_000_000_001) + Span::HOUR.times(*h)).collect()
    }

    #[test]
    fn times_come_back_as_they_were() {
        for hours in [&[][..], &[0], &[0, 1], &[0, 1, 2, 3, 7, 8, 9, 50], &[0, 5, 6, 8, 10, 12]] {
            let (ts, text) = (at(hours), runs(&at(hours)));
            assert_eq!(times(&text).unwrap(), ts, "{text}");
        }
        let whole = at(&(0..1000).collect::<Vec<_>>());
        assert_eq!(runs(&whole).split(' ').count(), 1);
        assert!(times("2022-01-01T00:00:00Z/1h").is_err() && times("x/1h/2").is_err());
    }

    #[test]
    fn losses_come_back_to_a_ten_thousandth_and_series_that_are_the_same_are_stored_once() {
        let hits = Hits { n: 3, breaches: 0, transitions: [[2, 0], [0, 0]] };
        let losses = [("a", [0.31234, 157.0, 2e-9]), ("b", [0.31234, 157.0, 2e-9]), ("c", [-0.25, 0.0, 1.0])];
        let losses = losses.map(|(name, l)| (name.to_string(), l.to_vec())).into();
        let measured =
            ForecastEvidence { horizon: Horizon(Span::HOUR), ts: at(&[0, 1, 2]), losses, below: hits, above: hits };
        let packed = Packed::of(&measured);
        assert_eq!((packed.losses["a"].as_str(), packed.losses["b"].as_str()), ("3123 1570000 0", "=a"));
        let back = packed.unpack().unwrap();
        for (name, series) in &measured.losses {
            assert!(series.iter().zip(&back.losses[name]).all(|(a, b)| (a - b).abs() <= 0.5e-4), "{name}");
        }
        assert_eq!(Packed::of(&back), packed, "what was rounded once stays");
        let short = Packed { losses: [("a".to_string(), "1 2".to_string())].into(), ..packed.clone() };
        assert!(short.unpack().unwrap_err().contains("2 losses at 3 times"));
        let lost = Packed { losses: [("a".to_string(), "=z".to_string())].into(), ..packed };
        assert!(lost.unpack().unwrap_err().contains("`z`"));
    }
}
