use std::path::Path;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn sample(rows: usize) -> Table {
    let gap = |i: usize| i % 7 == 3;
    let n = rows as i64;
    Table::new([
        ("ts", Column::Time((0..n).map(|i| Some(1_500_000_000_000_000_001 + i)).collect())),
        ("x", Column::Float((0..rows).map(|i| if gap(i) { f64::NAN } else { 0.1 * i as f64 }).collect())),
        ("n", Column::Int((0..rows).map(|i| (!gap(i)).then_some(i as i64 - 5)).collect())),
        ("who", Column::Text((0..rows).map(|i| (!gap(i)).then(|| format!("s{}", i % 5))).collect())),
        ("why", Column::TextList((0..rows).map(|i| vec!["a".to_string(); i % 3]).collect())),
        ("ok", Column::Bool((0..rows).map(|i| (!gap(i)).then_some(i % 2 == 0)).collect())),
    ])
}

#[test]
fn what_is_written_is_read_back() {
    let held = folder();
    let dir = held.path();
    for rows in [0, 1, 1000, 300_000] {
        let (path, table) = (dir.join(format!("{rows}.parquet")), sample(rows));
        table.write(&path).unwrap();
        let back = Table::read(&path).unwrap();
        // NaN is not equal to itself, so floats are compared as bits.
        let bits = |t: &Table| t.floats("x").unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&table));
        for name in ["ts", "n", "who", "why", "ok"] {
            assert_eq!(back.column(name).unwrap(), table.column(name).unwrap(), "{rows} {name}");
        }
        let some = Table::read_columns(&path, &["n", "ts"]).unwrap();
        assert_eq!(some.columns.iter().map(|c| c.0.as_str()).collect::<Vec<_>>(), ["ts", "n"]);
        let batches: Vec<Table> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(Table::rows).sum::<usize>(), rows);
        assert!(batches.iter().all(|b| b.rows() <= 128 * 1024));
    }
    assert!(std::fs::read_dir(dir).unwrap().all(|f| f.unwrap().path().extension().unwrap() == "parquet"));
}

#[test]
fn errors_name_file_column_and_what_there_is() {
    let held = folder();
    let dir = held.path();
    let path = dir.join("t.parquet");
    sample(10).write(&path).unwrap();
    let table = Table::read(&path).unwrap();
    let text = table.floats("y").unwrap_err().to_string();
    assert!(text.contains("t.parquet") && text.contains("`y`") && text.contains("who (text)"), "{text}");
    let text = table.floats("who").unwrap_err().to_string();
    assert!(text.contains("is text, and float is needed"), "{text}");
    assert!(Table::read_columns(&path, &["y"]).unwrap_err().to_string().contains("missing"));
    assert!(Table::read(&dir.join("none.parquet")).is_err());
    std::fs::write(dir.join("half.parquet"), &std::fs::read(&path).unwrap()[..200]).unwrap();
    assert!(Table::read(&dir.join("half.parquet")).is_err());
    let uneven = Table::new([("a", Column::Int(vec![])), ("b", Column::Int(vec![Some(1)]))]);
    assert!(uneven.write(&dir.join("u.parquet")).unwrap_err().to_string().contains("`b`"));
}

#[test]
fn trade_groups_give_what_was_written() {
    let held = folder();
    let dir = held.path();
    let path = dir.join("t.parquet");
    let n = 200_000_i64;
    let columns = TradeColumns {
        ts_event: (0..n).collect(),
        ts_known: (1..=n).collect(),
        trade_id: (0..n)
            .map(|i| match i % 10 {
                9 => TradeId::NONE,
                8 => TradeId::of(&format!("0{i}-x")),
                _ => TradeId::of(&i.to_string()),
            })
            .collect(),
        price: (0..n).map(|i| 100.0 + i as f64).collect(),
        qty: (0..n).map(|i| 0.5 * i as f64).collect(),
        quote_qty: vec![1.0; n as usize],
        aggressor: (0..n).map(|i| (i % 3 - 1) as i8).collect(),
        n_trades: vec![1; n as usize],
        flags: vec![0; n as usize],
        src: vec![u32::MAX; n as usize],
    };
    columns.clone().write(&path).unwrap();
    let file = TradeFile::open(&path, TradeNames::default()).unwrap();
    assert_eq!((file.rows(), file.groups()), (200_000, 2));
    let groups: Vec<TradeGroup> = (0..2).map(|i| file.group(i).unwrap()).collect();
    assert_eq!(groups.iter().flat_map(|g| g.ts().to_vec()).collect::<Vec<_>>(), columns.ts_known);
    assert_eq!(groups.iter().flat_map(|g| g.price().to_vec()).collect::<Vec<_>>(), columns.price);
    assert_eq!(groups.iter().flat_map(|g| g.aggressor().to_vec()).collect::<Vec<_>>(), columns.aggressor);
    assert_eq!(groups[1].symbols(), [""]);
    assert_eq!(groups[1].symbol_codes().len(), groups[1].len());
    let table = Table::read(&path).unwrap();
    assert_eq!(table.texts("trade_id").unwrap()[7..10], [Some("7".to_string()), Some("08-x".to_string()), None]);
    assert_eq!(TradeColumns::read(&path).unwrap(), columns);
    assert_eq!(table.ints("src").unwrap()[0], Some(i64::from(u32::MAX)));
    assert!(TradeFile::open(&path, TradeNames { qty: "src", ..Default::default() }).is_err());
    // Any table with a text symbol and times in another unit will do.
    let names = TradeNames { symbol: Some("trade_id"), ..Default::default() };
    columns_with_symbols(&dir.join("s.parquet"), names);
}

fn columns_with_symbols(path: &Path, names: TradeNames<'_>) {
    let columns = TradeColumns {
        ts_event: vec![1, 2, 3],
        ts_known: vec![1, 2, 3],
        trade_id: vec![TradeId::Number(7), TradeId::Number(8), TradeId::Number(7)],
        price: vec![1.0; 3],
        qty: vec![1.0; 3],
        quote_qty: vec![1.0; 3],
        aggressor: vec![1, -1, 0],
        n_trades: vec![1; 3],
        flags: vec![0; 3],
        src: vec![0; 3],
    };
    columns.write(path).unwrap();
    let group = TradeFile::open(path, names).unwrap().group(0).unwrap();
    let named: Vec<&str> = group.symbol_codes().iter().map(|c| group.symbols()[*c as usize]).collect();
    assert_eq!(named, ["7", "8", "7"]);
}

#[test]
fn what_is_said_of_columns_is_in_the_file_and_a_column_of_which_nothing_is_said_is_refused() {
    let held = folder();
    let path = held.path().join("t.parquet");
    let notes = ["ts", "x", "n", "who", "why", "ok"].map(|n| ColumnNote::new(n, "a unit", &format!("What {n} is.")));
    sample(5).write_with_notes(&path, &notes).unwrap();
    assert_eq!(ColumnNote::read(&path).unwrap(), notes);
    assert_eq!(Table::read(&path).unwrap().rows(), 5);
    let bytes = std::fs::read(&path).unwrap();
    for _ in 0..8 {
        sample(5).write_with_notes(&path, &notes).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same notes, the same bytes");
    }
    let said = sample(5).write_with_notes(&path, &notes[1..]).unwrap_err().to_string();
    assert!(said.contains("`ts`") && said.contains("description"), "{said}");
    sample(5).write(&path).unwrap();
    assert_eq!(ColumnNote::read(&path).unwrap(), []);
}
