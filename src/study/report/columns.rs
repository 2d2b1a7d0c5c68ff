//! Every column of every table, with its definition.

use super::cell::Better::{High, Low, Neither};
use super::cell::Kind::{Count, Fixed, PValue, Percent, Text};
use super::cell::{Better, Column, Kind};

const fn col(key: &'static str, head: &'static str, kind: Kind, better: Better, about: &'static str) -> Column {
    Column { key, head, kind, better, about }
}

/// Facts of the run.
pub const META: &[Column] = &[
    col("version", "program", Text, Neither, "Version of margincast that wrote this."),
    col("start", "from", Text, Neither, "First instant of the out-of-sample span, UTC."),
    col("end", "until", Text, Neither, "End of the out-of-sample span, exclusive, UTC."),
    col("symbols", "instruments", Text, Neither, "Instruments that were forecast and margined."),
    col(
        "horizons",
        "horizons",
        Text,
        Neither,
        "How far ahead forecasts look; also the period that a margin must cover.",
    ),
    col(
        "folds",
        "fits",
        Count,
        Neither,
        "Walk-forward windows; each model saw only what was known when its window ended.",
    ),
    col("forecasts", "forecasts", Count, Neither, "Forecasts scored, over all models, instruments and horizons."),
    col("decisions", "decisions", Count, Neither, "Margin decisions made."),
    col("base", "base model", Text, Neither, "The model that ratios and Diebold-Mariano tests compare with."),
    col("champion", "champion", Text, Neither, "The model whose forecasts set the margin."),
    col("seed", "seed", Text, Neither, "Seed of all randomness."),
    col("config_digest", "configuration", Text, Neither, "SHA-256 of the effective configuration as canonical JSON."),
    col("data_digest", "data", Text, Neither, "SHA-256 over the data files read, in order."),
    col("model_digest", "models", Text, Neither, "SHA-256 of the last fitted set of models."),
    col(
        "result_digest",
        "results",
        Text,
        Neither,
        "SHA-256 of every forecast and decision, bit for bit: two runs agree where this agrees.",
    ),
];

/// Scores of variance forecasts.
pub const VARIANCE: &[Column] = &[
    col("n", "n", Count, Neither, "Forecasts scored: the rows that every model has."),
    col("symbols", "instruments", Count, Neither, "Instruments in the line."),
    col(
        "qlike",
        "QLIKE",
        Fixed(4),
        Low,
        "Mean of y/h - ln(y/h) - 1, y the realised and h the forecast variance. Zero is perfect (Patton 2011).",
    ),
    col("ratio", "ratio", Fixed(3), Low, "QLIKE over that of the base model; below 1 is better than the base."),
    col(
        "dm",
        "DM t",
        Fixed(2),
        High,
        "Diebold-Mariano statistic of the QLIKE differences, base minus model: Bartlett kernel with bandwidth floor(T^(1/3)), Harvey-Leybourne-Newbold factor; positive where the model beats the base. Over all instruments, differences are averaged at each time first.",
    ),
    col(
        "dm_p",
        "DM p",
        PValue,
        Neither,
        "Two-sided probability value of DM t, Student t with T - 1 degrees of freedom.",
    ),
    col("wins", "wins", Count, High, "Instruments on which the mean QLIKE is below the base's."),
    col(
        "mse_log",
        "MSE log",
        Fixed(4),
        Low,
        "Mean squared difference of the logarithms of realised and forecast variance.",
    ),
    col(
        "mse",
        "MSE",
        Fixed(2),
        Low,
        "Mean squared error of the variance over the squared mean variance of the instrument.",
    ),
    col(
        "r2_log",
        "R2 log",
        Fixed(3),
        High,
        "Share of the squares of the log variance, around the instrument's mean, that the forecast as it is explains.",
    ),
    col(
        "r2_mz",
        "corr2",
        Fixed(3),
        High,
        "Squared correlation of log realised and log forecast variance within instruments (Mincer-Zarnowitz).",
    ),
    col(
        "bias",
        "bias",
        Fixed(3),
        Neither,
        "Sum of realised over sum of forecast variances; above 1 the forecasts were too low.",
    ),
];

