//! How long each stage takes. Groups are named as the folders; every case checks a digest of its
//! result, so a benchmark that stops doing its work fails.

mod forecast;

fn main() {
    divan::main();
}
