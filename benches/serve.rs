//! From publications to bytes.

use std::collections::BTreeMap;

use divan::Bencher;
use divan::counter::ItemsCount;
use margincast::base::Digest;
use margincast::record::Publication;
use margincast::record::ledger::text::from_iso;
use margincast::serve::api::render::{RowText, body};

use crate::record::{decisions, publications};

/// One row's JSON, rendered once per publication.
#[divan::bench]
fn render_row(bencher: Bencher<'_, '_>) {
    let all = publications(&decisions(1));
    let render = |p: Publication| RowText::of(&p).text;
    assert_eq!(Digest::of(render(all[0].clone()).as_bytes()).short(), "425d303b08ce");
    bencher.with_inputs(|| all[0].clone()).bench_values(render);
}

/// The snapshot of 200 instruments, joined from rendered rows at each publication.
#[divan::bench]
fn render_snapshot(bencher: Bencher<'_, '_>) {
    let all = publications(&decisions(200));
    let key = |p: &Publication| (p.symbol, from_iso(&p.horizon).unwrap_or_default());
    let rows: BTreeMap<_, RowText> = all.into_iter().map(|p| (key(&p), RowText::of(&p))).collect();
    let render = || body(200, &rows, |_| true);
    assert_eq!(Digest::of(&render().bytes).short(), "f109be3456fd");
    bencher.counter(ItemsCount::new(200usize)).bench(render);
}
