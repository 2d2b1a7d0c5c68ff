use std::collections::BTreeMap;

use serde_json::Value;

use super::cell::text;
use super::section::{META, tables};
use super::{calibration, plot, render, verdict};
use crate::base::{Horizon, Span};
use crate::study::measure::declare::{Declaration, Format, ShownAs};
use crate::study::measure::forecast::coverage::QuantileCoverage;
use crate::study::measure::{MEASUREMENTS, Scores, schema};

mod evidence;
mod fixtures;
use super::pack::tests::unpacked;
use fixtures::{calibrated, scores, series};

/// The elements that print a number: pointer, full value, printed text.
fn printed(page: &str) -> Vec<(String, String, String)> {
    let unescape = |s: &str| {
        s.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
    };
    let mut out = Vec::new();
    for part in page.split(" data-key=\"").skip(1) {
        let (key, rest) = part.split_once("\" data-value=\"").unwrap();
        let (value, rest) = rest.split_once("\">").unwrap();
        let (text, _) = rest.split_once("</").unwrap();
        out.push((unescape(key), unescape(value), unescape(text)));
    }
    out
}

#[test]
fn every_printed_number_is_the_one_in_scores_json() {
    let scores = scores();
    let stored: Value = serde_json::from_str(&scores.to_json()).unwrap();
    let page = render(&scores, &series(50));
    let cells = printed(&page);
    assert!(cells.len() > 1_000, "{} cells", cells.len());
    for (key, value, text) in &cells {
        let want = stored.pointer(key).unwrap_or_else(|| panic!("{key} is not in scores.json"));
        let full: Value = serde_json::from_str(value).unwrap();
        assert_eq!(&full, want, "{key}");
        // ShownAs is visible says the same, to its last printed digit.
        let visible = text.replace([',', '%', ' '], "");
        if let (Some(number), Ok(shown)) = (want.as_f64(), visible.parse::<f64>()) {
            let scale = if text.ends_with('%') { 0.01 } else { 1.0 };
            let decimals = visible.split_once('.').map_or(0, |(_, d)| d.len());
            let half = 0.5 * scale * 0.1_f64.powi(decimals as i32);
            assert!((shown * scale - number).abs() <= half * (1.0 + 1e-9), "{key}: {text} for {number}");
        }
    }
}

#[test]
fn no_number_stands_in_a_table_without_its_key() {
    let page = render(&scores(), &series(50));
    for cell in page.split("<td").skip(1) {
        let (attributes, rest) = cell.split_once('>').unwrap();
        let (text, _) = rest.split_once("</td>").unwrap();
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        assert!(!digits || attributes.contains("data-key"), "<td{attributes}>{text}");
    }
}

#[test]
fn every_column_reads_a_key_that_exists() {
    let scores = serde_json::to_value(scores()).unwrap();
    for c in META {
        assert!(scores.pointer(&format!("/meta/{}", c.key)).is_some(), "{}", c.key);
    }
    for m in MEASUREMENTS {
        for shown in m.shown {
            let ShownAs::Table(table) = shown.what else { continue };
            let items = scores.pointer(&format!("{}{}", m.pointer, table.below)).and_then(Value::as_array);
            let items = items.unwrap_or_else(|| panic!("{}: the made-up study has none", m.pointer));
            let parts: &[&str] = if table.controls { &["/outcome", "/control"] } else { &[""] };
            for (key, part) in table.columns.iter().flat_map(|c| parts.iter().map(move |p| (c.key, p))) {
                let read = |item: &Value| item.pointer(&format!("{part}/{key}")).is_some();
                assert!(!items.is_empty() && items.iter().all(read), "{}{part}/{key}", m.pointer);
            }
            for head in table.heads {
                assert!(items.iter().all(|i| i.get(head).is_some()), "{}/{head}", m.pointer);
            }
        }
    }
}

#[test]
fn a_measurement_stands_once_in_the_scores_and_at_its_own_place_in_the_report() {
    let mut keys: Vec<&str> = MEASUREMENTS.iter().map(|m| m.pointer).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|w| w[0] != w[1]));
    let shown: Vec<_> =
        MEASUREMENTS.iter().flat_map(|m| m.shown).map(|s| (format!("{:?}", s.section), s.place)).collect();
    assert_eq!(shown.iter().collect::<std::collections::BTreeSet<_>>().len(), shown.len(), "{shown:?}");
    // Calibrations have a section of their own.
    let shown = |m: &Declaration| !m.shown.is_empty() || m.key == calibration::KEY;
    assert!(MEASUREMENTS.iter().all(shown), "what is measured is shown");
}

