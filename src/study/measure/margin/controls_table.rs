//! Columns of the tables of policies and constants.

use crate::study::measure::declare::Better::{High, Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, PValue, Percent, Text};
use crate::study::measure::declare::{ReportColumn, col};

/// What decides: cost, what is left uncovered, and rises.
pub const CONTROLS: &[ReportColumn] = &[
    col("average_ratio", "cost", Fixed(3), Neither, "Average margin over the average baseline."),
    col(
        "ratio",
        "to constant",
        Fixed(3),
        Low,
        "Sum of shortfalls over that of the baseline times the constant of equal average margin, instrument by instrument: below 1 it is worth more than simply asking for more.",
    ),
    col("band", "90 % band", Fixed(3), Neither, "Band of that ratio: stationary block bootstrap, blocks of 20 days."),
    col(
        "flat_ratio",
        "to flat",
        Fixed(3),
        Low,
        "Sum of shortfalls over that of its own average asked at every row, instrument by instrument.",
    ),
    col(
        "dm_t",
        "DM t",
        Fixed(2),
        Low,
        "Diebold-Mariano statistic of daily sums of shortfall, policy minus constant of equal average; Newey-West, 10 lags: below -2 the gain is hardly chance.",
    ),
    col("better", "better on", Count, Neither, "Instruments on which it leaves less than its constant."),
    col("instruments", "of", Count, Neither, "Instruments that are judged: those with 60 rows or more."),
    col("rises", "rises 1, 5, 20", Percent(1), Neither, "Worst relative rises over one, five and twenty rows."),
    col("control_rises", "constant's rises", Percent(1), Neither, "Those of its constant, which are the baseline's."),
];

/// What else there is to know.
pub const DETAILS: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Margins compared with the loss that followed."),
    col("average", "average", Percent(3), Neither, "Average margin, fraction of notional."),
    col(
        "shortfall",
        "shortfall sum",
        Percent(2),
        Neither,
        "Sum over breaches of loss minus margin, fraction of notional.",
    ),
    col("less", "less", Percent(1), High, "Share of its constant's shortfall that it does not leave: 1 - ratio."),
    col("dm_p", "DM p", PValue, Neither, "Two-sided probability value of the Diebold-Mariano statistic."),
    col("breaches", "breaches", Count, Neither, "Losses strictly above the margin."),
    col("control_breaches", "constant's", Count, Neither, "Breaches of its constant of equal average margin."),
    col("worse_on", "not better on", Text, Neither, "Instruments on which it leaves as much as its constant, or more."),
    col(
        "rise_es99",
        "ES99 rise 1",
        Percent(2),
        Neither,
        "Mean of the largest 1 % of rises over one row, of the worst instrument.",
    ),
    col(
        "changes_a_day",
        "changes / day",
        Fixed(2),
        Neither,
        "How often the margin changes in a day, mean over instruments.",
    ),
    col("days", "days", Text, Neither, "Rows of all days, or those that no named crash touches."),
];
