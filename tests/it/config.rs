//! A configuration is right or refused, before anything is fitted or written: every misspelling, every number out of
//! its range, every name that nothing has, all told at once.

use std::path::{Path, PathBuf};
use std::process::Command;

use margincast::app::config::Config;
use serde_json::Value;

/// A new folder.
fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/configs").join(name)
}

/// The default configuration as a table.
fn sample() -> toml::Table {
    toml::from_str(&std::fs::read_to_string(shipped("sample.toml")).unwrap()).unwrap()
}

/// What is said of a table: nothing, or all problems.
fn told(folder: &Path, table: &toml::Table) -> Option<String> {
    let path = folder.join("config.toml");
    std::fs::write(&path, toml::to_string(table).unwrap()).unwrap();
    Config::read(&path, &[]).err().map(|e| format!("{e:#}"))
}

/// Puts `value` at a path of keys and places in lists, written `models.6.params.states`.
fn put(table: &mut toml::Table, path: &str, value: &str) {
    let value = toml::from_str::<toml::Table>(&format!("v = {value}")).unwrap().remove("v").unwrap();
    let (last, parts) = path.rsplit_once('.').map_or((path, vec![]), |(rest, last)| (last, rest.split('.').collect()));
    let mut at = table;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = match parts.peek().and_then(|i| i.parse::<usize>().ok()) {
            Some(i) => {
                parts.next();
                next.as_array_mut().unwrap()[i].as_table_mut().unwrap()
            }
            None => next.as_table_mut().unwrap(),
        };
    }
    at.insert(last.into(), value);
}

