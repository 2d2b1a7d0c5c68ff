//! How long each stage takes. Groups are named as the folders; every case checks a digest of its
//! result, so a benchmark that stops doing its work fails.

mod forecast;
//! What each stage costs. Every case checks a digest of its result, so a number that is fast and
//! wrong fails: `cargo bench`, or `cargo test --benches` for one quick run of each.

mod feature;

fn main() {
    divan::main();
}
