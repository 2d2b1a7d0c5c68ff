//! The risk method's table of the S&P 500, whole, from the command that a user runs: every row and its
//! control, every column. The table was made with numpy, scipy and arch 8.0.0 on arch's own data; counts
//! are exact and the rest equal to the printed digits, the GARCH row included.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One printed row: name, breaches, share %, Kupiec p, coverage p, DQ, pinball bp, average %,
/// shortfall %, worst %, peak to trough, rises over 1, 5 and 20 days %, ES99 of five-day rises %.
type Row = (&'static str, u64, f64, f64, f64, f64, f64, f64, f64, f64, f64, [f64; 3], f64);

#[rustfmt::skip]
const ROWS: [Row; 8] = [
    ("HS 500", 61, 1.86, 0.0, 0.0, 197.0, 5.08, 3.08, 65.1, 5.97, 4.2, [17.0, 23.0, 54.0], 17.0),
    ("EWMA normal .97", 80, 2.44, 0.0, 0.0, 219.0, 4.15, 2.38, 57.4, 4.51, 12.8, [69.0, 132.0, 185.0], 72.0),
    ("U = FHS .97", 52, 1.59, 0.002, 0.0013, 110.0, 3.91, 2.94, 31.3, 3.74, 11.7, [72.0, 149.0, 206.0], 76.0),
    ("GJR-t", 53, 1.62, 0.001, 0.0028, 29.0, 3.51, 2.54, 31.1, 3.06, 13.8, [176.0, 327.0, 494.0], 177.0),
    ("F = max(U, 10-y floor)", 13, 0.40, 0.0, 0.0004, 43.0, 4.48, 4.13, 10.7, 3.74, 4.3, [29.0, 59.0, 127.0], 29.0),
    ("U x clip(HAR/EWMA, 1, 2)", 36, 1.10, 0.578, 0.6137, 46.0, 3.66, 3.15, 16.3, 3.74, 14.0, [144.0, 335.0, 513.0], 141.0),
    ("U + HAR, guard +10/-2", 31, 0.95, 0.753, 0.1023, 26.0, 3.82, 3.22, 18.8, 2.41, 11.7, [10.0, 61.0, 251.0], 54.0),
    ("F + HAR, guard +10/-2", 8, 0.24, 0.0, 0.0, 31.0, 4.48, 4.29, 5.5, 2.41, 4.9, [10.0, 61.0, 163.0], 37.0),
];

/// Controls of some of them: the constant, then as above.
#[rustfmt::skip]
const CONTROLS: [(f64, Row); 2] = [
    (1.071, ("U x clip(HAR/EWMA, 1, 2)", 39, 1.19, 0.289, 0.1340, 36.0, 3.90, 3.15, 23.9, 3.35, 11.7, [72.0, 149.0, 206.0], 76.0)),
    (1.098, ("U + HAR, guard +10/-2", 33, 1.01, 0.969, 0.1340, 23.0, 3.91, 3.22, 21.8, 3.20, 11.7, [72.0, 149.0, 206.0], 76.0)),
];

fn run(arguments: &[&str]) {
    let out = Command::new(env!("CARGO_BIN_EXE_margincast"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    assert!(out.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&out.stderr));
}

const CONFIG: &str = "data/configs/sp500.toml";

/// scores.json and report.html of `backtest --config`, in a folder of its own.
fn backtest(name: &str, config: &str) -> Option<(Value, String)> {
    let file = crate::shared::path("data/daily/arch_sp500.csv.gz")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    let (lake, out) = (folder.join("lake"), folder.join("out"));
    let text = |p: &Path| p.display().to_string();
    let (file, lake, out) = (text(&file), text(&lake), text(&out));
    run(&["ingest", "--venue", "generic", "--map", "data/configs/maps/daily_prices.toml", "--lake", &lake, &file]);
    run(&["backtest", "--config", config, "--lake", &lake, "--out", &out]);
    let read = |name: &str| std::fs::read_to_string(Path::new(&out).join(name)).expect("readable");
    Some((serde_json::from_str(&read("scores.json")).expect("JSON"), read("report.html")))
}

#[track_caller]
fn hold(outcome: &Value, want: Row) {
    let (name, breaches, share, kupiec, coverage, dq, pinball, average, shortfall, worst, trough, rises, es) = want;
    let round = |x: f64, digits: i32| (x * 10f64.powi(digits)).round() / 10f64.powi(digits);
    let number = |key: &str| outcome[key].as_f64().unwrap_or_else(|| panic!("{name}: no {key}"));
    assert_eq!((outcome["n"].as_u64(), outcome["breaches"].as_u64()), (Some(3278), Some(breaches)), "{name}");
    for (key, unit, digits, want) in [
        ("breach_rate", 100.0, 2, share),
        ("kupiec_p", 1.0, 3, kupiec),
        ("cc_p", 1.0, 4, coverage),
        ("dq", 1.0, 0, dq),
        ("pinball", 1e4, 2, pinball),
        ("average", 100.0, 2, average),
        ("shortfall_sum", 100.0, 1, shortfall),
        ("worst_miss", 100.0, 2, worst),
        ("peak_to_trough", 1.0, 1, trough),
        ("rise_1", 100.0, 0, rises[0]),
        ("rise_5", 100.0, 0, rises[1]),
        ("rise_20", 100.0, 0, rises[2]),
        ("rise_5_es99", 100.0, 0, es),
    ] {
        assert_eq!(round(unit * number(key), digits), want, "{name}: {key}");
    }
}

/// What stages cost and bring is the same table, read stage by stage: the floor's average and shortfall %, breaches,
/// swing and largest rise over five days %, before and after; the buffer's against its constant.
fn stages(scores: &Value) {
    let all = scores["evidence"]["stages"].as_array().expect("stages");
    let of = |policy: &str| {
        let own = all.iter().find(|s| s["policy"] == policy && s["symbol"] == "SPX");
        own.unwrap_or_else(|| panic!("no stage of {policy}"))
    };
    let (floor, buffer) = (of("F = max(U, 10-y floor)"), of("U, buffer 25 %"));
    assert_eq!((floor["stage"].as_str(), buffer["stage"].as_str()), (Some("floor"), Some("buffer")));
    for (line, key, unit, digits, want) in [
        (floor, "average_before", 100.0, 2, 2.94),
        (floor, "average", 100.0, 2, 4.13),
        (floor, "shortfall_before", 100.0, 1, 31.3),
        (floor, "shortfall", 100.0, 1, 10.7),
        (floor, "breaches_before", 1.0, 0, 52.0),
        (floor, "breaches", 1.0, 0, 13.0),
        (floor, "peak_to_trough_before", 1.0, 1, 11.7),
        (floor, "peak_to_trough", 1.0, 1, 4.3),
        (floor, "call_5d_before", 100.0, 0, 149.0),
        (floor, "call_5d", 100.0, 0, 59.0),
        (buffer, "average", 100.0, 2, 3.31),
        (buffer, "shortfall", 100.0, 1, 21.8),
        (buffer, "control_shortfall", 100.0, 1, 19.9),
    ] {
        let tenth = 10f64.powi(digits);
        let got = unit * line[key].as_f64().unwrap_or_else(|| panic!("no {key}"));
        assert_eq!((got * tenth).round() / tenth, want, "{key}");
    }
}

#[test]
fn the_command_reproduces_the_published_table_of_the_sp500() {
    let Some((scores, report)) = backtest("sp500", CONFIG) else { return };
    let margins = scores["margins"].as_array().expect("margins");
    let of = |name: &str| {
        let own = margins.iter().find(|m| m["policy"] == name && m["symbol"] == "SPX");
        own.unwrap_or_else(|| panic!("no rule {name}"))
    };
    ROWS.iter().for_each(|want| hold(&of(want.0)["outcome"], *want));
    for (constant, want) in CONTROLS {
        let rule = of(want.0);
        let factor = rule["control_factor"].as_f64().expect("a constant");
        assert!((factor - constant).abs() < 5e-4, "{}: {factor}", want.0);
        hold(&rule["control"], want);
    }
    // What the method says of them in words: shortfall % of the buffer and of its constant at 3.31 %, of the
    // guardrails without a forecast, and of lift-only guardrails with the largest rise over five days %.
    let (buffer, alone, lift) =
        (of("U, buffer 25 %"), of("U, guard +10/-2 alone"), of("U + HAR, guard +10/-2, lift only"));
    for (got, digits, want) in [
        (&buffer["outcome"]["average"], 2, 3.31),
        (&buffer["outcome"]["shortfall_sum"], 1, 21.8),
        (&buffer["control"]["shortfall_sum"], 1, 19.9),
        (&alone["outcome"]["shortfall_sum"], 1, 33.4),
        (&alone["outcome"]["rise_5"], 0, 61.0),
        (&lift["outcome"]["shortfall_sum"], 1, 17.8),
        (&lift["outcome"]["rise_5"], 0, 109.0),
    ] {
        let tenth = 10f64.powi(digits);
        assert_eq!((100.0 * got.as_f64().expect("a number") * tenth).round() / tenth, want);
    }
    assert_eq!(alone["outcome"]["breaches"], 52);
    stages(&scores);
    // Every rule is in the report.
    ROWS.iter().for_each(|row| assert!(report.contains(row.0), "{}", row.0));
    assert_eq!(scores["failures"].as_array().map(Vec::len), Some(0));
    assert_eq!(scores["evidence"]["future"]["passed"], true);
}

/// `[margin]` of a row of the table: what `serve` reads, and the pipeline's own margin is made of.
const SERVED: &str = r#"
forecast = "HAR"
regime = ""
baseline = { side = "long" }
baseline_model = "FHS 0.97"
multiplier = { forecast = "HAR", over = "EWMA 0.97", min = 1.0, max = 2.0 }
market_time = true
begins_at_one = true
guardrail = { mode = "managed-total", lag_max = 1.0, lag_steps = 4294967295, confirmations = 0, day_cap = 1000.0, im = { up = 0.10, down = 0.02, budgets = [] } }
"#;

#[test]
fn a_row_of_the_table_is_what_a_service_of_its_settings_would_have_asked() {
    let mut config: toml::Table =
        toml::from_str(&std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(CONFIG)).unwrap()).unwrap();
    config.insert("margin".into(), toml::from_str::<toml::Table>(SERVED).unwrap().into());
    config["study"].as_table_mut().unwrap().remove("margins");
    let needed = ["FHS 0.97", "EWMA 0.97", "HAR"];
    let models = config["models"].as_array_mut().unwrap();
    models.retain(|m| needed.contains(&m["name"].as_str().unwrap()));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sp500-served.toml");
    std::fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
    let Some((scores, _)) = backtest("sp500-served", &file.display().to_string()) else { return };
    let margins = scores["margins"].as_array().expect("margins");
    let guarded = margins.iter().find(|m| m["policy"] == "guarded" && m["symbol"] == "SPX").expect("its own margin");
    let row = ROWS.iter().find(|row| row.0 == "U + HAR, guard +10/-2").expect("the row");
    hold(&guarded["outcome"], *row);
}
