//! How fast a requirement may move: a step for each row, and budgets over windows.
//!
//! `up` and `down` bound one step: after a row the requirement is at most `(1 + up)` and at least
//! `(1 - down)` times what it was. Where inputs come late or early the rows that passed count: n rows allow
//! `(1 + up)^n`, a part of a row its geometric part, so that two proposals within a row share one step.
//! What passed counts for a day at most, or for a row where that is longer.
//!
//! A budget bounds every stretch of time up to `over`, whatever happened in it: a rise ends at most at
//! `(1 + rise)` times the least that was in force since then. It may be spent in one step as far as `up` lets
//! it. The emergency lane doubles `up` and every `rise`.

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::{Problems, Span};

/// Budgets of one requirement at most.
const MOST: usize = 8;

/// Longest window of a budget.
pub(super) const LONGEST: Span = Span(31 * Span::DAY.0);

/// What the emergency lane multiplies steps and budgets with.
pub const EMERGENCY_TIMES: f64 = 2.0;

/// How far a requirement may rise over any stretch of time up to a length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The length of the window, above `0s` to `31d`.
    pub over: Span,
    /// Largest rise above the least in it, a fraction, 0 to 10.
    pub rise: f64,
}

/// Budgets over windows of different lengths, eight at most; none is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Budget>", into = "Vec<Budget>")]
pub struct Budgets([Option<Budget>; MOST]);

impl Budgets {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Budget> + '_ {
        self.0.iter().flatten().copied()
    }
    /// Whether every rise that these allow is allowed by `other`, too: for each of the other's budgets there is one
    /// here over a window as long or longer, with no larger rise.
    pub fn are_within(&self, other: &Budgets) -> bool {
        other.iter().all(|b| self.iter().any(|own| own.over >= b.over && own.rise <= b.rise))
    }
    fn problems(&self, p: &mut Problems) {
        let lengths: Vec<Span> = self.iter().map(|b| b.over).collect();
        for (i, b) in self.iter().enumerate() {
            let key = format!("budgets[{i}]");
            p.want(&format!("{key}.over"), b.over > Span(0) && b.over <= LONGEST, b.over, "above 0s to 31d");
            p.range(&format!("{key}.rise"), b.rise, 0.0, 10.0);
            p.want(
                &format!("{key}.over"),
                !lengths[..i].contains(&b.over),
                format_args!("{} twice", b.over),
                "each once",
            );
        }
    }
}

impl TryFrom<Vec<Budget>> for Budgets {
    type Error = String;
    fn try_from(list: Vec<Budget>) -> Result<Budgets, String> {
        if list.len() > MOST {
            return Err(format!("has {} windows; want at most {MOST}", list.len()));
        }
        let mut budgets = Budgets::default();
        budgets.0.iter_mut().zip(list).for_each(|(place, budget)| *place = Some(budget));
        Ok(budgets)
    }
}

impl From<Budgets> for Vec<Budget> {
    fn from(budgets: Budgets) -> Vec<Budget> {
        budgets.iter().collect()
    }
}

/// How one requirement may move. What is not given is as usual for rows of that length.
///
/// | setting | hourly rows | daily rows | range |
/// |---|---|---|---|
/// | `im.up`, `im.down` | 0.023, 0.009 | 0.45, 0.17 | 0 to 1; 0 to 0.5 |
/// | `im.budgets` | 20 % over `24h`, 60 % over `5d` | 50 % over `5d` | at most eight windows |
/// | `mm.up`, `mm.down` | 0.002, 0.0008 | 0.05, 0.02 | as `im` |
/// | `mm.budgets` | none | none | as `im` |
/// | `new.up`, `new.down` | 0.30, 0.10 | 1, 0.5 | as `im` |
/// | `new.budgets` | 150 % over `24h` | 150 % over `5d` | as `im` |
///
/// Steps of rows of another length are those of the power of it that goes through both columns, in two digits:
/// `up = 0.023 (row / 1h)^0.936`. Rows of a day or more have the budgets of daily rows, shorter ones those
/// of hourly rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepLimits {
    /// Largest multiplier, at most [`M_CEILING`](super::policy::M_CEILING).
    pub m_max: f64,
    /// Largest rise in one row, a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<f64>,
    /// Largest fall in one row, a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<f64>,
    /// Largest rises over windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budgets: Option<Budgets>,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLimits {
    m_max: Option<f64>,
    up: Option<f64>,
    down: Option<f64>,
    budgets: Option<Budgets>,
}

/// What a requirement is paced by where nothing is given: largest multiplier, steps of hourly and of daily rows.
struct Usual {
    m_max: f64,
    up: [f64; 2],
    down: [f64; 2],
    /// Windows and rises with rows shorter than a day.
    hourly: &'static [Budget],
    /// With others.
    daily: &'static [Budget],
}

