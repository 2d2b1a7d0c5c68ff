//! Families of the inputs of pooled models: what an ablation leaves out at once.

use super::standardised::names;

/// The families there are.
pub const FAMILIES: [&str; 10] =
    ["variance", "season", "returns", "jumps", "volume", "flow", "calendar", "market", "derivatives", "regime"];

/// The family of an input, from its name.
pub fn family(input: &str) -> &'static str {
    let starts = |words: &[&str]| words.iter().any(|w| input.starts_with(w));
    match () {
        () if starts(&["market_", "leader_"]) => "market",
        () if starts(&["funding", "interest_", "open_interest", "implied_"]) => "derivatives",
        () if starts(&["p_", "regime", "run_length", "change_prob"]) => "regime",
        () if starts(&["season", "deseason", "rv_same_slot"]) => "season",
        () if input == "ret" || starts(&["ret_"]) => "returns",
        () if starts(&["jump", "semivariance", "quarticity", "max_share", "signed_jump"]) => "jumps",
        () if starts(&["volume", "trades", "mean_trade", "amihud"]) => "volume",
        () if starts(&["imbalance", "abs_imbalance", "kyle", "roll", "vpin", "signed_"]) => "flow",
        () if starts(&["weekend", "monday", "hour_", "weekday"]) => "calendar",
        () => "variance",
    }
}

/// Every input of pooled models with its family, in order.
pub fn inputs() -> Vec<(&'static str, &'static str)> {
    names().map(|name| (name, family(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_has_a_family_and_what_is_called_a_variance_is_one() {
        for (name, family) in inputs() {
            assert!(FAMILIES.contains(&family));
            let named = ["rv", "garman_klass", "rogers_satchell"].iter().any(|w| name.starts_with(w));
            assert!(family != "variance" || named, "{name}: which family is it of?");
        }
        for (name, family) in
            [("imbalance", "flow"), ("rv_same_slot", "season"), ("leader_ret", "market"), ("regime_rows", "regime")]
        {
            assert_eq!(inputs().iter().find(|i| i.0 == name).map(|i| i.1), Some(family));
        }
    }
}