/// Scores of tails.
pub const TAILS: &[Column] = &[
    col(
        "pinball01",
        "pinball 1 %",
        Fixed(4),
        Low,
        "Mean pinball (tick) loss of the 1 % quantile over the standard deviation of the instrument's returns.",
    ),
    col("pinball99", "pinball 99 %", Fixed(4), Low, "The same of the 99 % quantile."),
    col("hits01", "below q01", Percent(2), Neither, "Share of returns below the 1 % quantile; nominal 1 %."),
    col("hits99", "above q99", Percent(2), Neither, "Share of returns above the 99 % quantile; nominal 1 %."),
    col(
        "kupiec01_p",
        "Kupiec p low",
        PValue,
        Neither,
        "Probability value of Kupiec's likelihood ratio for the share below the 1 % quantile, chi-squared with 1 degree of freedom; per instrument.",
    ),
    col("kupiec99_p", "Kupiec p high", PValue, Neither, "The same for the share above the 99 % quantile."),
    col(
        "christoffersen_ind_p",
        "independence p",
        PValue,
        Neither,
        "Probability value of Christoffersen's test that breaches of the 1 % quantile do not follow one another; per instrument.",
    ),
    col(
        "cc_p",
        "coverage p",
        PValue,
        Neither,
        "Probability value of conditional coverage (share and independence together), chi-squared with 2 degrees of freedom; per instrument.",
    ),
    col(
        "traffic_light",
        "light",
        Text,
        Neither,
        "Zone of the count of breaches of the 1 % quantile by its cumulative binomial: yellow from 95 %, red from 99.99 % (Basel 1996); per instrument.",
    ),
    col("kupiec01_pass", "Kupiec passes", Count, High, "Instruments whose Kupiec p of the 1 % quantile is above 5 %."),
    col("cc_pass", "coverage passes", Count, High, "Instruments whose conditional coverage p is above 5 %."),
];

/// Scores of spike forecasts.
pub const SPIKES: &[Column] = &[
    col("spikes", "spikes", Count, Neither, "Windows whose realised variance is above its trailing 95 % quantile."),
    col(
        "auc",
        "AUC",
        Fixed(3),
        High,
        "Area under the ROC curve for spikes, by the spike probability, or by variance over threshold where a model has none.",
    ),
    col(
        "recall05",
        "recall at 5 %",
        Percent(1),
        High,
        "Share of spikes caught where 5 % of the other windows raise a false alarm.",
    ),
    col("onsets", "onsets", Count, Neither, "Spikes whose previous window was none."),
    col(
        "auc_onset",
        "AUC onset",
        Fixed(3),
        High,
        "Area under the ROC curve for onsets, among windows after a calm one.",
    ),
    col(
        "brier",
        "Brier",
        Fixed(4),
        Low,
        "Mean squared difference of the forecast probability of a spike and what happened (0 or 1).",
    ),
];

/// Shares of regimes.
pub const REGIMES: &[Column] = &[
    col("n", "n", Count, Neither, "Forecasts issued while this regime was the most probable."),
    col("share", "share of time", Percent(1), Neither, "The same as a share of all forecasts."),
    col(
        "realised_sd",
        "realised",
        Percent(3),
        Neither,
        "Root of the mean realised variance over the horizon that followed, not annualised.",
    ),
    col("forecast_sd", "forecast", Percent(3), Neither, "Root of the mean variance that was forecast, not annualised."),
    col(
        "confidence",
        "confidence",
        Percent(1),
        Neither,
        "Mean probability given to the regime while it was the most probable.",
    ),
];

/// Coverage by level.
pub const COVERAGE: &[Column] = &[
    col("level", "nominal", Percent(1), Neither, "Nominal probability of a return below the quantile."),
    col("share", "observed", Percent(2), Neither, "Observed share of returns below the quantile."),
    col(
        "low",
        "95 % from",
        Percent(2),
        Neither,
        "Lower end of the exact (Clopper-Pearson) 95 % interval of the observed share, rows taken as independent.",
    ),
    col("high", "95 % to", Percent(2), Neither, "Upper end of the same interval."),
    col("hits", "below", Count, Neither, "Returns below the quantile."),
    col("n", "n", Count, Neither, "Returns compared."),
];