const IM: Usual = Usual {
    m_max: 2.0,
    up: [0.023, 0.45],
    down: [0.009, 0.17],
    hourly: &[Budget { over: Span::DAY, rise: 0.20 }, Budget { over: Span(5 * Span::DAY.0), rise: 0.60 }],
    daily: &[Budget { over: Span(5 * Span::DAY.0), rise: 0.50 }],
};

const MM: Usual = Usual { m_max: 1.5, up: [0.002, 0.05], down: [0.0008, 0.02], hourly: &[], daily: &[] };

/// What opens, adds or withdraws waits for nobody, and liquidates nobody.
const NEW: Usual = Usual {
    m_max: 2.0,
    up: [0.30, 1.0],
    down: [0.10, 0.5],
    hourly: &[Budget { over: Span::DAY, rise: 1.5 }],
    daily: &[Budget { over: Span(5 * Span::DAY.0), rise: 1.5 }],
};

impl Usual {
    const fn limits(&self) -> StepLimits {
        StepLimits { m_max: self.m_max, up: None, down: None, budgets: None }
    }
    fn read<'de, D: Deserializer<'de>>(&self, from: D) -> Result<StepLimits, D::Error> {
        let WrittenLimits { m_max, up, down, budgets } = WrittenLimits::deserialize(from)?;
        Ok(StepLimits { m_max: m_max.unwrap_or(self.m_max), up, down, budgets })
    }
    fn pace(&self, limits: &StepLimits, row: Span) -> RowPace {
        let budgets = || {
            let usual = if row < Span::DAY { self.hourly } else { self.daily };
            Budgets::try_from(usual.to_vec()).unwrap_or_default()
        };
        RowPace {
            row,
            up: limits.up.unwrap_or_else(|| of_row(self.up, row).min(1.0)),
            down: limits.down.unwrap_or_else(|| of_row(self.down, row).min(0.5)),
            budgets: limits.budgets.unwrap_or_else(budgets),
        }
    }
}

/// The power of the row's length that goes through a step of an hour and one of a day, in two digits.
fn of_row([hourly, daily]: [f64; 2], row: Span) -> f64 {
    match row {
        Span::HOUR => hourly,
        Span::DAY => daily,
        _ => {
            let share = (row.0 as f64 / Span::HOUR.0 as f64).ln() / 24f64.ln();
            let step = hourly * (daily / hourly).powf(share);
            format!("{step:.1e}").parse().unwrap_or(step)
        }
    }
}

impl StepLimits {
    /// Those of initial margin where nothing is given.
    pub(super) const IM: StepLimits = IM.limits();
    /// Those of maintenance margin.
    pub(super) const MM: StepLimits = MM.limits();

    /// Reads those of initial margin.
    pub(super) fn read_im<'de, D: Deserializer<'de>>(from: D) -> Result<StepLimits, D::Error> {
        IM.read(from)
    }
    /// Reads those of maintenance margin.
    pub(super) fn read_mm<'de, D: Deserializer<'de>>(from: D) -> Result<StepLimits, D::Error> {
        MM.read(from)
    }
    /// Reads those of what is new, where there are any.
    pub(super) fn read_new<'de, D: Deserializer<'de>>(from: D) -> Result<Option<StepLimits>, D::Error> {
        let written = Option::<WrittenLimits>::deserialize(from)?;
        Ok(written.map(|w| StepLimits {
            m_max: w.m_max.unwrap_or(NEW.m_max),
            up: w.up,
            down: w.down,
            budgets: w.budgets,
        }))
    }
    /// The pace of what is new that they give.
    pub(super) fn new_pace(&self, row: Span) -> RowPace {
        NEW.pace(self, row)
    }
    /// The pace of initial margin that they give.
    pub(super) fn im_pace(&self, row: Span) -> RowPace {
        IM.pace(self, row)
    }
    /// The pace of maintenance margin.
    pub(super) fn mm_pace(&self, row: Span) -> RowPace {
        MM.pace(self, row)
    }
    /// With that pace written out.
    pub(super) fn with(self, pace: &RowPace) -> StepLimits {
        StepLimits { up: Some(pace.up), down: Some(pace.down), budgets: Some(pace.budgets), ..self }
    }
    /// Says which are out of range.
    pub(super) fn problems(&self, p: &mut Problems) {
        self.up.iter().for_each(|up| p.range("up", *up, 0.0, 1.0));
        self.down.iter().for_each(|down| p.range("down", *down, 0.0, 0.5));
        self.budgets.iter().for_each(|budgets| budgets.problems(p));
    }
}

/// Steps of rows of one length, and budgets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RowPace {
    row: Span,
    pub up: f64,
    pub down: f64,
    pub budgets: Budgets,
}

