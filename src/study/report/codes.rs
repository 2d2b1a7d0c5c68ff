//! What codes say: reasons and states of decisions, in the words of their documentation.

use crate::margin::{Reason, State};
use crate::study::measure::lines::STRESS_FLAG;

/// What a code says; `None` of other text.
pub fn about(code: &str) -> Option<&'static str> {
    let reason = Reason::ALL.iter().find(|r| r.code() == code).map(|r| r.about());
    let state = || State::ALL.iter().find(|s| s.code() == code).map(|s| s.about());
    let flag = || {
        (code == STRESS_FLAG).then_some("The flag of the stressed regime is up; it goes up and down with hysteresis.")
    };
    reason.or_else(state).or_else(flag)
}

/// Every code with what it says, as a list of the page.
pub fn legend() -> String {
    let reasons = Reason::ALL.iter().map(|r| (r.code(), r.about()));
    let states = State::ALL.iter().map(|s| (s.code(), s.about()));
    let flag = about(STRESS_FLAG).map(|about| (STRESS_FLAG.to_string(), about));
    let item = |(code, about): (String, &str)| {
        format!("<dt><code>{code}</code></dt><dd>{}</dd>\n", super::cell::escape(about))
    };
    let items: String = reasons.chain(states).chain(flag).map(item).collect();
    format!(
        "<details class=\"columns\"><summary>What the codes say: reasons and states of a decision</summary>\n\
         <dl class=\"definitions\">\n{items}</dl></details>\n"
    )
}
