//! What a measurement declares: its numbers, their schema, and how the report shows them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::material::Material;
use crate::study::Error;

/// One measurement of a study. Implemented on the type of its lines, or on an empty type that stands for it.
pub trait Measurement {
    /// What is stored under its key of `scores.json`; as a rule lines.
    type Found: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Default + PartialEq;
    /// Whether its key is left out where nothing was found.
    const OPTIONAL: bool = false;
    /// How the report shows it, each column with its definition.
    const SHOWN: &'static [Shown];
    /// Measures.
    ///
    /// # Errors
    /// What was forecast cannot be scored, or a walk that it needs cannot be made.
    fn measure(of: &Material<'_>) -> Result<Self::Found, Error>;
    /// JSON schema of [`Measurement::Found`].
    fn schema() -> Value;
}

/// A measurement as the report and the schema know it.
pub struct Declaration {
    /// Key in `scores.json`.
    pub key: &'static str,
    /// Pointer to what was found.
    pub pointer: &'static str,
    /// Whether the key may be absent.
    pub optional: bool,
    /// JSON schema of what was found.
    pub schema: fn() -> Value,
    /// How it is shown.
    pub shown: &'static [Shown],
}

/// Sections of the report that show measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The report names them.
pub enum Section {
    Verdict,
    Summary,
    Scoreboard,
    Regimes,
    Coverage,
    Outcome,
    Cost,
    Backtests,
    Calls,
    Guardrails,
    Evidence,
}

/// One thing that the report shows of a measurement, and where.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// In which section.
    pub section: Section,
    /// Where in it, smallest first.
    pub place: u8,
    /// How.
    pub what: ShownAs,
}

/// How something is shown.
#[derive(Clone, Copy, Debug)]
pub enum ShownAs {
    /// As a table.
    Table(ReportTable),
    /// Single values of one object, where there is one: its keys.
    Facts(&'static [&'static str]),
    /// Every value of every item, each item folded away under a title: text, and keys after a `/`.
    Folded(&'static [&'static str]),
    /// A list of texts under a heading, where there are any.
    Texts(&'static str),
}

/// A table: one row for each item of an array.
#[derive(Clone, Copy, Debug)]
pub struct ReportTable {
    /// Says what it shows.
    pub caption: &'static str,
    /// Keys that head each row.
    pub heads: &'static [&'static str],
    /// The columns after them.
    pub columns: &'static [ReportColumn],
    /// Heading of the columns' definitions; empty where another table has these columns and defines them.
    pub name: &'static str,
    /// Path of the array below what was found.
    pub below: &'static str,
    /// Only the items whose key has this value.
    pub only: Option<(&'static str, &'static str)>,
    /// Rows with one value of this key compete for the mark of the best; empty: all.
    pub group: &'static str,
    /// Heading above it.
    pub heading: &'static str,
    /// Folded away under this summary.
    pub folded: &'static str,
    /// Whether nothing at all is shown where there is no row.
    pub hidden: bool,
    /// Whether its rows belong to no horizon of the study and are shown with any.
    pub any_horizon: bool,
    /// Whether each row is an `outcome` with its `control` below it.
    pub controls: bool,
}

/// How a number is written. The full number stays beside it in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As it is.
    Text,
    /// A whole number, thousands apart.
    Count,
    /// With this many decimals.
    Fixed(usize),
    /// Times 100, with this many decimals and a percent sign.
    Percent(usize),
    /// A probability value of a test: three decimals, or `<0.001`.
    PValue,
}

/// Which numbers of a column are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Small ones.
    Low,
    /// Large ones.
    High,
    /// Neither.
    Neither,
}

/// One column of a table: a key of `scores.json`, and what a reader needs to know about it.
#[derive(Clone, Copy, Debug)]
pub struct ReportColumn {
    /// Path below the row, with `/` between keys.
    pub key: &'static str,
    /// Heading.
    pub head: &'static str,
    /// How its numbers are written.
    pub format: Format,
    /// Which are better.
    pub better: Better,
    /// Definition, with formula and unit.
    pub about: &'static str,
}

/// A column of a table.
pub const fn col(
    key: &'static str,
    head: &'static str,
    format: Format,
    better: Better,
    about: &'static str,
) -> ReportColumn {
    ReportColumn { key, head, format, better, about }
}

/// A table of columns; `name` heads their definitions.
pub const fn table(
    name: &'static str,
    caption: &'static str,
    heads: &'static [&'static str],
    columns: &'static [ReportColumn],
) -> ReportTable {
    ReportTable {
        caption,
        heads,
        columns,
        name,
        below: "",
        only: None,
        group: "",
        heading: "",
        folded: "",
        hidden: false,
        any_horizon: false,
        controls: false,
    }
}

impl ReportTable {
    /// At its place in the report.
    pub const fn at(self, section: Section, place: u8) -> Shown {
        Shown { section, place, what: ShownAs::Table(self) }
    }
    /// Of the array at a path below what was found.
    pub const fn below(self, below: &'static str) -> ReportTable {
        ReportTable { below, ..self }
    }
    /// Of the items whose `key` is `value`.
    pub const fn only(self, key: &'static str, value: &'static str) -> ReportTable {
        ReportTable { only: Some((key, value)), ..self }
    }
    /// The best is marked among rows with one value of `key`.
    pub const fn grouped(self, key: &'static str) -> ReportTable {
        ReportTable { group: key, ..self }
    }
    /// With a heading above it.
    pub const fn headed(self, heading: &'static str) -> ReportTable {
        ReportTable { heading, ..self }
    }
    /// Folded away under a summary.
    pub const fn folded(self, summary: &'static str) -> ReportTable {
        ReportTable { folded: summary, ..self }
    }
    /// Not there where there is no row.
    pub const fn hidden_when_empty(self) -> ReportTable {
        ReportTable { hidden: true, ..self }
    }
    /// Shown with any horizon.
    pub const fn any_horizon(self) -> ReportTable {
        ReportTable { any_horizon: true, ..self }
    }
    /// Each outcome above its control.
    pub const fn with_controls(self) -> ReportTable {
        ReportTable { controls: true, ..self }
    }
}
