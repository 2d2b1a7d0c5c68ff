//! Margins that models and fixed multipliers make, on a week of closes and the Monday after it.

use super::*;
use crate::base::Digest;
use crate::feature::VarianceMeasure as Variance;
use crate::forecast::{Dist, Forecast};
use crate::loss::Side;
use crate::margin::State;

const DAYS: [i64; 6] = [0, 1, 2, 3, 4, 7];
const FLOOR: &str = "long_run = \"floor\"\napc = [{ stage = \"floor\" }]";
const FORECAST: &str = "multiplier = { forecast = \"HAR\", over = \"EWMA\", max = 2.5 }";
const BARE: &str = "unguarded = true";
/// A ladder for rows of a day.
const DAILY: &str = "guardrail = { ladder = { fresh = \"6h\", hold = \"30h\", degrade = \"40h\" } }";

fn day(n: i64) -> Ts {
    Ts(0) + Span::DAY.times(n)
}

fn symbol() -> Symbol {
    "AAA".parse().unwrap()
}

/// What four models say at each close.
fn forecasts(i: usize) -> Vec<NamedForecast> {
    let says = [
        ("U", [0.010, 0.010, 0.012, 0.012, 0.010, 0.010]),
        ("floor", [0.011; 6]),
        ("HAR", [0.010, 0.013, 0.030, 0.030, 0.005, 0.100]),
        ("EWMA", [0.010; 6]),
    ];
    let one = |(name, sd): (&str, [f64; 6])| {
        let dist = Dist::normal(sd[i] * sd[i], sd[i]);
        let forecast = Forecast { issued: day(DAYS[i]), horizon: Horizon(Span::DAY), dist, regime: None, spike: None };
        NamedForecast { name: name.into(), symbol: symbol(), forecast, silent_share: 0.0, lifted: false }
    };
    says.map(one).to_vec()
}

fn decider(text: &str, closure: Span) -> Result<Decider, Error> {
    let head =
        "forecast = \"\"\nregime = \"\"\nbaseline_model = \"U\"\nmarket_time = true\nbaseline = { side = \"long\" }";
    let text =
        if text.contains("multiplier") { text.into() } else { format!("multiplier = {{ constant = 1.0 }}\n{text}") };
    let margin: Margin = toml::from_str(&format!("{head}\n{text}")).unwrap();
    let measure = Variance::GarmanKlass;
    let rows = feature::RowConfig { bar: Span::DAY, row: Span::DAY, measure, mid: 5, long: 22, far: 66, closure };
    Decider::new(&margin, &rows, 1)
}

const SEAL: Seal = Seal { model: Digest([0; 32]), config: Digest([0; 32]) };

fn row(i: usize) -> Row {
    let open = if i == 0 { day(-1) } else { day(DAYS[i - 1]) };
    Row::empty(symbol(), open, day(DAYS[i]), day(DAYS[i]))
}

/// Decisions of the days from `start` on.
fn decided(text: &str, start: i64, closure: i64) -> Vec<Decision> {
    let mut decider = decider(text, Span::DAY.times(closure)).unwrap();
    let one = |i: usize| decider.row(&row(i), &forecasts(i), None, day(DAYS[i]) >= day(start), SEAL);
    (0..6).filter_map(one).collect()
}

/// Margins over the 99 % loss of a volatility of 1 %.
fn shares(decisions: &[Decision]) -> Vec<f64> {
    let unit = Side::Long.var(&Dist::normal(1e-4, 0.01));
    decisions.iter().map(|d| (1e6 * d.c_im / unit).round() / 1e6).collect()
}

#[test]
fn the_loss_of_a_model_is_staged_and_multiplied() {
    let of = |text: &str| shares(&decided(&format!("{text}\n{BARE}"), 0, 0));
    assert_eq!(of(""), [1.0, 1.0, 1.2, 1.2, 1.0, 1.0]);
    assert_eq!(of(FLOOR), [1.1, 1.1, 1.2, 1.2, 1.1, 1.1]);
    assert_eq!(of("multiplier = { constant = 1.5 }"), [1.5, 1.5, 1.8, 1.8, 1.5, 1.5]);
    assert_eq!(of(FORECAST), [1.0, 1.3, 3.0, 3.0, 1.0, 2.5]);
    // The forecast requirement does not know the floor: it is U times the ratio.
    assert_eq!(of(&format!("{FLOOR}\n{FORECAST}")), [1.1, 1.3, 3.0, 3.0, 1.1, 2.75]);
    let silent = of("multiplier = { forecast = \"ghost\", over = \"EWMA\" }");
    assert!(silent.is_empty(), "without its models nothing is decided");
}

