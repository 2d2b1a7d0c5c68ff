//! The scoreboard: every model on every horizon and instrument, its variance, its tails and its spikes.

use serde_json::Value;

use crate::base::{Horizon, Prob, Ts};
use crate::loss::{ForecastRow, ModelScore, OutcomeRow, scoreboard as score};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{High, Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, PValue, Percent, Text};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::outcomes::Outcomes;
use crate::study::walk::Forecasted;

/// Stands for the scoreboard among the measurements.
pub struct Scoreboard;

impl Measurement for Scoreboard {
    type Found = Vec<ModelScore>;
    const SHOWN: &'static [Shown] = &[
        table(
            "Scoreboard: variance",
            "Variance, out of sample; the best of each column is marked, a heading sorts",
            HEADS,
            VARIANCE,
        )
        .at(Section::Scoreboard, 10),
        table("Scoreboard: tails", "Tails: the 1 % and 99 % quantiles of the return", HEADS, TAILS)
            .at(Section::Scoreboard, 20),
        table("Scoreboard: spikes", "Spikes: realised variance above its trailing 95 % quantile", HEADS, SPIKES)
            .at(Section::Scoreboard, 30),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<ModelScore>, Error> {
        scoreboard(of.plan, &of.outcomes, &of.forecasts, &|_, _| true)
    }
    fn schema() -> Value {
        json::array(json::defined("model_score"))
    }
}

/// What heads a row.
pub const HEADS: &[&str] = &["model", "symbol", "horizon"];

/// Scores of variance forecasts.
pub const VARIANCE: &[ReportColumn] = &[
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
pub const TAILS: &[ReportColumn] = &[
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
pub const SPIKES: &[ReportColumn] = &[
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

/// The scoreboard of any forecasts, per horizon, over the outcomes that `keep` keeps by issue time.
///
/// # Errors
/// A model forecast the same thing twice.
pub fn scoreboard(
    plan: &Plan,
    outcomes: &[Outcomes],
    forecasts: &[Forecasted],
    keep: &dyn Fn(Ts, Horizon) -> bool,
) -> Result<Vec<ModelScore>, Error> {
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let outcomes: Vec<OutcomeRow> = outcomes
            .iter()
            .filter(|t| t.horizon == horizon)
            .flat_map(|t| t.rows(&plan.study))
            .filter(|r| keep(r.ts, horizon))
            .collect();
        let rows: Vec<ForecastRow> = forecasts
            .iter()
            .filter(|f| f.forecast.horizon == horizon)
            .map(|f| ForecastRow {
                model: f.model.clone(),
                symbol: f.symbol,
                ts: f.forecast.issued,
                rv: f.forecast.dist.rv,
                q01: f.forecast.dist.q[1],
                q99: f.forecast.dist.q[7],
                p_spike: f.forecast.spike.map_or(f64::NAN, Prob::get),
            })
            .collect();
        lines.extend(score(horizon, &outcomes, &rows, &plan.study.base)?);
    }
    Ok(lines)
}

/// The schema of one line, `model_score`.
pub fn line_schema() -> Value {
    json::object(
        "One model, horizon and instrument",
        vec![
            ("horizon", json::span()),
            ("symbol", json::symbol_or_all()),
            ("model", json::text()),
            ("n", json::count()),
            ("symbols", json::count()),
            ("qlike", json::positive()),
            ("ratio", json::or_null(json::number())),
            ("dm", json::or_null(json::number())),
            ("dm_p", json::or_null(json::share())),
            ("wins", json::or_null(json::count())),
            ("mse_log", json::positive()),
            ("mse", json::positive()),
            ("r2_log", json::or_null(serde_json::json!({"type": "number", "maximum": 1}))),
            ("r2_mz", json::or_null(json::share())),
            ("bias", json::positive()),
            ("pinball01", json::or_null(json::number())),
            ("pinball99", json::or_null(json::number())),
            ("hits01", json::or_null(json::share())),
            ("hits99", json::or_null(json::share())),
            ("kupiec01_p", json::or_null(json::share())),
            ("kupiec99_p", json::or_null(json::share())),
            ("christoffersen_ind_p", json::or_null(json::share())),
            ("cc_p", json::or_null(json::share())),
            ("traffic_light", json::or_null(json::one_of(&["green", "yellow", "red"]))),
            ("kupiec01_pass", json::or_null(json::count())),
            ("cc_pass", json::or_null(json::count())),
            ("spikes", json::or_null(json::count())),
            ("auc", json::or_null(json::share())),
            ("recall05", json::or_null(json::share())),
            ("onsets", json::or_null(json::count())),
            ("auc_onset", json::or_null(json::share())),
            ("brier", json::or_null(json::share())),
        ],
    )
}
