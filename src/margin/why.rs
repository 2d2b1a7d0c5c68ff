//! The numbers between the inputs of a decision and its result, each declared once.
//!
//! A line of `why_numbers` gives a number its field in [`Why`], its member of a stored and of a served
//! publication with its documentation, and its row of [`super::numbers`]; `Column` gives it a column of
//! `decisions.parquet`, `Explained` a place in the explanation of a publication. What works a number out
//! fills its field. The list is a macro because each of these is a type that is written out and derived from.

/// The list: `$build` is the macro that makes something of it, `$with` what else that wants.
///
/// Numbers are fractions of notional, ratios or shares; not finite where there is none. Those of `always` are
/// in every publication that was ever stored. A new one goes to the end of `later`: publications of before
/// do not have it, and are compared without it when they are made again.
macro_rules! why_numbers {
    ($build:ident $($with:tt)*) => {
        $build! { [$($with)*]
            always {
                /// Forecast over baseline.
                m0: Ratio [];
                /// The blend of forecast and baseline.
                m1: Ratio [];
                /// At least what the stressed regime wants.
                m2: Ratio [];
                /// Within the bounds of the multiplier: what is wanted before guardrails pace it; `multiplier_raw` is the
                /// link before it.
                m4: Ratio [Column];
                /// Requirement in the stressed regime, fraction of notional.
                stressed: Fraction [Column];
                /// Expected shortfall of the baseline, fraction of notional.
                expected_shortfall: Fraction [];
                /// Plain historical 99 % VaR over all history kept, fraction of notional.
                long_run_var: Fraction [Column];
                /// Disagreement of the baselines, (max - min) / median.
                dispersion: Ratio [];
                /// Share of recent windows that made a row.
                data_quality: Share [];
                /// How far initial margin is below what the multiplier wants, fraction of notional.
                gap: Fraction [];
            }
            later {
                /// Weight of the forecast in the blend: 0 where it is silenced or there is none.
                blend_weight: Share [Column Explained];
                /// Level of the blend.
                blend_level: Ratio [];
                /// Share of what the stressed regime is expected to want beyond the baseline.
                stress_link: Share [];
                /// Evidence that losses exceed the forecast too often: the e-detector of the tail that shows more.
                evidence: Ratio [Column Explained];
                /// Evidence that the forecast costs more than the baseline, by tick loss.
                evidence_cost: Ratio [Column Explained];
                /// What is left of the budget that is used the most, as a share of it; none where there are no budgets.
                budget_left: Share [Column Explained];
                /// The window of that budget.
                budget_hours: Hours [Column Explained];
                /// The most by which initial margin may rise within an hour, by steps and budgets, over what is asked,
                /// less 1; what its baseline asks, and the emergency lane, go beyond it.
                rise_1h: Share [Explained];
                /// The same within eight hours.
                rise_8h: Share [Explained];
                /// The same within 24 hours.
                rise_24h: Share [Explained];
                /// Share of its configured weight that the forecast had, for what was known against it; 0 where it was silenced.
                heard: Share [Column];
                /// Probability of a spike by the forecast that is blended: the second voice of the emergency lane.
                p_spike: Share [Column];
                /// Confidence in the inputs: data quality over what it usually is, at most 1.
                confidence: Share [Column];
                /// Factor of the schedule of the hour of the week at the last row, mean one over a week, whether or not the
                /// settings apply it.
                schedule: Ratio [Column];
                /// Initial margin before the schedule, fraction of notional: what steps and budgets bind; `c_im` where no
                /// schedule is applied.
                unscheduled: Fraction [Column];
                /// What opens, adds or withdraws is asked, fraction of notional; never below `c_im`.
                c_new: Fraction [Column];
                /// The same over the baseline as published: the multiplier for positions that open or grow, and for withdrawals;
                /// never below that of initial margin.
                m_new_ppm: PartsPerMillion [Column];
            }
        }
    };
}

