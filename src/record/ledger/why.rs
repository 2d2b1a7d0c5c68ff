//! The numbers between the inputs of a publication and its result, as they are stored: decimals are text.
//!
//! The numbers come from their list in [`crate::margin::why`].

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::text::{decimal, from_ppm, ppm};
use crate::base::Ts;
use crate::margin::guardrail::blast::Impact;
use crate::margin::guardrail::interest_caps::InterestCaps;
use crate::margin::risk_score::{Band, COMPONENTS, RiskScore};
use crate::margin::traffic_light::TrafficLightReading;
use crate::margin::why::why_numbers;
use crate::margin::{Reason, Why};
use crate::record::error::Error;

/// Writes out the stored form of a `Why`, and what turns one into the other.
macro_rules! declare_published_why {
    ([$Published:ident of $Why:ident, as $schema:ident]
        always { $($(#[doc = $doc:literal])+ $name:ident: $unit:ident [$($reach:ident)*];)* }
        later { $($(#[doc = $new_doc:literal])+ $new:ident: $new_unit:ident [$($new_reach:ident)*];)* }
    ) => {
        /// The numbers between the inputs and the result.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(as = $schema)]
        pub struct $Published {
            $($(#[doc = $doc])+ pub $name: Option<String>,)*
            /// Whether the flag of the stressed regime is up.
            pub stress_flag: bool,
            /// What bound maintenance margin.
            #[schema(value_type = Vec<String>)]
            pub mm_reasons: Vec<Reason>,
            /// The measured loss and the result of each anti-procyclical stage, fractions of notional; empty
            /// where there are no stages.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub stages: Vec<Option<String>>,
            /// Caps on open interest, quote units, where the book is known: soft and hard.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub interest: Option<[Option<String>; 2]>,
            /// What the rise of maintenance margin newly liquidates, where the accounts are known.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub blast: Option<NewlyLiquidated>,
            /// The risk score, where anything that goes into it is known.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub risk: Option<PublishedRiskScore>,
            /// What the traffic light over past outcomes showed, where it acts: zone, breaches, outcomes so far.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<Object>)]
            pub light: Option<TrafficLightReading>,
            // Absent in publications of before the number was declared, null where there is none.
            $(
                $(#[doc = $new_doc])+
                #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
                #[schema(value_type = Option<String>)]
                pub $new: Option<Option<String>>,
            )*
        }

        impl From<&$Why> for $Published {
            fn from(why: &$Why) -> $Published {
                $Published {
                    $($name: decimal(why.$name),)*
                    stress_flag: why.stress_flag,
                    mm_reasons: why.mm_reasons.clone(),
                    stages: why.stages.iter().map(|v| decimal(*v)).collect(),
                    interest: why.interest.map(|i| [decimal(i.soft), decimal(i.hard)]),
                    blast: why.blast.map(NewlyLiquidated::of),
                    risk: why.risk_score.as_ref().map(PublishedRiskScore::of),
                    light: why.traffic_light,
                    $($new: Some(decimal(why.$new)),)*
                }
            }
        }

        impl $Published {
            /// The same as numbers, bit for bit; `number` reads one and names it if it cannot.
            ///
            /// # Errors
            /// A number does not parse.
            pub(super) fn read(&self, number: &Reader<'_>, fallback_m_ppm: u64, until: Ts) -> Result<$Why, Error> {
                let caps = |[soft, hard]: &[Option<String>; 2]| {
                    let read = |v| number("why.interest", v);
                    Ok::<_, Error>(InterestCaps { soft: read(soft)?, hard: read(hard)? })
                };
                Ok($Why {
                    $($name: number(concat!("why.", stringify!($name)), &self.$name)?,)*
                    $($new: number(concat!("why.", stringify!($new)), self.$new.as_ref().unwrap_or(&None))?,)*
                    stress_flag: self.stress_flag,
                    mm_reasons: self.mm_reasons.clone(),
                    fallback_m_ppm,
                    valid_until: until,
                    stages: self.stages.iter().map(|v| number("why.stages", v)).collect::<Result<_, _>>()?,
                    interest: self.interest.as_ref().map(caps).transpose()?,
                    blast: self.blast.as_ref().map(|b| b.read(number)).transpose()?,
                    risk_score: self.risk.as_ref().map(PublishedRiskScore::read).transpose()?,
                    traffic_light: self.light,
                })
            }
            /// Which of the numbers that were declared later it was stored without: bit i stands for the i-th.
            pub(super) fn older(&self) -> u64 {
                let absent: &[bool] = &[$(self.$new.is_none()),*];
                absent.iter().enumerate().map(|(i, absent)| u64::from(*absent) << i).sum()
            }
        }
    };
}

why_numbers!(declare_published_why PublishedWhy of Why, as Working);

/// Reads a member that is there, be it null.
#[allow(dead_code, reason = "nothing may have come later")]
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Reads the number of a key.
pub(super) type Reader<'a> = dyn Fn(&str, &Option<String>) -> Result<f64, Error> + 'a;

/// A risk score of 0 to 100 with its parts, which sum to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Risk)]
pub struct PublishedRiskScore {
    /// Points.
    #[schema(example = "56.500000")]
    pub score: String,
    /// `green` below 30, `watch` below 60, `elevated` below 80, else `critical`.
    #[schema(value_type = String)]
    pub band: Band,
    /// Points of each component that is known.
    pub parts: BTreeMap<String, String>,
    /// Components that are not known; their weight is that of the others.
    pub absent: Vec<String>,
}

impl PublishedRiskScore {
    fn of(score: &RiskScore) -> PublishedRiskScore {
        let named = || COMPONENTS.iter().zip(score.parts);
        PublishedRiskScore {
            score: ppm(score.total),
            band: score.band(),
            parts: named().filter_map(|(name, part)| Some((name.to_string(), ppm(part?)))).collect(),
            absent: named().filter(|c| c.1.is_none()).map(|c| c.0.to_string()).collect(),
        }
    }
    fn read(&self) -> Result<RiskScore, Error> {
        let parts = |text: &str| {
            let why = format!("`why.risk` is `{text}`");
            from_ppm(text).ok_or(Error::Format { place: "a publication".into(), why })
        };
        let mut score = RiskScore { total: parts(&self.score)?, parts: [None; 6] };
        for (part, name) in score.parts.iter_mut().zip(COMPONENTS) {
            *part = self.parts.get(name).map(|text| parts(text)).transpose()?;
        }
        Ok(score)
    }
}

/// Whom a rise of maintenance margin newly liquidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Blast)]
pub struct NewlyLiquidated {
    /// How many accounts.
    pub accounts: u64,
    /// Notional of their positions, quote units.
    pub notional: Option<String>,
}

impl NewlyLiquidated {
    fn of(impact: Impact) -> NewlyLiquidated {
        NewlyLiquidated { accounts: impact.accounts, notional: decimal(impact.notional) }
    }
    fn read(&self, number: &Reader<'_>) -> Result<Impact, Error> {
        Ok(Impact { accounts: self.accounts, notional: number("why.blast", &self.notional)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::margin::why::{NumberReach, NumberUnit, declare_why};

    // One number more than there are: that of CONTRIBUTING.md.
    macro_rules! one_more {
        ([$build:ident $($with:tt)*] always { $($always:tt)* } later { $($later:tt)* }) => {
            $build! { [$($with)*]
                always { $($always)* }
                later { $($later)*
                    /// How far initial margin asked is above the baseline, as a share of the baseline.
                    lift: Share [Column Explained];
                }
            }
        };
    }
    why_numbers!(one_more declare_why WhyPlus);
    why_numbers!(one_more declare_published_why PublishedPlus of WhyPlus, as Plus);

    fn number(key: &str, text: &Option<String>) -> Result<f64, Error> {
        let bad = |_| Error::Refused(format!("{key} {text:?}"));
        text.as_ref().map_or(Ok(f64::NAN), |t| t.parse().map_err(bad))
    }

    #[test]
    fn the_worked_example_is_this_one() {
        let line = "lift: Share [Column Explained];";
        let contributing = include_str!("../../../CONTRIBUTING.md");
        let of = |text: &str| {
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let at = lines.iter().position(|l| *l == line).unwrap();
            format!("{}\n{}", lines[at - 1], lines[at])
        };
        assert_eq!(of(contributing), of(include_str!("why.rs")));
    }

    #[test]
    fn a_declared_number_is_stored_served_documented_and_read_back() {
        let why = WhyPlus { lift: 0.1 + 0.2, gap: 0.25, ..WhyPlus::default() };
        let published = PublishedPlus::from(&why);
        let text = serde_json::to_string(&published).unwrap();
        assert!(text.ends_with(r#","lift":"0.30000000000000004"}"#), "{text}");
        let read: PublishedPlus = serde_json::from_str(&text).unwrap();
        assert_eq!((read.older(), read.read(&number, 0, Ts(0)).unwrap()), (0, why));
        let schema = serde_json::to_value(<PublishedPlus as utoipa::PartialSchema>::schema()).unwrap();
        let told = schema["properties"]["lift"]["description"].as_str().unwrap();
        assert!(told.starts_with("How far initial margin"), "{told}");
        let last = WhyPlus::NUMBERS.last().unwrap();
        assert_eq!(
            (last.name, last.unit, last.reach),
            ("lift", NumberUnit::Share, &[NumberReach::Column, NumberReach::Explained][..])
        );
    }

    #[test]
    fn a_publication_of_before_is_compared_without_it_and_one_that_has_none_is_not_of_before() {
        let before = serde_json::to_string(&PublishedWhy::from(&Why::default())).unwrap();
        let read: PublishedPlus = serde_json::from_str(&before).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), before, "it is stored and served as it was");
        let bit = read.older();
        assert_eq!(bit.count_ones(), 1, "the others were stored");
        assert!(read.read(&number, 0, Ts(0)).unwrap().lift.is_nan());
        assert!(WhyPlus { lift: 0.5, ..WhyPlus::default() }.without(bit).lift.is_nan());
        assert_eq!(WhyPlus { lift: 0.5, ..WhyPlus::default() }.without(0).lift, 0.5);
        let none = PublishedPlus::from(&WhyPlus { lift: f64::NAN, ..WhyPlus::default() });
        assert!(serde_json::to_string(&none).unwrap().ends_with(r#","lift":null}"#));
        let none: PublishedPlus = serde_json::from_str(&serde_json::to_string(&none).unwrap()).unwrap();
        assert_eq!(none.older(), 0);
    }
}