#[test]
fn the_shipped_schema_is_the_one_that_measurements_declare() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/schema/scores.schema.json");
    let (shipped, declared) = (std::fs::read_to_string(&path).unwrap(), schema::text());
    let differs = shipped.lines().zip(declared.lines()).find(|(a, b)| a != b);
    let mend = "write it anew: margincast config schema > data/schema/scores.schema.json";
    assert!(shipped == declared, "{differs:?}; {mend}");
}

/// Whether a value is as its schema says, as far as the words go that the schema of scores uses.
fn fits(value: &Value, schema: &Value, whole: &Value, at: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{at}: {what}: {value}"));
    if let Some(name) = schema["$ref"].as_str() {
        return fits(value, whole.pointer(name.trim_start_matches('#')).unwrap(), whole, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let found = any.iter().any(|s| fits(value, s, whole, at).is_ok());
        return if found { Ok(()) } else { wrong("none of anyOf") };
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return wrong("not one of the words");
    }
    let is = |kind: &Value| match kind.as_str() {
        Some("null") => value.is_null(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    };
    match &schema["type"] {
        Value::Null => {}
        Value::Array(kinds) if kinds.iter().any(is) => {}
        kind if is(kind) => {}
        _ => return wrong("another type"),
    }
    if let Some(number) = value.as_f64() {
        let below = schema["minimum"].as_f64().is_some_and(|least| number < least);
        let above = schema["maximum"].as_f64().is_some_and(|most| number > most);
        let not_above = schema["exclusiveMinimum"].as_f64().is_some_and(|least| number <= least);
        if below || above || not_above {
            return wrong("out of range");
        }
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(item, &schema["items"], whole, &format!("{at}/{i}"))?;
    }
    let Some(map) = value.as_object() else { return Ok(()) };
    if let Some(key) =
        schema["required"].as_array().into_iter().flatten().find(|k| !map.contains_key(k.as_str().unwrap()))
    {
        return wrong(&format!("no {key}"));
    }
    for (key, inner) in map {
        match schema["properties"].get(key) {
            Some(declared) => fits(inner, declared, whole, &format!("{at}/{key}"))?,
            None if schema["additionalProperties"] == Value::Bool(false) => {
                return wrong(&format!("{key} is not declared"));
            }
            None => {}
        }
    }
    Ok(())
}

#[test]
fn scores_are_as_their_schema_says_and_a_key_that_it_does_not_know_is_found() {
    let (mut scores, whole) = (serde_json::to_value(scores()).unwrap(), schema::schema());
    assert_eq!(fits(&scores, &whole, &whole, ""), Ok(()));
    scores["evidence"]["calls"][0]["more"] = Value::Null;
    assert!(fits(&scores, &whole, &whole, "").unwrap_err().contains("more is not declared"));
    scores["evidence"]["calls"][0] = Value::Null;
    assert!(fits(&scores, &whole, &whole, "").unwrap_err().contains("another type"));
}

#[test]
fn every_score_that_is_stored_is_shown() {
    let scores = serde_json::to_value(scores()).unwrap();
    let page = render(&self::scores(), &series(50));
    let shown: std::collections::BTreeSet<String> = printed(&page).into_iter().map(|c| c.0).collect();
    let mut leaves = Vec::new();
    collect("", &scores, &mut leaves);
    let heads = ["/schema"];
    for leaf in leaves {
        let whole = leaf.starts_with("/meta/symbols") || leaf.starts_with("/meta/horizons");
        // The frontier of a calibration is drawn point by point.
        let whole = whole || leaf.contains("/calibration/");
        // A short list is one cell.
        let list = leaf.rsplit_once('/').is_some_and(|(parent, _)| shown.contains(parent));
        assert!(
            whole || list || heads.contains(&leaf.as_str()) || shown.contains(&leaf),
            "{leaf} is not in the report"
        );
    }
}

fn collect(at: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| collect(&format!("{at}/{k}"), v, out)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| collect(&format!("{at}/{i}"), v, out)),
        _ => out.push(at.to_string()),
    }
}

