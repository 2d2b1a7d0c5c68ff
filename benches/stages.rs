//! What each stage costs. Groups are named as the folders; every case checks a digest of its result,
//! so a number that is fast and wrong fails: `cargo bench`, or `cargo test --benches` for one quick
//! run of each.

mod feature;
mod forecast;
mod neural;
mod portfolio;
mod record;
mod serve;

fn main() {
    divan::main();
}