/// Each is refused, and said to be so with this key and these words. Places in `models` are those of the
/// default configuration.
const WRONG: &[(&str, &str, &str)] = &[
    // The ten that were once called good.
    ("margin.forecast", "\"ghost\"", "margin.forecast: there is no `ghost`"),
    ("margin.regime", "\"ghost\"", "margin.regime: there is no `ghost`"),
    ("margin.challengers", "[\"EWMA\"]", "margin.challengers: is retired"),
    ("study.base", "\"ghost\"", "study.base: there is no `ghost`"),
    ("margin.guardrail.dead_band", "9", "margin.guardrail.dead_band: is 9; want 0 to 0.2"),
    ("margin.baseline.warm_up", "1", "margin.baseline.warm_up: is 1; want 100 to 1000000"),
    (
        "margin.baseline.window",
        "\"20d\"",
        "margin.baseline.window: is 20d, 480 rows; want at least `warm_up`, 500 rows of 1h",
    ),
    ("study.phases", "0", "study.phases: is 0; want 1"),
    ("models.9.params", "{ rounds = 0, nonsense = 3 }", "models.boost.params.nonsense: there is no such key"),
    ("models.9.params", "{ rounds = 0, nonsense = 3 }", "models.boost.params.rounds: is 0; want 1 to 5000"),
    ("models.6.params", "{ states = 9 }", "models.HMM.params.states: is 9; want 2 to 4"),
    ("models.11.params", "{ base = \"ghost\" }", "models.conformal.params.base: there is no `ghost`"),
    // Names.
    ("margin.forecast", "\"conformol\"", "did you mean `conformal`?"),
    ("study.base", "\"har\"", "did you mean `HAR`?"),
    ("models.10.params", "{ members = [\"boots\", \"net\"] }", "members: there is no `boots`; did you mean `boost`?"),
    ("models.10.params", "{ members = [\"net\", \"net\"] }", "members: `net` is named twice"),
    ("models.10.params", "{ members = [\"conformal\"] }", "members: there is no `conformal`"),
    ("models.6.kind", "\"hhm\"", "models.HMM.kind: there is no `hhm`; did you mean `hmm`?"),
    ("models.6.params", "{ columns = [\"rv\", \"rett\"] }", "models.HMM.params.columns: `rett` is no feature"),
    ("models.4.name", "\"EWMA\"", "models.EWMA.name: two instances have this name"),
    ("models.9.params", "{ drop = [\"nothing\"] }", "models.boost.params.drop: there is no `nothing`"),
    ("rows.measure", "\"parkinsen\"", "rows.measure: there is no `parkinsen`; did you mean `parkinson`?"),
    (
        "margin.guardrail.mode",
        "\"lift-onli\"",
        "margin.guardrail.mode: there is no `lift-onli`; did you mean `lift-only`?",
    ),
    ("margin.apc", "[{ stage = \"flor\" }]", "margin.apc[0].stage: there is no `flor`; did you mean `floor`?"),
    (
        "ablations",
        "[{ name = \"a\", drop = [\"flaw\"] }]",
        "ablations.a.drop: there is no `flaw`; did you mean `flow`?",
    ),
    // Keys.
    ("marginn.forecast", "\"conformal\"", "marginn: there is no such key; did you mean `margin`?"),
    (
        "margin.guardrail.daed_band",
        "0.1",
        "margin.guardrail.daed_band: there is no such key; did you mean `dead_band`?",
    ),
    (
        "study.crash_days",
        "[{ name = \"x\", form = \"2022-01-01\", to = \"2022-01-02\" }]",
        "form: there is no such key; did you mean `from`?",
    ),
    (
        "models.0.params",
        "{ windw = 9 }",
        "models.historical.params.windw: there is no such key; did you mean `window`?",
    ),
    (
        "margin.apc",
        "[{ stage = \"cap\", tmes = 3.0 }]",
        "margin.apc[0].tmes: there is no such key; did you mean `times`?",
    ),
    // What was, with what to write instead.
    (
        "margin.guardrail.im",
        "{ m_max = 2.0, up_per_day = 0.1, down_per_day = 0.02 }",
        "margin.guardrail.im.up_per_day: is retired; write `up`",
    ),
    ("margin.guardrail.im", "{ down_per_day = 0.02 }", "margin.guardrail.im.down_per_day: is retired; write `down`"),
    ("margin.guardrail.emergency_up_per_day", "0.3", "emergency_up_per_day: is retired; leave it out"),
    (
        "study.margins",
        "[{ name = \"a\", baseline = \"EWMA\", guard = { mm = { up_per_day = 0.1 } } }]",
        "study.margins[0].guard.mm.up_per_day: is retired",
    ),
    // Numbers and lengths of time.
    ("margin.guardrail.im", "{ up = 7.0 }", "margin.guardrail.im.up: is 7; want 0 to 1"),
    (
        "margin.guardrail.im",
        "{ budgets = [{ over = \"24h\", rise = -0.5 }] }",
        "margin.guardrail.im.budgets[0].rise: is -0.5; want 0 to 10",
    ),
    (
        "margin.guardrail.im",
        "{ budgets = [{ over = \"24h\", rice = 0.5 }] }",
        "margin.guardrail.im.budgets[0].rice: there is no such key; did you mean `rise`?",
    ),
    ("horizons", "[1, 0]", "horizons: is 0; want 1 to 10000 rows"),
    ("horizons", "[8, 8]", "horizons: is 8 twice"),
    ("study.end", "\"2021-01-01\"", "study.start: is 2022-01-01"),
    ("study.refit", "\"1s\"", "study.refit: is 1s; want at least one row, 1h"),
    ("study.refit", "\"a while\"", "study.refit: `a while` is not a length of time"),
    ("study.window", "\"-5d\"", "study.window"),
    ("study.calibration", "{ window = 0, spike_window = 250 }", "study.calibration.window: is 0"),
    ("rows.row", "\"90m\"", "rows.row: is 90m; want a whole number of bars of 1h"),
    ("rows.long", "20", "rows.long: is 20; want more than `mid`"),
    ("margin.credibility", "{ window = 500 }", "margin.credibility: is retired"),
    ("margin.credibility", "{ window = 500 }", "write how much it counts as `weight` of [margin.blend]"),
    ("margin.blend", "{ weight = 1.5 }", "margin.blend.weight: is 1.5; want 0 to 1"),
    ("margin.blend", "{ level = 0 }", "margin.blend.level: is 0; want 0.5 to 2"),
    ("margin.blend", "{ wieght = 0.5 }", "margin.blend.wieght: there is no such key; did you mean `weight`?"),
    ("margin.evidence", "{ silent_at = 10 }", "margin.evidence.silent_at: is 10; want above `heard_at`"),
    ("margin.evidence", "{ costly_share = 2 }", "margin.evidence.costly_share: is 2; want 0 to 1"),
    ("margin.traffic_light", "{ window = 5 }", "margin.traffic_light.window: is 5; want 20 to 10000"),
    ("margin.baseline.alpha", "nan", "margin.baseline.alpha: is \"NaN\"; want a number"),
    ("margin.guardrail.long_run_cap", "inf", "margin.guardrail.long_run_cap: is \"inf\"; want a number"),
    ("margin.guardrail.confirmations", "-1", "margin.guardrail.confirmations: is -1; want a whole number"),
    ("models.6.every", "0", "models.HMM.every: is 0; want 1 or more"),
    (
        "models.9.choose",
        "{ grid = { rate = [0.1, 7.0] }, validation = \"30d\" }",
        "models.boost.choose.grid.rate: is 7",
    ),
    ("models.9.choose", "{ grid = { rte = [0.1] }, validation = \"30d\" }", "did you mean `rate`?"),
    ("models.9.choose", "{ grid = {}, validation = \"30d\" }", "models.boost.choose.grid: is empty"),
    ("replay_rows", "0", "replay_rows: is 0; want 1 to 1000000"),
    ("universe.symbols", "[]", "universe.symbols: is empty"),
    ("universe.symbols", "[\"BTCUSDT\", \"BTCUSDT\"]", "universe.symbols: is BTCUSDT twice"),
    ("serve.listen", "\"nowhere\"", "serve.listen: is `nowhere`"),
    ("serve.poll", "\"0s\"", "serve.poll: is 0s"),
];

