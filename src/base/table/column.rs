//! Columns in memory, and tables of them.

use std::borrow::Cow;

use super::error::Error;
use crate::base::Ts;

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Nanoseconds since 1970, UTC.
    Time(Vec<Option<i64>>),
    /// Floats; NaN is null on disk.
    Float(Vec<f64>),
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Text.
    Text(Vec<Option<String>>),
    /// Lists of text.
    TextList(Vec<Vec<String>>),
    /// Yes or no.
    Bool(Vec<Option<bool>>),
}

impl Column {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Column::Time(v) | Column::Int(v) => v.len(),
            Column::Float(v) => v.len(),
            Column::Text(v) => v.len(),
            Column::TextList(v) => v.len(),
            Column::Bool(v) => v.len(),
        }
    }
    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The type's name, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Column::Time(_) => "time",
            Column::Float(_) => "float",
            Column::Int(_) => "int",
            Column::Text(_) => "text",
            Column::TextList(_) => "list of text",
            Column::Bool(_) => "bool",
        }
    }
}

/// Named columns of equal length.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Column names and values, in file order.
    pub columns: Vec<(String, Column)>,
    /// The file it was read from, for messages; empty when made in memory.
    pub source: String,
}

/// Two tables are equal when their columns are; where they came from does not matter.
impl PartialEq for Table {
    fn eq(&self, other: &Table) -> bool {
        self.columns == other.columns
    }
}

impl Table {
    /// A table made in memory.
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Column)>) -> Table {
        Table { columns: columns.into_iter().map(|(n, c)| (n.to_string(), c)).collect(), source: String::new() }
    }
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.1.len())
    }
    /// The columns' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.0.as_str())
    }
    /// A column, if the table has it.
    pub fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.0 == name).map(|c| &c.1)
    }
    /// A column.
    ///
    /// # Errors
    /// It is missing.
    pub fn column(&self, name: &str) -> Result<&Column, Error> {
        self.find(name).ok_or_else(|| self.wrong(name, "is missing".into()))
    }
    /// Instants without absence.
    ///
    /// # Errors
    /// The column is missing, is not of times, or has an absent value.
    pub fn times(&self, name: &str) -> Result<Vec<Ts>, Error> {
        let optional = self.optional_times(name)?;
        if let Some(at) = optional.iter().position(Option::is_none) {
            return Err(self.wrong(name, format!("row {} is absent, and a time is needed", at + 1)));
        }
        Ok(optional.iter().flatten().map(|t| Ts(*t)).collect())
    }
    /// Instants as nanoseconds, some absent.
    ///
    /// # Errors
    /// The column is missing or is not of times.
    fn optional_times(&self, name: &str) -> Result<&[Option<i64>], Error> {
        match self.column(name)? {
            Column::Time(v) => Ok(v),
            other => Err(self.mistyped(name, "time", other)),
        }
    }
    /// Floats, NaN for absence; a column of whole numbers is widened.
    ///
    /// # Errors
    /// The column is missing or is not of numbers.
    pub fn floats(&self, name: &str) -> Result<Cow<'_, [f64]>, Error> {
        match self.column(name)? {
            Column::Float(v) => Ok(Cow::Borrowed(v)),
            Column::Int(v) => Ok(Cow::Owned(v.iter().map(|x| x.map_or(f64::NAN, |x| x as f64)).collect())),
            other => Err(self.mistyped(name, "float", other)),
        }
    }
    /// Whole numbers.
    ///
    /// # Errors
    /// The column is missing or is not of whole numbers.
    pub fn ints(&self, name: &str) -> Result<&[Option<i64>], Error> {
        match self.column(name)? {
            Column::Int(v) => Ok(v),
            other => Err(self.mistyped(name, "int", other)),
        }
    }
    /// Texts.
    ///
    /// # Errors
    /// The column is missing or is not of text.
    pub fn texts(&self, name: &str) -> Result<&[Option<String>], Error> {
        match self.column(name)? {
            Column::Text(v) => Ok(v),
            other => Err(self.mistyped(name, "text", other)),
        }
    }
    /// Adds another table's rows below; the columns must be the same.
    ///
    /// # Errors
    /// Columns differ in name, order or type.
    pub fn append(&mut self, mut other: Table) -> Result<(), Error> {
        if self.columns.is_empty() {
            self.columns = other.columns;
            return Ok(());
        }
        if self.columns.len() != other.columns.len() {
            return Err(other.wrong("*", format!("the columns differ from those of {}", self.source)));
        }
        for at in 0..self.columns.len() {
            let (name, theirs) = std::mem::replace(&mut other.columns[at], (String::new(), Column::Int(vec![])));
            let (own, ours) = &mut self.columns[at];
            match (ours, theirs) {
                _ if *own != name => return Err(self.wrong(&name, "columns differ in order".into())),
                (Column::Time(a), Column::Time(b)) | (Column::Int(a), Column::Int(b)) => a.extend(b),
                (Column::Float(a), Column::Float(b)) => a.extend(b),
                (Column::Text(a), Column::Text(b)) => a.extend(b),
                (Column::TextList(a), Column::TextList(b)) => a.extend(b),
                (Column::Bool(a), Column::Bool(b)) => a.extend(b),
                (a, b) => {
                    let why = format!("is {} here and {} there", a.kind(), b.kind());
                    return Err(self.wrong(&name, why));
                }
            }
        }
        Ok(())
    }
    fn mistyped(&self, name: &str, want: &str, found: &Column) -> Error {
        self.wrong(name, format!("is {}, and {want} is needed", found.kind()))
    }
    pub(super) fn wrong(&self, name: &str, why: String) -> Error {
        let has = self.columns.iter().map(|c| format!("{} ({})", c.0, c.1.kind())).collect::<Vec<_>>().join(", ");
        let path = if self.source.is_empty() { "table in memory".to_string() } else { self.source.clone() };
        Error::Column { path, column: name.to_string(), why, has }
    }
}
