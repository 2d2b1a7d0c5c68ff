//! One cell of a column: as a number, an instant, a text or a side.

use std::borrow::Cow;

use super::map::SideRule;
use crate::base::Ts;
use crate::base::table::Column;
use crate::event::venue::clock::Clock;
use crate::event::venue::field::{boolean, float};

/// +1 where the buyer was the aggressor, -1 the seller, 0 unknown.
pub fn aggressor(side: SideRule, column: &Column, i: usize) -> Result<i8, String> {
    let named = || match text(column, i).to_lowercase().as_str() {
        "buy" | "b" | "bid" => Ok(1),
        "sell" | "s" | "ask" | "a" => Ok(-1),
        "" | "unknown" | "none" | "n" => Ok(0),
        other => Err(format!("`{other}` is no side; want buy or sell, b or s, bid or ask, or unknown")),
    };
    match side {
        SideRule::Taker => named(),
        SideRule::Maker => named().map(|s: i8| -s),
        SideRule::BuyerMaker => match column {
            Column::Bool(v) => Ok(v[i].map_or(0, |maker| if maker { -1 } else { 1 })),
            other => boolean(text(other, i).as_bytes()).map(|maker| if maker { -1 } else { 1 }),
        },
        SideRule::Sign => number(column, i).map(|n| if n > 0.0 { 1 } else { -i8::from(n < 0.0) }),
    }
}

/// A cell as a number; absence is NaN.
pub fn number(column: &Column, i: usize) -> Result<f64, String> {
    match column {
        Column::Float(v) => Ok(v[i]),
        Column::Int(v) => Ok(v[i].map_or(f64::NAN, |n| n as f64)),
        Column::Text(v) => float(v[i].as_deref().unwrap_or("").as_bytes()),
        other => Err(format!("is {}, and a number is needed", other.kind())),
    }
}

/// A cell as an instant.
pub fn instant(column: &Column, i: usize, clock: &mut Clock) -> Result<Ts, String> {
    match column {
        Column::Time(v) => match v[i] {
            Some(ns) => Ok(clock.instant(ns)),
            None => Err("is absent".into()),
        },
        Column::Int(v) => clock.count(v[i].ok_or("is absent")?),
        Column::Text(v) => clock.read(v[i].as_deref().ok_or("is absent")?.as_bytes()),
        other => {
            Err(format!("is {}; want a timestamp, a whole number or text, so that no digit is lost", other.kind()))
        }
    }
}

/// A cell as text; absence is empty.
pub fn text(column: &Column, i: usize) -> Cow<'_, str> {
    match column {
        Column::Text(v) => Cow::Borrowed(v[i].as_deref().unwrap_or("")),
        Column::Int(v) => Cow::Owned(v[i].map(|n| n.to_string()).unwrap_or_default()),
        Column::Bool(v) => Cow::Owned(v[i].map(|b| b.to_string()).unwrap_or_default()),
        Column::Float(v) => Cow::Owned(if v[i].is_nan() { String::new() } else { v[i].to_string() }),
        Column::Time(_) | Column::TextList(_) => Cow::Borrowed(""),
    }
}