#[test]
fn every_shipped_configuration_is_good() {
    for name in ["champion", "crypto-1d", "crypto-1d-ablations", "crypto-1h", "sample", "sp500"] {
        Config::read(&shipped(&format!("{name}.toml")), &[]).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    }
}

#[test]
fn what_is_wrong_is_refused_with_its_key_its_range_and_the_nearest_name() {
    let folder = place("wrong");
    for (path, value, want) in WRONG {
        let mut table = sample();
        put(&mut table, path, value);
        let told = told(&folder, &table).unwrap_or_else(|| panic!("{path} = {value} is called good"));
        assert!(told.contains(want), "{path} = {value}: want {want}\n{told}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let folder = place("all");
    let mut table = sample();
    put(&mut table, "study.strat", "1");
    put(&mut table, "margin.forecast", "\"ghost\"");
    put(&mut table, "models.6.params", "{ states = 9, stats = 1 }");
    put(&mut table, "models.9.params", "{ rounds = \"many\", rate = 0.0 }");
    put(&mut table, "serve.poll", "\"0s\"");
    table.remove("rows");
    let told = told(&folder, &table).unwrap();
    for want in [
        "study.strat: there is no such key; did you mean `start`?",
        "margin.forecast: there is no `ghost`",
        "models.HMM.params.states: is 9",
        "models.HMM.params.stats: there is no such key; did you mean `states` or `starts`?",
        "models.boost.params.rounds: is \"many\"; want a whole number, 0 or more",
        "models.boost.params.rate: is 0; want 0.0001 to 1",
        "serve.poll: is 0s",
        "rows: is missing",
    ] {
        assert!(told.contains(want), "want {want}\n{told}");
    }
    assert_eq!(told.lines().count(), 8, "and nothing else\n{told}");
}

#[test]
fn a_default_name_that_no_model_has_means_none_and_a_written_one_is_refused() {
    let folder = place("default");
    let mut table = sample();
    let models = table.get_mut("models").unwrap().as_array_mut().unwrap();
    models.retain(|m| m["name"].as_str() == Some("EWMA"));
    table["margin"].as_table_mut().unwrap().retain(|key, _| key != "forecast" && key != "regime");
    table["study"].as_table_mut().unwrap().remove("base");
    assert_eq!(told(&folder, &table), None);
    put(&mut table, "margin.forecast", "\"conformal\"");
    assert!(told(&folder, &table).unwrap().contains("margin.forecast: there is no `conformal`"));
    put(&mut table, "margin.forecast", "\"\"");
    assert_eq!(told(&folder, &table), None, "empty is none");
}

/// Every value of a table with its path, lists of tables by place.
fn leaves(value: &toml::Value, path: &str, found: &mut Vec<(String, toml::Value)>) {
    let at = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, v)| leaves(v, &at(key), found)),
        toml::Value::Array(list) if list.first().is_some_and(toml::Value::is_table) => {
            list.iter().enumerate().for_each(|(i, v)| leaves(v, &at(&i.to_string()), found));
        }
        plain => found.push((path.to_string(), plain.clone())),
    }
}