impl RowPace {
    /// The length of a row.
    pub fn length(&self) -> Span {
        self.row
    }
    /// Rows in a length of time.
    pub fn rows(&self, span: Span) -> f64 {
        span.0 as f64 / self.row.0 as f64
    }
    /// The most that a rise from `c` may reach when so much time passed, with steps of `times` the usual ones.
    pub fn rise(&self, c: f64, span: Span, times: f64) -> f64 {
        c * powered(1.0 + times * self.up, self.rows(span))
    }
    /// The least that a fall from `c` may reach.
    pub fn fall(&self, c: f64, span: Span) -> f64 {
        c * powered(1.0 - self.down, self.rows(span))
    }
    /// What passed since the last step, as far as it counts: a day at most, or a row where that is longer.
    pub fn counted(&self, passed: Span) -> Span {
        passed.clamp(Span(0), Span::DAY.max(self.row))
    }
}

/// A power; most often it is the first, which needs no logarithm.
fn powered(base: f64, rows: f64) -> f64 {
    if rows == 1.0 { base } else { base.powf(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets(list: &[(i64, f64)]) -> Budgets {
        let list: Vec<Budget> =
            list.iter().map(|(hours, rise)| Budget { over: Span::HOUR.times(*hours), rise: *rise }).collect();
        list.try_into().unwrap()
    }

    #[test]
    fn what_is_not_given_is_usual_for_the_length_of_the_rows() {
        let im = |row: Span| StepLimits::IM.im_pace(row);
        let mm = |row: Span| StepLimits::MM.mm_pace(row);
        let steps = |p: RowPace| (p.up, p.down);
        assert_eq!((steps(im(Span::HOUR)), steps(im(Span::DAY))), ((0.023, 0.009), (0.45, 0.17)));
        assert_eq!((steps(mm(Span::HOUR)), steps(mm(Span::DAY))), ((0.002, 0.0008), (0.05, 0.02)));
        assert_eq!(
            (im(Span::HOUR).budgets, im(Span::DAY).budgets),
            (budgets(&[(24, 0.2), (120, 0.6)]), budgets(&[(120, 0.5)]))
        );
        assert_eq!(steps(im(Span::HOUR.times(8))), (0.16, 0.062));
        assert_eq!(steps(im(Span::MINUTE.times(5))), (0.0022, 0.0009));
        assert_eq!(steps(im(Span::DAY.times(30))), (1.0, 0.5), "never above the range");
        let own = StepLimits { up: Some(0.1), budgets: Some(Budgets::default()), ..StepLimits::IM };
        assert_eq!((own.im_pace(Span::DAY).up, own.im_pace(Span::DAY).down), (0.1, 0.17));
        assert_eq!(own.im_pace(Span::DAY).budgets, Budgets::default());
    }

    #[test]
    fn parts_of_a_row_share_its_step_and_what_passed_counts_for_a_day() {
        let pace = StepLimits::IM.im_pace(Span::HOUR);
        let (third, hour) = (Span::MINUTE.times(20), Span::HOUR);
        let thirds = (0..3).fold(1.0, |c, _| pace.rise(c, third, 1.0));
        assert!((thirds / pace.rise(1.0, hour, 1.0) - 1.0).abs() < 1e-12);
        assert_eq!(pace.rise(1.0, hour, EMERGENCY_TIMES), 1.046);
        assert_eq!(pace.fall(1.0, hour), 0.991);
        assert_eq!((pace.counted(Span(-5)), pace.counted(Span::DAY.times(3))), (Span(0), Span::DAY));
        let week = StepLimits::IM.im_pace(Span::DAY.times(7));
        assert_eq!(week.rows(week.counted(Span::DAY.times(70))), 1.0);
    }

    #[test]
    fn budgets_are_within_others_only_where_every_stretch_is() {
        let wide = budgets(&[(24, 0.2), (120, 0.6)]);
        assert!(wide.are_within(&wide) && wide.are_within(&Budgets::default()));
        assert!(budgets(&[(24, 0.2), (120, 0.5)]).are_within(&wide));
        assert!(budgets(&[(120, 0.2)]).are_within(&wide), "a longer window bounds the shorter ones");
        assert!(!budgets(&[(24, 0.2)]).are_within(&wide) && !Budgets::default().are_within(&wide));
        assert!(!budgets(&[(23, 0.1), (120, 0.5)]).are_within(&wide));
    }

    #[test]
    fn a_list_that_is_too_long_or_says_a_window_twice_is_refused() {
        let nine: Vec<Budget> = (1..=9).map(|h| Budget { over: Span::HOUR.times(h), rise: 0.1 }).collect();
        assert!(Budgets::try_from(nine).unwrap_err().contains("at most 8"));
        let mut problems = Problems::default();
        budgets(&[(24, 0.2), (24, 0.1), (0, 0.1), (9000, -1.0)]).problems(&mut problems);
        let told = problems.to_string();
        for word in
            ["budgets[1].over: is 1d twice", "budgets[2].over: is 0s", "budgets[3].over", "budgets[3].rise: is -1"]
        {
            assert!(told.contains(word), "{told}");
        }
    }
}
