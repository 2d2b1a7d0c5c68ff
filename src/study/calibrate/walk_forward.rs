//! Chosen on what was known at each origin, judged on what came after it.

use serde::{Deserialize, Serialize};

use super::assessment::{Assessment, assess};
use super::bootstrap::Resampling;
use super::choose::Appetite;
use super::evaluate::Evaluated;
use super::frontier::frontier;
use super::objective::PolicyOutcome;
use super::policy::PolicyPoint;
use super::recorded::Record;
use super::replay::{AskedMargin, replay_schedule};
use crate::base::{Span, Ts};
use crate::margin::PolicySettings;
use crate::study::Error;

/// From an origin to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// The origin.
    pub from: Ts,
    /// The next one, or the end of the record.
    pub until: Ts,
    /// The policy that was chosen; absent: none was admitted, and the one before went on.
    pub policy: Option<PolicyPoint>,
    /// Settings that differ from those of the last choice.
    pub moved: Vec<String>,
    /// What it was chosen for: over all that was known at the origin.
    pub known: Option<PolicyOutcome>,
    /// Its shortfall then over that of the control of equal cost.
    #[serde(default)]
    pub known_ratio: Option<f64>,
    /// What came of it in the stretch.
    pub judged: Option<PolicyOutcome>,
    /// Its shortfall there over that of the control of equal cost.
    pub ratio: Option<f64>,
}

/// The whole walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkForward {
    /// Origin by origin.
    pub stretches: Vec<Stretch>,
    /// The policies one after the other, over all rows from the first origin on.
    pub out_of_sample: Option<Assessment>,
    /// Today's policy over the same rows.
    pub today: Option<Assessment>,
    /// What opens, adds or withdraws under the policies one after the other, where it has a pace of its own.
    #[serde(default)]
    pub new: Option<Assessment>,
}

/// Origins: from the end of the first third of the record on, so far apart.
pub fn origins(record: &Record, every: Span) -> Vec<Ts> {
    let Some((start, end)) = record.span() else { return Vec::new() };
    let first = start + Span((end - start).0 / 3);
    let count = (end - first).0 / every.0.max(1);
    (0..=count).map(|k| first + every.times(k)).filter(|origin| *origin < end).collect()
}

/// The policy that an origin takes of those that it looked at: the one of an appetite on their frontier.
pub fn taken(all: &Evaluated<'_>, appetite: &Appetite, origin: usize, looked: &[usize]) -> Option<usize> {
    let known = |i: &usize| Some((*i, all.outcomes[*i][origin]?));
    let (numbers, outcomes): (Vec<usize>, Vec<PolicyOutcome>) = looked.iter().filter_map(known).unzip();
    let efficient = frontier(&outcomes);
    appetite.choose(efficient.iter().map(|i| (numbers[*i], Some(&outcomes[*i]))))
}

