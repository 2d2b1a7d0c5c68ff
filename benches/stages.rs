//! What each stage costs. Groups are named as the folders; every case checks a digest of its result,
//! so a number that is fast and wrong fails: `cargo bench`, or `cargo test --benches` for one quick
//! run of each.
//! What each stage costs. Every case checks a digest of its result, so a number that is fast and
//! wrong fails: `cargo bench`, or `cargo test --benches` for one quick run of each.

mod feature;
mod forecast;
mod neural;

mod feature;
mod forecast;

fn main() {
    divan::main();
}
