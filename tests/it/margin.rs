//! `margincast margin` on files of each kind, and what it prints.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use margincast::base::table::{Column, Table};
use serde_json::Value;

fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("margin").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_margincast"));
    command.arg("margin").args(arguments).current_dir(folder).output().expect("the program starts")
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Two perpetuals over five given scenarios.
fn perps(name: &str) -> PathBuf {
    let folder = place(name);
    let scenarios = "scenario,BTC,ETH,BTC.iv\n2020-03-12,-0.39,-0.44,0.9\ncalm,0.01,0.0,0\nrally,0.1,0.16,-0.1\n\
                     dip,-0.05,-0.04,0.1\nflat,0,0,0\n";
    std::fs::write(folder.join("scenarios.csv"), scenarios).expect("written");
    let rows = "position,underlying,quantity,price\nBTC-PERP,BTC,2,50000\nETH-PERP,ETH,-10,3000\n";
    std::fs::write(folder.join("positions.csv"), rows).expect("written");
    folder
}

fn json(folder: &Path, positions: &str, more: &[&str]) -> Value {
    let base = ["--positions", positions, "--scenarios", "scenarios.csv", "--json"];
    let out = run(folder, &[&base, more].concat());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[test]
fn two_perpetuals_by_hand() {
    let folder = perps("by_hand");
    let statement = &json(&folder, "positions.csv", &[])[0];
    // With five scenarios the worst one is the tail: 39 % of 100,000, and 16 % of 30,000.
    assert_eq!(statement["gross_cents"], 3_900_000 + 480_000);
    // Together -39,000 + 13,200; short of that the hedge counts half under stressed correlation.
    let net = statement["parts_cents"]["net"].as_i64().expect("cents");
    assert_eq!(statement["binding"], "stressed_correlation");
    assert!((2_580_000..3_900_000).contains(&net), "{net}");
    assert_eq!(statement["worst"][0]["scenario"], "2020-03-12T00:00:00Z");
    assert_eq!(statement["worst"][0]["loss_cents"], 2_580_000);
    assert!(statement["notes"][0].as_str().expect("a note").contains("5 scenarios"));
    let lifted = &json(&folder, "positions.csv", &["--multiplier", "1.5"])[0];
    let extra = lifted["parts_cents"]["multiplier"].as_i64().expect("cents");
    assert!((extra - net / 2).abs() <= 2, "{extra} of {net}");
}

#[test]
fn csv_json_and_parquet_say_the_same() {
    let folder = perps("formats");
    let rows = serde_json::json!([
        {"position": "BTC-PERP", "underlying": "BTC", "quantity": 2, "price": 50000},
        {"position": "ETH-PERP", "underlying": "ETH", "quantity": -10, "price": 3000},
    ]);
    std::fs::write(folder.join("positions.json"), rows.to_string()).expect("written");
    let texts = |v: [&str; 2]| Column::Text(v.iter().map(|t| Some((*t).to_string())).collect());
    let table = Table::new([
        ("position", texts(["BTC-PERP", "ETH-PERP"])),
        ("underlying", texts(["BTC", "ETH"])),
        ("quantity", Column::Float(vec![2.0, -10.0])),
        ("price", Column::Float(vec![50_000.0, 3000.0])),
    ]);
    table.write(&folder.join("positions.parquet")).expect("written");
    let want = json(&folder, "positions.csv", &[]);
    assert_eq!(json(&folder, "positions.json", &[]), want);
    assert_eq!(json(&folder, "positions.parquet", &[]), want);
}

#[test]
fn what_cannot_be_margined_is_named() {
    let folder = perps("refused");
    for (name, rows, want) in [
        ("negative.csv", "position,underlying,quantity,price\na,BTC,1,-5\n", "`a`: the price of its underlying"),
        ("unknown.csv", "position,underlying,quantity,price\na,XRP,1,5\n", "XRP has no price history"),
        ("option.csv", "position,underlying,quantity,price,kind\na,BTC,1,5,call\n", "`expiry_days` is absent"),
        ("column.csv", "position,underlying,quantity,prize\na,BTC,1,5\n", "prize"),
        ("positions.txt", "", "want a file that ends in"),
        ("nothing.csv", "", "nothing.csv: there are no positions"),
        ("none.csv", "position,underlying,quantity,price\n", "none.csv: there are no positions"),
        ("none.json", "[]", "none.json: there are no positions"),
        ("nan.csv", "position,underlying,quantity,price\na,BTC,NaN,5\n", "`a`: the quantity is no number"),
        ("huge.csv", "position,underlying,quantity,price\na,BTC,1e308,5\n", "`a`: it is worth more than 1e13"),
        (
            "sum.csv",
            "position,underlying,quantity,price\na,BTC,9e12,1\na,BTC,9e12,1\n",
            "`a`: it is worth more than 1e13",
        ),
        ("name.csv", "position,underlying,quantity,price\n,BTC,1,5\n", "it has no name"),
        ("price.csv", "position,underlying,quantity\na,BTC,1\n", "`price` is absent, and there is no last one of BTC"),
        (
            "expired.csv",
            "position,underlying,quantity,price,kind,strike,iv,expiry_days\na,BTC,1,5,call,5,0.5,-1\n",
            "leave out what has expired",
        ),
    ] {
        std::fs::write(folder.join(name), rows).expect("written");
        let out = run(&folder, &["--positions", name, "--scenarios", "scenarios.csv"]);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{name}");
        assert!(said(&out.stderr).contains(want), "{name}: {}", said(&out.stderr));
    }
    let out = run(&folder, &["--positions", "absent.csv", "--scenarios", "scenarios.csv"]);
    assert!(out.status.code() == Some(2) && said(&out.stderr).contains("absent.csv"), "{}", said(&out.stderr));
    let column = |name| (name, Column::Text(vec![Some("BTC".to_string())]));
    let number = |name, x| (name, Column::Float(vec![x]));
    let slip =
        [column("position"), column("underlying"), number("quantity", 1.0), number("price", 5.0), number("gama", 1.0)];
    Table::new(slip).write(&folder.join("slip.parquet")).expect("written");
    let out = run(&folder, &["--positions", "slip.parquet", "--scenarios", "scenarios.csv"]);
    assert!(
        out.status.code() == Some(2) && said(&out.stderr).contains("unknown column `gama`"),
        "{}",
        said(&out.stderr)
    );
    std::fs::write(folder.join("twice.csv"), "scenario,BTC,BTC\na,0.1,0.2\n").expect("written");
    let out = run(&folder, &["--positions", "positions.csv", "--scenarios", "twice.csv"]);
    assert!(said(&out.stderr).contains("two columns `BTC`"), "{}", said(&out.stderr));
}

#[test]
fn settings_that_cannot_be_are_named_with_their_file() {
    let folder = perps("settings");
    let collateral = "asset = \"USDT\"\nprices = [1.0]\n";
    for (text, want) in [
        ("scenarios = 0", "`scenarios` is 0; want 1 or more"),
        ("multiplier = 4", "`multiplier` is 4; want 1 to 3"),
        ("[haircut]\nz = -2", "haircut: `z` is -2"),
        ("[haircut]\nmpor_days = -2", "haircut: `mpor_days` is -2"),
        ("[fee]\nbase = nan", "fee: `base` is NaN"),
        ("[[episodes]]\nname = \"x\"\nfrom = \"2020-03-14\"\nuntil = \"2020-03-12\"", "episode `x` ends at"),
        (&format!("[[collateral.all]]\namount = -1.0\nsigma_daily = 0.1\n{collateral}"), "USDT: `amount` is -1"),
        (&format!("[[collateral.all]]\namount = 1.0\nsigma_daily = -0.1\n{collateral}"), "USDT: `sigma_daily` is -0.1"),
    ] {
        std::fs::write(folder.join("settings.toml"), text).expect("written");
        let more = ["--scenarios", "scenarios.csv", "--config", "settings.toml"];
        let out = run(&folder, &[&["--positions", "positions.csv"], &more[..]].concat());
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{text}");
        assert!(said(&out.stderr).contains(want), "{text}: {}", said(&out.stderr));
        let of_settings = !text.contains("collateral");
        assert!(!of_settings || said(&out.stderr).contains("settings.toml"), "{}", said(&out.stderr));
    }
}

#[test]
fn help_names_every_column_and_what_a_scenario_is() {
    let out = run(Path::new(env!("CARGO_MANIFEST_DIR")), &["--help"]);
    let text = said(&out.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for want in [
        "position its name",
        "underlying",
        "expiry_days",
        "vega",
        "SYMBOL.iv",
        "Exit code 1",
        "data/margin/settings.toml",
    ] {
        assert!(text.contains(want), "{want} is not in\n{text}");
    }
}

/// The example that `--help` ends with, as JSON and as text.
#[test]
fn the_example_accounts_are_explained_to_the_cent() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base =
        ["--positions", "data/margin/positions.csv", "--config", "data/margin/settings.toml", "--lake", "data/sample"];
    let out = run(root, &[&base[..], &["--json"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out.stderr));
    let statements: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let of = |account: &str| {
        let all = statements.as_array().expect("a list");
        all.iter().find(|s| s["account"] == account).expect("the account").clone()
    };
    for account in ["options", "basis", "directional"] {
        let s = of(account);
        let sum: i64 =
            s["positions"].as_array().expect("lines").iter().map(|p| p["total_cents"].as_i64().expect("cents")).sum();
        assert_eq!(Some(sum), s["initial_cents"].as_i64(), "{account}");
        assert!(s["initial_cents"].as_i64().expect("cents") > 0);
        let episodes = s["stress"]["episodes"].as_array().expect("a list");
        let names: Vec<&str> = episodes.iter().filter_map(|e| e["name"].as_str()).collect();
        assert_eq!(names.len(), 6, "{names:?}");
    }
    let long = of("directional");
    // A long of 525,000: the crash of 2020-03-12 is among the worst, and half of the loss is not hedged away.
    assert_eq!(long["gross_cents"], long["parts_cents"]["net"]);
    let crash = &long["stress"]["episodes"][1];
    assert!(crash["pnl"].as_f64().expect("a number") < -0.3 * 525_000.0, "{crash}");
    assert_eq!(of("basis")["binding"], "offset_cap");
    assert!(of("options")["option_grid"][0]["loss"].as_f64().expect("a number") > 0.0);
    let out = run(root, &base);
    let text = said(&out.stdout);
    for want in [
        "99 % expected shortfall over 1d",
        "scaled to today's volatility",
        "80 % of gross at most",
        "quote currency",
        "80 % of initial margin",
        "total is negative hedges",
    ] {
        assert!(text.contains(want), "{want} is not in\n{text}");
    }
    for want in ["Account basis", "less diversification", "+ option shocks", "worst scenario", "haircut", "2020-03-1"] {
        assert!(text.contains(want), "{want} is not in\n{text}");
    }
    // What is not known yet is not used.
    let early = run(root, &[&base[..], &["--json", "--as-of", "2020-01-01"]].concat());
    let early: Value = serde_json::from_slice(&early.stdout).expect("JSON");
    assert!(early[0]["last"].as_str().expect("a date") < "2020-01-01T00:00:01Z", "{}", early[0]["last"]);
}
