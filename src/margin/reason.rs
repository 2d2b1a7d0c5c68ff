//! Why a published value is not simply what was aimed at.

use serde::{Deserialize, Serialize};

/// Writes out an enum of codes together with [`Reason::ALL`] and [`Reason::about`], which read its documentation.
macro_rules! codes {
    ($(#[$meta:meta])* pub enum $Code:ident { $($(#[doc = $doc:literal])+ $name:ident,)* }) => {
        $(#[$meta])*
        pub enum $Code {
            $($(#[doc = $doc])+ $name,)*
        }
        impl $Code {
            /// Every code, in the order of their declaration.
            pub const ALL: &'static [$Code] = &[$($Code::$name),*];
            /// Its stable text form.
            pub fn code(self) -> String {
                match serde_json::to_value(self) {
                    Ok(serde_json::Value::String(text)) => text,
                    other => format!("{other:?}"),
                }
            }
            /// What it says, for people: its documentation.
            pub const fn about(self) -> &'static str {
                match self {
                    $($Code::$name => concat!($($doc),+).trim_ascii(),)*
                }
            }
        }
    };
}
pub(super) use codes;

codes! {
/// Why a published value is not simply the target. Text forms are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The multiplier was above its cap.
    Cap,
    /// The multiplier was below its floor.
    Floor,
    /// The upward step limit bound.
    StepUp,
    /// The downward step limit bound.
    StepDn,
    /// The budget of a window bound: how far the requirement may rise over any stretch of that length.
    Budget,
    /// The steps and budgets of the emergency lane were used, which are twice the usual ones.
    EmergencyLane,
    /// The change was too small to publish.
    Deadband,
    /// A decrease waits for confirmations, or a change for the time since the last one.
    Cooldown,
    /// The requirement was lifted to the baseline.
    BaselineFloor,
    /// Mode B: the requirement lags the baseline within what is allowed.
    Lag,
    /// Mode B: the allowed lag is used up; the requirement was lifted.
    LagMax,
    /// The limit on the total lift over the long-run VaR bound.
    TotalLift,
    /// The limit on the rise over one day bound.
    DayLift,
    /// Maintenance margin was held down to its share of initial margin, or initial margin up to it.
    CrossField,
    /// A step of maintenance margin waits for its notice.
    Notice,
    /// Inputs are stale.
    Stale,
    /// No usable forecast; the baseline alone decides.
    NoForecast,
    /// Members of the forecast were silent; the others spoke for them.
    PartialForecast,
    /// The forecast over a shorter horizon was larger, and was taken.
    HorizonLift,
    /// Losses exceeded the forecast too often: it is not heard.
    ForecastSilenced,
    /// The forecast costs more than the baseline: its weight is lowered.
    ForecastCostly,
    /// No usable baseline; nothing new is published.
    NoBaseline,
    /// A number was not finite; the previous value holds.
    NonFinite,
    /// What was derived after clamping moved against intent; the whole set was rejected.
    PostClampDeviation,
    /// An operator froze publication.
    Kill,
    /// The book is thin: nothing falls, maintenance margin is frozen, initial margin aims higher.
    Thin,
    /// Little confidence in the inputs: the multiplier is raised, and nothing falls.
    LowConfidence,
    /// People set the multiplier, for a time.
    Override,
    /// A rise of maintenance margin would liquidate too many at once and is spread over more steps.
    BlastRadius,
    /// The traffic light is yellow: the multiplier was lifted to its floor.
    TrafficYellow,
    /// The traffic light is red: the champion is taken off, the baseline times a constant is asked.
    TrafficRed,
}
}