/// The default configuration with every default filled in, those of the models' parameters too.
fn whole() -> toml::Table {
    let config = Config::read(&shipped("sample.toml"), &[]).unwrap();
    let mut value = serde_json::to_value(&config).unwrap();
    let guardrail = &mut value["margin"]["guardrail"];
    for part in ["thin", "doubt", "blast", "im", "mm"] {
        // Left out where at their defaults.
        let policy = margincast::margin::Policy::default().of_rows(config.rows.row);
        guardrail[part] = match part {
            "im" => serde_json::to_value(policy.im).unwrap(),
            "mm" => serde_json::to_value(policy.mm).unwrap(),
            "thin" => serde_json::to_value(policy.thin).unwrap(),
            "doubt" => serde_json::to_value(policy.doubt).unwrap(),
            _ => serde_json::to_value(policy.blast).unwrap(),
        };
    }
    for model in value["models"].as_array_mut().unwrap() {
        let entry = margincast::forecast::Entry::named(model["kind"].as_str().unwrap()).unwrap();
        let mut params = (entry.defaults)();
        for (key, given) in model["params"].as_object().unwrap().clone() {
            params[key] = given;
        }
        model["params"] = params;
    }
    let Value::Object(value) = without_nulls(value) else { panic!("a table") };
    toml::from_str(&toml::to_string(&value).unwrap()).unwrap()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[test]
fn the_default_configuration_with_every_default_written_out_is_good() {
    assert_eq!(told(&place("whole"), &whole()), None);
}

/// A number that makes no sense is refused, or it is one with which a model can be fitted and a pipeline made: what is
/// called good is accepted by what runs it.
#[test]
fn numbers_that_make_no_sense_are_refused_or_run() {
    let folder = place("numbers");
    let whole = whole();
    let mut found = Vec::new();
    leaves(&toml::Value::Table(whole.clone()), "", &mut found);
    let numbers: Vec<_> = found.iter().filter(|(_, v)| v.is_integer() || v.is_float()).collect();
    assert!(numbers.len() > 90, "{} numbers", numbers.len());
    let (mut refused, mut good) = (0, 0);
    for (path, _) in numbers {
        for absurd in ["-1", "-1.0", "0", "0.0", "1e18", "1000000000000000000", "nan", "inf", "-inf"] {
            let mut table = whole.clone();
            put(&mut table, path, absurd);
            match told(&folder, &table) {
                Some(why) => {
                    refused += 1;
                    let last = path.rsplit('.').find(|p| p.parse::<usize>().is_err()).unwrap();
                    assert!(why.contains(last), "{path} = {absurd}: the key is not named\n{why}");
                }
                None => {
                    good += 1;
                    let sound = absurd.parse::<f64>().unwrap();
                    assert!(sound.is_finite(), "{path} = {absurd} is called good");
                    runs(&folder.join("config.toml"), path, absurd);
                }
            }
        }
    }
    assert!(refused > 500 && good > 20, "{refused} refused, {good} good");
}

/// What runs a configuration takes it: the pipeline, and the parameters of every model.
fn runs(path: &Path, key: &str, value: &str) {
    let config = Config::read(path, &[]).unwrap();
    let plan = config.plan();
    let models = margincast::pipeline::ModelSet::default();
    margincast::pipeline::Pipeline::new(plan.pipeline, &models, config.digest())
        .unwrap_or_else(|e| panic!("{key} = {value} is called good, and then: {e}"));
}

#[test]
fn every_name_of_a_model_is_looked_up() {
    let folder = place("ghosts");
    let whole = whole();
    let names: Vec<String> =
        whole["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap().into()).collect();
    let mut found = Vec::new();
    leaves(&toml::Value::Table(whole.clone()), "", &mut found);
    let mut count = 0;
    for (path, value) in found.iter().filter(|(path, _)| !path.ends_with(".name") && !path.ends_with(".kind")) {
        let ghost = match value {
            toml::Value::String(text) if names.contains(text) => "\"ghost\"",
            toml::Value::Array(list)
                if list.iter().any(|v| v.as_str().is_some_and(|t| names.iter().any(|n| n == t))) =>
            {
                "[\"ghost\"]"
            }
            _ => continue,
        };
        let mut table = whole.clone();
        put(&mut table, path, ghost);
        let why = told(&folder, &table).unwrap_or_else(|| panic!("{path} = {ghost} is called good"));
        assert!(why.contains("there is no `ghost`"), "{path}\n{why}");
        count += 1;
    }
    assert!(count >= 5, "{count} names");
}

#[test]
fn every_key_that_is_misspelt_by_one_letter_is_refused_with_the_right_one() {
    let folder = place("keys");
    let whole = whole();
    let mut found = Vec::new();
    leaves(&toml::Value::Table(whole.clone()), "", &mut found);
    let mut paths: Vec<String> = found.into_iter().map(|(path, _)| path).collect();
    // Sections too.
    for path in paths.clone() {
        let mut at = path.as_str();
        while let Some((section, _)) = at.rsplit_once('.') {
            paths.push(section.to_string());
            at = section;
        }
    }
    paths.retain(|p| p.rsplit('.').next().is_some_and(|last| last.parse::<usize>().is_err()));
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 150, "{} keys", paths.len());
    for path in paths {
        let key = path.rsplit('.').next().unwrap();
        let misspelt = format!("{key}q");
        let mut table = whole.clone();
        rename(&mut table, &path, &misspelt);
        let why = told(&folder, &table).unwrap_or_else(|| panic!("{path} as {misspelt} is called good"));
        let line = why
            .lines()
            .find(|l| l.contains(&format!("{misspelt}: there is no such key")))
            .unwrap_or_else(|| panic!("{path}\n{why}"));
        let guess = line.split("there are").next().unwrap();
        assert!(guess.contains(&format!("`{key}`")), "{path}: {line}");
    }
}

/// Gives a key another name.
fn rename(table: &mut toml::Table, path: &str, new: &str) {
    let parts: Vec<&str> = path.split('.').collect();
    let (last, before) = parts.split_last().unwrap();
    let mut whole = toml::Value::Table(std::mem::take(table));
    let section = before.iter().fold(&mut whole, |at, part| match part.parse::<usize>() {
        Ok(i) => &mut at.as_array_mut().unwrap()[i],
        Err(_) => at.get_mut(*part).unwrap(),
    });
    let section = section.as_table_mut().unwrap();
    let value = section.remove(*last).unwrap();
    section.insert(new.into(), value);
    *table = whole.as_table().unwrap().clone();
}

#[test]
fn every_command_that_takes_a_configuration_refuses_it_before_it_writes_anything() {
    let folder = place("commands");
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("data"), folder.join("data")).unwrap();
    let mut table = sample();
    put(&mut table, "margin.forecast", "\"ghost\"");
    put(&mut table, "models.6.params", "{ states = 9 }");
    std::fs::write(folder.join("config.toml"), toml::to_string(&table).unwrap()).unwrap();
    let before = names(&folder);
    let commands: [&[&str]; 8] = [
        &["config", "check", "--config", "config.toml"],
        &["config", "show", "--config", "config.toml"],
        &["backtest", "--config", "config.toml", "--lake", "data/sample", "--out", "out"],
        &["train", "--config", "config.toml", "--lake", "data/sample", "--runs", "registry"],
        &["serve", "--config", "config.toml", "--lake", "data/sample"],
        &["config", "check", "--config", "data/configs/sample.toml", "--set", "margin.forecast=ghost"],
        &[
            "backtest",
            "--config",
            "data/configs/sample.toml",
            "--lake",
            "data/sample",
            "--out",
            "out",
            "--set",
            "margin.forecast=ghost",
        ],
        &[
            "train",
            "--config",
            "data/configs/sample.toml",
            "--lake",
            "data/sample",
            "--runs",
            "registry",
            "--set",
            "margin.forecast=ghost",
        ],
    ];
    for arguments in commands {
        let out = Command::new(env!("CARGO_BIN_EXE_margincast")).args(arguments).current_dir(&folder).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{arguments:?}\n{told}");
        assert!(told.contains("margin.forecast: there is no `ghost`"), "{arguments:?}\n{told}");
        assert_eq!(names(&folder), before, "{arguments:?} wrote");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