/// Writes out [`Why`] and what reads its numbers.
macro_rules! declare_why {
    ([$Why:ident]
        always { $($(#[doc = $doc:literal])+ $name:ident: $unit:ident [$($reach:ident)*];)* }
        later { $($(#[doc = $new_doc:literal])+ $new:ident: $new_unit:ident [$($new_reach:ident)*];)* }
    ) => {
        /// The numbers between the inputs of a decision and its result.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $Why {
            $($(#[doc = $doc])+ pub $name: f64,)*
            $($(#[doc = $new_doc])+ pub $new: f64,)*
            /// Whether the flag of the stressed regime is up.
            pub stress_flag: bool,
            /// What bound maintenance margin.
            pub mm_reasons: Vec<$crate::margin::Reason>,
            /// What a consumer uses after `valid_until`, parts per million.
            pub fallback_m_ppm: u64,
            /// Until when the decision may be used.
            pub valid_until: $crate::base::Ts,
            /// The measured 99 % loss and the result of each anti-procyclical stage, the last of which is the
            /// baseline; empty where there are no stages.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub stages: Vec<f64>,
            /// Caps on open interest, where the book is known, quote units.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub interest: Option<$crate::margin::guardrail::interest_caps::InterestCaps>,
            /// What the rise of maintenance margin would newly liquidate, where the accounts are known.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub blast: Option<$crate::margin::guardrail::blast::Impact>,
            /// The risk score, where anything that goes into it is known.
            #[serde(default, rename = "score", skip_serializing_if = "Option::is_none")]
            pub risk_score: Option<$crate::margin::risk_score::RiskScore>,
            /// What the traffic light showed, where it acts.
            #[serde(default, rename = "light", skip_serializing_if = "Option::is_none")]
            pub traffic_light: Option<$crate::margin::traffic_light::TrafficLightReading>,
        }

        impl $Why {
            /// Its numbers, in the order of their declaration.
            pub const NUMBERS: &'static [$crate::margin::why::WhyNumber<$Why>] = &[
                $($crate::margin::why::WhyNumber {
                    name: stringify!($name),
                    about: concat!($($doc),+).trim_ascii(),
                    unit: $crate::margin::why::NumberUnit::$unit,
                    reach: &[$($crate::margin::why::NumberReach::$reach),*],
                    get: |why| why.$name,
                },)*
                $($crate::margin::why::WhyNumber {
                    name: stringify!($new),
                    about: concat!($($new_doc),+).trim_ascii(),
                    unit: $crate::margin::why::NumberUnit::$new_unit,
                    reach: &[$($crate::margin::why::NumberReach::$new_reach),*],
                    get: |why| why.$new,
                },)*
            ];
            /// The same without the numbers that a publication of before did not have; bit i of `older`
            /// stands for the i-th of those that came later.
            #[must_use]
            #[allow(unused_mut, reason = "there may be none that came later")]
            pub fn without(mut self, older: u64) -> $Why {
                let later: Vec<&mut f64> = vec![$(&mut self.$new),*];
                later.into_iter().enumerate().filter(|(i, _)| older >> i & 1 == 1).for_each(|(_, v)| *v = f64::NAN);
                self
            }
        }
    };
}

/// What a number of a decision is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberUnit {
    /// Of notional.
    Fraction,
    /// A quotient of two like amounts, a multiplier.
    Ratio,
    /// From 0 to 1: a weight, a probability, a part of a whole.
    Share,
    /// Whole parts per million: multipliers as published, rounded up.
    PartsPerMillion,
    /// From 0 to 100.
    Points,
    /// A length of time.
    Hours,
}

impl NumberUnit {
    /// Its name in the metadata of a column.
    pub fn name(self) -> &'static str {
        match self {
            NumberUnit::Fraction => "fraction of notional",
            NumberUnit::Ratio => "ratio",
            NumberUnit::Share => "share, 0 to 1",
            NumberUnit::PartsPerMillion => "parts per million",
            NumberUnit::Points => "points, 0 to 100",
            NumberUnit::Hours => "hours",
        }
    }
    /// A value for people.
    pub fn text(self, value: f64) -> String {
        match self {
            NumberUnit::Fraction | NumberUnit::Share => format!("{:.3} %", 100.0 * value),
            NumberUnit::Ratio => format!("{value:.6}"),
            NumberUnit::PartsPerMillion => format!("{value:.0} ppm"),
            NumberUnit::Points => format!("{value:.1}"),
            NumberUnit::Hours => format!("{value} h"),
        }
    }
}

/// Where a number goes besides the ledger and the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberReach {
    /// A column of `decisions.parquet`.
    Column,
    /// A part of the explanation of a publication.
    Explained,
}

/// One number of `W`, which is [`Why`].
#[derive(Clone, Copy, Debug)]
pub struct WhyNumber<W: 'static> {
    /// Its name: field, member and column.
    pub name: &'static str,
    /// What it is: its documentation.
    pub about: &'static str,
    /// What it is measured in.
    pub unit: NumberUnit,
    /// Where else it goes.
    pub reach: &'static [NumberReach],
    /// Its value.
    pub get: fn(&W) -> f64,
}

why_numbers!(declare_why Why);

#[cfg(test)]
pub(crate) use declare_why;
pub(crate) use why_numbers;