/// Walks forward over the origins of what was evaluated, all but the last, which knows everything.
///
/// # Errors
/// A setting is out of range.
pub fn walk_forward(
    record: &Record,
    all: &Evaluated<'_>,
    (appetite, resampling): (&Appetite, Resampling),
    (today, base): (&PolicySettings, &PolicySettings),
    (origins, looked): (&[Ts], &[Vec<usize>]),
) -> Result<WalkForward, Error> {
    let mut schedule = vec![(Ts(i64::MIN), *today)];
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut last: Option<PolicyPoint> = None;
    let end = record.span().map_or(Ts(0), |span| Ts(span.1.0 + 1));
    for (i, from) in origins.iter().enumerate() {
        let chosen = taken(all, appetite, i, &looked[i]);
        let policy = chosen.map(|k| all.ladders.policy(&all.places[k]));
        let moved = match (&last, &policy) {
            (Some(before), Some(now)) => moved(before, now),
            _ => Vec::new(),
        };
        schedule.extend(policy.map(|p| (*from, p.settings(base))));
        last = policy.or(last);
        let until = origins.get(i + 1).copied().unwrap_or(end);
        let known = chosen.and_then(|k| all.outcomes[k][i]);
        let known_ratio = known.and_then(|o| o.ratio());
        stretches.push(Stretch { from: *from, until, policy, moved, known, known_ratio, judged: None, ratio: None });
    }
    let Some(first) = origins.first().copied() else {
        return Ok(WalkForward { stretches, out_of_sample: None, today: None, new: None });
    };
    let play = |schedule: &[(Ts, PolicySettings)]| -> Result<Vec<AskedMargin>, Error> {
        let pairs = record.series.iter().zip(&all.judged);
        pairs.map(|(series, own)| Ok(own.pick(&replay_schedule(series, schedule)?))).collect()
    };
    let asked = play(&schedule)?;
    for stretch in &mut stretches {
        let rows = (stretch.from, stretch.until);
        stretch.judged = PolicyOutcome::of(&all.judged, &asked, |own| (own.from(rows.0), own.from(rows.1)));
        stretch.ratio = stretch.judged.and_then(|o| o.ratio());
    }
    let out_of_sample = assess(&all.judged, &asked, first, record.row, resampling);
    let today = assess(&all.judged, &play(&schedule[..1])?, first, record.row, resampling);
    let new = base.guardrail.new.and_then(|_| {
        let new: Vec<AskedMargin> = asked.into_iter().map(AskedMargin::of_new).collect();
        assess(&all.judged, &new, first, record.row, resampling)
    });
    Ok(WalkForward { stretches, out_of_sample, today, new })
}

/// Names of the settings in which two policies differ.
fn moved(before: &PolicyPoint, now: &PolicyPoint) -> Vec<String> {
    let pairs = before.numbers().into_iter().zip(now.numbers());
    pairs.filter(|(a, b)| a.1.to_bits() != b.1.to_bits()).map(|(a, _)| a.0.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::evaluate::PLANTED;
    use super::super::ladder::Place;
    use super::super::recorded::{KnownLoss, RecordedRow, RecordedSeries};
    use super::*;
    use crate::base::{Horizon, Seed};
    use crate::margin::{Blend, Policy};

    /// Until the origin the forecast is right, after it the baseline; `losses` scales what followed after it.
    fn record(symbol: &str, losses: f64) -> Record {
        let mut normal = Seed(9).normals();
        let row = |i: i64| {
            let ts = Ts(0) + Span::DAY.times(i);
            let sigma = 0.01 * (0.2 * i as f64).sin().exp();
            let late = if i < 150 { 1.0 } else { losses };
            RecordedRow {
                ts,
                at: ts,
                baseline: 0.03,
                forecast_loss: Some(2.4 * sigma),
                heard: 1.0,
                p_stress: None,
                p_spike: None,
                stressed: 0.03,
                long_run_var: None,
                confidence: 1.0,
                schedule: 1.0,
                c_im: 0.03,
                loss: Some(KnownLoss { loss: (late * 1.5 * sigma * normal.draw()).abs(), known: ts + Span::DAY }),
            }
        };
        let rows = (0..300).map(row).collect();
        let series = vec![RecordedSeries { symbol: symbol.parse().unwrap(), rows }];
        Record { horizon: Horizon(Span::DAY), row: Span::DAY, series }
    }

    /// What is known at an origin of some policies.
    fn known(symbol: &str, losses: f64) -> Vec<Option<PolicyOutcome>> {
        let record = record(symbol, losses);
        let today = PolicySettings { blend: Blend::default(), guardrail: Policy::default().of_rows(Span::DAY) };
        let origins = [Ts(0) + Span::DAY.times(150)];
        let mut all = Evaluated::new(&record, today, &origins, None, &|_| {});
        let grid: Vec<Place> = all.ladders.grid().into_iter().step_by(40).collect();
        all.add(grid).unwrap();
        all.outcomes.iter().map(|o| o[0]).collect()
    }

    #[test]
    fn a_look_at_the_future_is_found_by_changing_it() {
        assert_eq!(known("AAA", 1.0), known("AAA", 3.0), "what follows an origin changes nothing that is known there");
        assert_ne!(known(PLANTED, 1.0), known(PLANTED, 3.0), "the planted look at the future is found");
    }
}
