//! What is said of a column in the metadata of a file.

use std::path::Path;

use arrow_schema::Field;

use super::decode::Reader;
use super::error::Error;

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnNote {
    /// The column.
    pub name: String,
    /// What it holds, in words; member `description` of the metadata of its field.
    pub description: String,
    /// What it is measured in; member `unit`.
    pub unit: String,
}

impl ColumnNote {
    /// A note.
    pub fn new(name: &str, unit: &str, description: &str) -> ColumnNote {
        ColumnNote { name: name.into(), description: description.into(), unit: unit.into() }
    }
    /// The notes of a file, in the order of its columns; of columns without one none.
    ///
    /// # Errors
    /// The file is absent or is not Parquet.
    pub fn read(path: &Path) -> Result<Vec<ColumnNote>, Error> {
        let reader = Reader::open(path)?;
        let of = |field: &Field| {
            let said = |key: &str| field.metadata().get(key).map(String::as_str);
            Some(ColumnNote::new(field.name(), said("unit")?, said("description")?))
        };
        Ok(reader.fields().filter_map(of).collect())
    }
    /// A field that carries it.
    pub(super) fn of_field(&self, field: Field) -> Field {
        let said = [("description", &self.description), ("unit", &self.unit)];
        field.with_metadata(said.into_iter().map(|(key, text)| (key.to_string(), text.clone())).collect())
    }
}
