//! `margincast calibrate`: which margin policy recorded decisions speak for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::config::Config;
use super::progress::Bars;
use super::{Answer, table};
use crate::base::{Horizon, Seed, Span};
use crate::margin::PolicySettings;
use crate::margin::calibration::CalibrationSettings;
use crate::margin::guardrail::policy::Mode;
use crate::pipeline::Margin;
use crate::study::Progress;
use crate::study::calibrate::assessment::Assessment;
use crate::study::calibrate::bootstrap::Resampling;
use crate::study::calibrate::choose::Appetite;
use crate::study::calibrate::output;
use crate::study::calibrate::recorded::Record;
use crate::study::calibrate::run::{Calibrated, CalibrationTask, calibrate};
use crate::study::calibrate::search::Effort;
use crate::study::calibrate::walk_forward::origins;

/// Choose a margin policy on recorded decisions
///
/// Replays some thousand policies (weight of the forecast, steps, budgets and so on) over the decisions of a backtest,
/// through the guardrails themselves and without fitting a model, and compares each with the baseline times the
/// constant of equal average margin. Chosen is the least shortfall among those that leave no more
/// uncovered than the baseline alone and whose worst rises over 1, 5 and 20 rows are no larger than the control's. What that would have brought is judged walking forward. Nothing changes by itself:
/// the outcome is a proposal. What was evaluated is kept in DIR/evaluated: a run that was killed goes on where it stopped.
#[derive(clap::Args)]
#[command(after_help = "\
Writes frontier.parquet (every policy that no other dominates), calibration.json and, where a policy is
admitted, proposal.toml, which `margincast guard propose --from` takes. Exit code 1: none is admitted.

Example:
  margincast calibrate --from out/quick --config data/configs/sample.toml --horizon 1h \\
    --rises 0.03,0.15,0.25 --out out/calibrated")]
pub struct Args {
    /// Folder of a backtest, with decisions.parquet and outcomes.parquet
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Configuration that the backtest was made with
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Override one setting, section.key=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the files go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which horizon, where decisions were made over several
    #[arg(long, value_name = "SPAN")]
    horizon: Option<Span>,
    /// Mode of the policies that are compared: lift-only or managed-total; that of the configuration when absent
    #[arg(long, value_parser = mode)]
    mode: Option<Mode>,
    /// Largest worst rises over 1, 5 and 20 rows, such as 0.1,0.3,0.5; those of the control when absent
    #[arg(long, value_name = "R1,R5,R20", value_delimiter = ',')]
    rises: Vec<f64>,
    /// Largest average margin over the average baseline
    #[arg(long, value_name = "RATIO", default_value_t = 1.25)]
    dearest: f64,
    /// Time between the origins of the walk forward, after the first third of the record
    #[arg(long, value_name = "SPAN", default_value = "91d")]
    every: Span,
    /// Mean block of the bootstrap
    #[arg(long, value_name = "SPAN", default_value = "20d")]
    block: Span,
    /// Samples of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 500)]
    samples: usize,
    /// Seed of search and bootstrap
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Print calibration.json instead of a table
    #[arg(long)]
    json: bool,
}

fn mode(text: &str) -> Result<Mode, String> {
    serde_json::from_value(text.into()).map_err(|_| "want lift-only or managed-total".to_string())
}