/// What came of a margin policy.
pub const OUTCOME: &[Column] = &[
    col("n", "n", Count, Neither, "Margins compared with the loss that followed."),
    col("breaches", "breaches", Count, Low, "Losses strictly above the margin."),
    col("breach_rate", "share", Percent(2), Neither, "Breaches as a share of n; nominal 1 %."),
    col(
        "kupiec_p",
        "Kupiec p",
        PValue,
        Neither,
        "Probability value of Kupiec's likelihood ratio for the share of breaches at 1 %.",
    ),
    col(
        "cc_p",
        "coverage p",
        PValue,
        Neither,
        "Probability value of conditional coverage at 1 %: share and independence of breaches.",
    ),
    col(
        "dq",
        "DQ",
        Fixed(1),
        Neither,
        "Dynamic quantile statistic (Engle, Manganelli 2004) at 1 %: breaches regressed on a constant, the four before and the margin; chi-squared with 6 degrees of freedom, fewer where columns are collinear; per instrument.",
    ),
    col("dq_p", "DQ p", PValue, Neither, "Probability value of the dynamic quantile statistic."),
    col(
        "pinball",
        "pinball",
        Percent(4),
        Low,
        "Mean pinball (tick) loss of the margin as a 99 % quantile of the loss, fraction of notional; 0.01 % is a basis point.",
    ),
    col("average", "average", Percent(3), Neither, "Mean margin, fraction of notional: what the policy costs."),
    col(
        "shortfall_sum",
        "shortfall sum",
        Percent(2),
        Low,
        "Sum over breaches of loss minus margin, fraction of notional: what the policy missed.",
    ),
    col("worst_miss", "worst", Percent(2), Low, "Largest single shortfall, fraction of notional; 0 without breaches."),
    col("peak_to_trough", "peak/trough", Fixed(2), Low, "Largest margin over smallest."),
    col("p95_over_p5", "p95/p5", Fixed(2), Low, "95th over 5th percentile of the margin."),
    col(
        "rise_1",
        "rise 1",
        Percent(1),
        Low,
        "Largest rise of the margin over one step, relative to the margin before.",
    ),
    col("rise_5", "rise 5", Percent(1), Low, "The same over five steps: the largest call within that time."),
    col("rise_20", "rise 20", Percent(1), Low, "The same over twenty steps."),
    col("rise_5_es99", "ES99 rise 5", Percent(1), Low, "Mean of the largest 1 % of rises over five steps."),
    col(
        "change_sd",
        "change sd",
        Percent(2),
        Low,
        "Standard deviation of the changes of the logarithm of the margin from step to step.",
    ),
];

/// A policy against its control.
pub const GAIN: &[Column] = &[
    col(
        "control_factor",
        "constant",
        Fixed(4),
        Neither,
        "The constant that gives the baseline the same average margin as the policy.",
    ),
    col(
        "outcome/average",
        "average",
        Percent(3),
        Neither,
        "Mean margin of the policy, fraction of notional; the control has the same.",
    ),
    col("gain/breaches", "breaches", Count, Low, "Breaches of the policy minus those of its control."),
    col(
        "gain/shortfall_sum",
        "shortfall sum",
        Percent(2),
        Low,
        "Sum of shortfalls of the policy minus that of its control, fraction of notional.",
    ),
    col(
        "gain/worst_miss",
        "worst",
        Percent(2),
        Low,
        "Worst shortfall of the policy minus that of its control, fraction of notional.",
    ),
    col("gain/rise_5", "rise 5", Percent(1), Low, "Largest five-step rise of the policy minus that of its control."),
    col(
        "gain/rise_5_es99",
        "ES99 rise 5",
        Percent(1),
        Low,
        "Mean of the largest 1 % of five-step rises of the policy minus that of its control.",
    ),
];

/// Guardrail hits.
pub const GUARDRAILS: &[Column] = &[
    col(
        "count",
        "decisions",
        Count,
        Neither,
        "Decisions on which the guardrail acted; one decision can carry several.",
    ),
    col(
        "share",
        "share of time",
        Percent(2),
        Neither,
        "The same as a share of all decisions of the horizon and instrument.",
    ),
];

/// Faults.
pub const FAULTS: &[Column] = &[col("count", "count", Count, Neither, "Events or windows with this fault.")];

/// All tables, by the heading of their definitions.
pub const ALL: &[(&str, &[Column])] = &[
    ("Run", META),
    ("Scoreboard: variance", VARIANCE),
    ("Scoreboard: tails", TAILS),
    ("Scoreboard: spikes", SPIKES),
    ("Regimes", REGIMES),
    ("Coverage", COVERAGE),
    ("Margin outcome", OUTCOME),
    ("Cost and benefit", GAIN),
    ("Guardrails", GUARDRAILS),
    ("Faults", FAULTS),
];