#[test]
fn a_decision_of_models_says_what_it_was_made_from() {
    let made = &decided(&format!("{FLOOR}\n{FORECAST}\n{BARE}"), 0, 0)[2];
    let loss = |sd: f64| Side::Long.var(&Dist::normal(sd * sd, sd));
    assert_eq!(made.why.stages, [loss(0.012), loss(0.012)]);
    assert_eq!((made.baseline, made.m_raw, made.m_im_ppm), (loss(0.012), 2.5, 2_500_000));
    assert!((made.forecast_loss.unwrap() / loss(0.012) - 3.0).abs() < 1e-12);
    assert_eq!((made.why.long_run_var, made.why.m4), (loss(0.011), 2.5));
    assert_eq!(made.ts, day(2));
}

#[test]
fn guardrails_begin_before_the_first_decision_and_a_closure_takes_no_time() {
    let guard = "guardrail = { mode = \"managed-total\", lag_max = 1.0, confirmations = 0, day_cap = 1000.0, \
                 im = { up = 0.10, down = 0.02, budgets = [] } }";
    let text = format!("begins_at_one = true\n{FORECAST}\n{guard}");
    let of = |start: i64, closure: i64| shares(&decided(&text, start, closure));
    let steps: Vec<f64> = (1..=3).map(|k| (1e6 * 1.1f64.powi(k)).round() / 1e6).collect();
    let down = (1e6 * 0.98 * 1.1f64.powi(3)).round() / 1e6;
    let monday = (1e6 * 0.98 * 1.1f64.powi(4)).round() / 1e6;
    assert_eq!(of(1, 7), [steps[0], steps[1], steps[2], down, monday]);
    assert_eq!(of(1, 0), of(1, 7), "guardrails count a longer pause as a day");
    // Without a row before it, the first decision is at the baseline.
    assert_eq!(of(0, 7)[..2], [1.0, steps[0]]);
}

#[test]
fn over_a_weekend_nothing_grows_old_and_a_decision_stays_valid() {
    let (friday, sunday) = (4, day(6));
    let of = |closure: i64| {
        let mut decider = decider(DAILY, Span::DAY.times(closure)).unwrap();
        let last = (0..=friday).filter_map(|i| decider.row(&row(i), &forecasts(i), None, true, SEAL)).last().unwrap();
        (last, decider.tick(symbol(), sunday, SEAL).unwrap())
    };
    let (last, open) = of(0);
    assert!(last.why.valid_until < sunday && open.state > State::Hold, "{open:?}");
    let (last, closed) = of(3);
    assert!(last.why.valid_until > sunday && closed.ts == sunday, "{closed:?}");
    assert!(closed.state < open.state, "{closed:?}");
}

#[test]
fn without_guardrails_a_freeze_still_holds_and_an_override_still_acts() {
    let mut decider = decider(BARE, Span(0)).unwrap();
    let kill = |on: bool| Order::Kill { scope: Scope::All, on };
    let c = |d: Option<Decision>| shares(&[d.unwrap()])[0];
    assert_eq!(c(decider.row(&row(0), &forecasts(0), None, true, SEAL)), 1.0);
    decider.order(symbol(), &kill(true), day(1)).unwrap();
    let frozen = decider.row(&row(2), &forecasts(2), None, true, SEAL).unwrap();
    assert_eq!((shares(std::slice::from_ref(&frozen))[0], frozen.state), (1.0, State::Killed));
    decider.order(symbol(), &kill(false), day(3)).unwrap();
    assert_eq!(c(decider.row(&row(3), &forecasts(3), None, true, SEAL)), 1.2);
    let set = Override { m_ppm: 2_000_000, until: day(5) };
    decider.order(symbol(), &Order::Override { symbol: None, set }, day(3)).unwrap();
    assert_eq!(c(decider.row(&row(4), &forecasts(4), None, true, SEAL)), 2.0);
    assert_eq!(c(decider.row(&row(5), &forecasts(5), None, true, SEAL)), 1.0);
}

#[test]
fn settings_that_do_not_fit_each_other_are_refused_with_the_mend() {
    let refused = |text: &str, word: &str| {
        let why = decider(text, Span(0)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(why.contains(word), "{text}: {why}");
    };
    refused("apc = [{ stage = \"floor\" }]", "long_run");
    refused("apc = [{ stage = \"stress-weight\" }]", "stressed");
    refused("multiplier = { constant = 0.0 }", "above 0");
    refused("multiplier = { forecast = \"HAR\", over = \"EWMA\", min = 3.0 }", "at least `min`");
    refused("guardrail = { dead_band = 7.0 }", "dead_band");
    refused("traffic_light = {}", "leave `multiplier` out");
    let history = Margin { long_run: Some("floor".into()), ..Margin::default() };
    assert!(history.check().is_err());
}