/// Runs the command.
///
/// # Errors
/// The configuration or a file cannot be used, or there is too little to judge by.
pub fn run(args: Args) -> Result<Answer> {
    let plan = Config::read(&args.config, &args.set)?.plan();
    let (margin, rows) = (&plan.pipeline.margin, &plan.pipeline.rows);
    // What is configured to be calibrated can be, and only that.
    let calibrated = Margin { calibrate: Some(CalibrationSettings::default()), ..margin.clone() };
    calibrated.check().with_context(|| args.config.display().to_string())?;
    if args.every < rows.row || args.block < Span(1) || args.dearest.is_nan() || args.dearest <= 0.0 {
        bail!("--every wants at least one row, {}; --block more than 0s; --dearest more than 0", rows.row);
    }
    if !(args.rises.is_empty() || args.rises.len() == 3) {
        bail!("--rises wants three, over 1, 5 and 20 rows: 0.1,0.3,0.5");
    }
    let record = Record::read(&args.from, margin, rows, args.horizon.map(Horizon))?;
    let seed = Seed(args.seed);
    let task = CalibrationTask {
        record: &record,
        today: PolicySettings { blend: margin.blend, guardrail: margin.guardrail.of_rows(rows.row) },
        mode: args.mode.unwrap_or(margin.guardrail.mode),
        appetite: Appetite { rises: std::array::from_fn(|k| args.rises.get(k).copied()), dearest: args.dearest },
        origins: &origins(&record, args.every),
        effort: Effort::default(),
        resampling: Resampling { block: args.block, samples: args.samples, seed: seed.named("bootstrap") },
        seed,
        keep: Some(&args.out.join("evaluated")),
    };
    let bars = Bars::new();
    let found = calibrate(&task, &|progress: Progress<'_>| bars.show(progress))?;
    output::write(&found, &args.out)?;
    table::print(&if args.json { found.to_json() } else { shown(&found) });
    if found.not_replayed > 0 {
        let why = if margin.calibrate.is_some_and(|c| c.apply) {
            "they were made under policies chosen at origins, as margin.calibrate says"
        } else {
            "it is another configuration, or the decisions are of another version"
        };
        eprintln!(
            "{} of {} recorded requirements are not what {} gives again: {why}",
            found.not_replayed,
            found.recorded,
            args.config.display()
        );
    }
    Ok(if found.chosen.is_some() { Answer::Yes } else { Answer::No })
}

const HEAD: [&str; 10] =
    ["policy", "ratio", "90 % band", "to flat", "DM t", "better", "average", "rise 1", "rise 5", "rise 20"];

fn shown(found: &Calibrated) -> String {
    let walked = &found.walk_forward;
    let lines = [
        ("today, in sample", &found.today_outcome),
        ("chosen, in sample", &found.chosen.as_ref().and_then(|c| c.in_sample)),
        ("today, out of sample", &walked.today),
        ("new, today, in sample", &found.today_new),
        ("new, chosen, in sample", &found.chosen.as_ref().and_then(|c| c.new)),
        ("chosen at each origin, out of sample", &walked.out_of_sample),
        ("new, chosen at each origin, out of sample", &walked.new),
    ];
    let rows: Vec<Vec<String>> = lines.iter().filter_map(|(name, one)| Some(cells(name, one.as_ref()?))).collect();
    let mut text = format!(
        "{} policies over {}, shortfall over that of the baseline times the constant of equal average margin\n{}",
        found.policies,
        found.horizon.0,
        table::render(&HEAD, &rows)
    );
    if let Some(outcome) = found.today_outcome.map(|t| t.outcome) {
        let [one, five, twenty] = outcome.control_rises.map(percent);
        text += &format!("worst rises of the control, in sample: {one}, {five}, {twenty}\n");
    }
    match &found.chosen {
        None => text += "no policy is admitted: today's stays\n",
        Some(chosen) => {
            let numbers = chosen.policy.numbers().into_iter().filter(|n| !n.1.is_nan());
            let settings: Vec<String> = numbers.map(|(name, value)| format!("{name} {value}")).collect();
            text += &format!("chosen: {}\n", settings.join(", "));
        }
    }
    let moved: Vec<String> = walked.stretches.iter().skip(1).map(|s| s.moved.len().to_string()).collect();
    text + &format!(
        "{} origins; settings that moved from one to the next: {}\n",
        walked.stretches.len(),
        moved.join(", ")
    )
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

fn cells(name: &str, one: &Assessment) -> Vec<String> {
    let o = &one.outcome;
    let number = |x: Option<f64>, digits: usize| x.map_or_else(|| "-".into(), |x| format!("{x:.digits$}"));
    let band = one.bands.map_or_else(|| "-".into(), |b| format!("{:.3} to {:.3}", b.ratio[0], b.ratio[1]));
    let mut cells = vec![
        name.to_string(),
        number(one.ratio, 3),
        band,
        number(one.flat_ratio, 3),
        number(one.dm_t, 1),
        format!("{} of {}", o.better, o.instruments),
        percent(o.average),
    ];
    cells.extend(o.rises.map(percent));
    cells
}