#[test]
fn text_from_outside_stays_text() {
    let page = render(&scores(), &series(50));
    assert!(!page.contains("</script><b>") && !page.contains("<mix"), "markup got through");
    // Two blocks of data and one of code, each closed once.
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script>").count(), 3);
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = render(&scores(), &series(50));
    for word in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "https://", "//cdn"] {
        let found = page.matches(word).count();
        let fragment = if word == "url(" { page.matches("url(#").count() } else { 0 };
        assert_eq!(found, fragment, "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_page_holds_every_row_where_there_is_room_and_says_where_it_does_not() {
    let whole = plot::data(&series(5_000), plot::ROOM);
    assert_eq!(whole["whole"], true);
    for (packed, own) in whole["panes"].as_array().unwrap().iter().zip(&series(5_000).panes) {
        let back = unpacked(&packed["loss"]);
        assert_eq!(back.len(), own.ts.len());
        assert!(back.iter().zip(&own.loss).all(|(a, b)| (a - b).abs() < 1e-6));
        let (_, on) = &own.codes[0];
        let runs: Vec<usize> = serde_json::from_value(packed["codes"][0][1].clone()).unwrap();
        let flags: Vec<bool> = runs.iter().enumerate().flat_map(|(k, n)| vec![k % 2 == 1; *n]).collect();
        assert_eq!(&flags, on);
        let steps: Vec<[i64; 2]> = serde_json::from_value(packed["ts"].clone()).unwrap();
        assert_eq!(steps.iter().map(|s| s[1]).sum::<i64>(), 5_000, "times run in equal steps");
        assert!(steps.len() <= 2);
    }
    let long = series(60_000);
    let page = render(&scores(), &long);
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    let thinned = plot::data(&long, plot::ROOM);
    assert_eq!(thinned["whole"], false);
    assert!(thinned["note"].as_str().unwrap().contains("Every row is in"));
    for pane in thinned["panes"].as_array().unwrap() {
        let rows = pane["loss"]["n"].as_u64().unwrap() as usize;
        assert!((1_000..=3 * plot::POINTS_MAX).contains(&rows), "{rows} rows");
    }
}

#[test]
fn the_verdict_says_what_is_charged_what_it_buys_and_what_it_costs() {
    let scores = serde_json::to_value(scores()).unwrap();
    let said = verdict::plain(&scores);
    let unwrapped = said.replace("\n  ", " ");
    for words in [
        "Verdict, 1h ahead",
        "weight 0.60 of the forecast",
        "managed-total",
        "never below the baseline (lift-only)",
        "and rises by at most 20 % over any 1d, 60 % over any 5d; these bind what is before the schedule",
        "It buys: it leaves 30.0 % less uncovered",
        "DM t -2.5",
        "better on 1 of 2 instruments, not on ETHUSDT",
        "It does not pay: it leaves 1.100 times",
        "larger over 5 and 20 rows",
        "times a day.",
    ] {
        assert!(unwrapped.contains(words), "{words}: {unwrapped}");
    }
    assert!(said.lines().all(|l| l.chars().count() <= 110), "{said}");
    let mut unsure = scores.clone();
    for line in unsure["evidence"]["controls"].as_array_mut().unwrap() {
        line["dm_t"] = (-1.2).into();
    }
    assert!(verdict::plain(&unsure).contains("it may be chance"));
    unsure["evidence"]["controls"] = Value::Array(vec![]);
    assert_eq!(verdict::plain(&unsure), "", "nothing published, nothing said");
    assert!(render(&self::scores(), &series(50)).find("It buys").unwrap() < 60_000, "the page opens with it");
}

#[test]
fn a_calibration_is_shown_origin_by_origin_and_the_verdict_speaks_of_the_last_choice() {
    let mut scores = serde_json::to_value(scores()).unwrap();
    assert!(calibration::html(&serde_json::json!({})).contains("not calibrated"), "absent: said");
    scores["evidence"]["calibration"] = Value::Array(vec![calibrated()]);
    scores["calibration"] = scores["evidence"]["calibration"].clone();
    let page = calibration::html(&scores);
    let cells = printed(&page);
    for (key, value, _) in &cells {
        assert_eq!(scores.pointer(key).unwrap_or(&Value::Null).to_string(), *value, "{key}");
    }
    let shown = |end: &str, text: &str| cells.iter().any(|c| c.0.ends_with(end) && c.2 == text);
    for (end, text) in [
        ("stretches/0/known_ratio", "0.710"),
        ("stretches/1/ratio", "0.830"),
        ("stretches/1/moved", "weight"),
        ("stretches/1/policy/budget_five_days", "40 %"),
        ("stretches/1/policy/budget_day", "–"),
        ("chosen/policy/weight", "0.90"),
        ("walk_forward/out_of_sample/dm_t", "-2.20"),
    ] {
        assert!(shown(end, text), "{end} {text}");
    }
    assert!(!verdict::plain(&scores).contains("chosen anew"), "shown, and not charged");
    for charged in scores["evidence"]["charged"].as_array_mut().unwrap() {
        charged["chosen"] = true.into();
    }
    let said = verdict::plain(&scores).replace("\n  ", " ");
    assert!(said.contains("weight 0.75 of the forecast") && said.contains("40 % over any 5d."), "{said}");
    assert!(said.contains("chosen anew"), "{said}");
}

#[test]
fn codes_and_columns_are_explained_where_they_stand() {
    let page = render(&scores(), &series(50));
    for reason in crate::margin::Reason::ALL {
        assert!(page.contains(&format!("<dt><code>{}</code></dt>", reason.code())), "{reason:?}");
    }
    assert!(page.contains("title=\"The upward step limit bound.\""), "a code on its cell");
    let tables = page.matches("<table class=\"sortable\"").count();
    assert_eq!(page.matches("<summary>What the columns say").count(), tables, "below each table");
}

#[test]
fn thinning_keeps_the_extremes_and_the_order() {
    let mut values: Vec<f64> = (0..10_000).map(|i| f64::from(i % 97)).collect();
    values[1_234] = -5.0;
    values[7_777] = 1e6;
    let kept = plot::thin(&values, values.len(), 500);
    assert!(kept.len() <= 500 && kept.contains(&1_234) && kept.contains(&7_777));
    assert!(kept.windows(2).all(|w| w[0] < w[1]));
    assert_eq!(plot::thin(&values[..400], 400, 500), (0..400).collect::<Vec<_>>());
}

#[test]
fn the_exact_interval_is_clopper_pearson() {
    // scipy 1.17.1: scipy.stats.binomtest(5, 250).proportion_ci(method="exact"), and (10, 1000).
    let h = Horizon(Span::DAY);
    let c = QuantileCoverage::of("m", h, "ALL", 0.01, 5, 250);
    assert!((c.low - 0.006_528).abs() < 1e-5 && (c.high - 0.046_052).abs() < 1e-5, "{c:?}");
    let c = QuantileCoverage::of("m", h, "ALL", 0.01, 10, 1000);
    assert!((c.low - 0.004_805).abs() < 1e-5 && (c.high - 0.018_313).abs() < 1e-5, "{c:?}");
    let (none, all) =
        (QuantileCoverage::of("m", h, "ALL", 0.01, 0, 9), QuantileCoverage::of("m", h, "ALL", 0.01, 9, 9));
    assert_eq!((none.low, all.high), (0.0, 1.0));
}

#[test]
fn numbers_are_written_for_people() {
    let show = |v: f64, kind| text(&serde_json::json!(v), kind);
    assert_eq!(show(1_234_567.0, Format::Count), "1,234,567");
    assert_eq!(show(-12.0, Format::Count), "-12");
    assert_eq!(show(-0.000_01, Format::Fixed(3)), "0.000");
    assert_eq!(show(0.0123, Format::Percent(2)), "1.23 %");
    assert_eq!(show(0.0004, Format::PValue), "<0.001");
    assert_eq!(text(&Value::Null, Format::Fixed(2)), "–");
}

#[test]
fn scores_survive_their_stored_form() {
    let scores = scores();
    let back: Scores = serde_json::from_str(&scores.to_json()).unwrap();
    assert_eq!(back, scores);
}

#[test]
fn definitions_are_complete_and_once_per_heading() {
    for (name, columns) in tables() {
        let mut seen = BTreeMap::new();
        for c in columns {
            assert!(c.about.len() > 15 && c.about.ends_with('.'), "{name}: {}", c.head);
            assert!(seen.insert(c.head, ()).is_none(), "{name}: {} twice", c.head);
        }
    }
}

/// The page that the browser test opens beside the demo's: hostile names, many points.
#[test]
fn the_made_up_page_is_written_for_the_browser_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report");
    std::fs::create_dir_all(&folder).unwrap();
    let scores = scores();
    std::fs::write(folder.join("scores.json"), scores.to_json()).unwrap();
    std::fs::write(folder.join("report.html"), render(&scores, &series(5_000))).unwrap();
}
