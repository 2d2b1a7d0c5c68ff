//! Columns to Parquet, whole files only.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::column::{Column, Table};
use super::error::{Error, file_error};
use super::note::ColumnNote;
use crate::base::atomic;

/// Rows of a row group.
pub(super) const GROUP_ROWS: usize = 128 * 1024;

impl Table {
    /// Writes a Parquet file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written, or columns differ in length.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        self.write_fields(path, |_| None)
    }
    /// The same, with a description and a unit in the metadata of each column.
    ///
    /// # Errors
    /// As [`Table::write`], and a column has no note.
    pub fn write_with_notes(&self, path: &Path, notes: &[ColumnNote]) -> Result<(), Error> {
        let own = |name: &str| notes.iter().find(|note| note.name == name);
        if let Some((name, _)) = self.columns.iter().find(|c| own(&c.0).is_none()) {
            return Err(self.wrong(name, "has no description".into()));
        }
        self.write_fields(path, own)
    }
    fn write_fields<'a>(&self, path: &Path, note: impl Fn(&str) -> Option<&'a ColumnNote>) -> Result<(), Error> {
        let rows = self.rows();
        if let Some((name, column)) = self.columns.iter().find(|c| c.1.len() != rows) {
            return Err(self.wrong(name, format!("has {} rows, and the first column has {rows}", column.len())));
        }
        let field = |(name, column): &(String, Column)| {
            let values = array(column);
            let field = Field::new(name, values.data_type().clone(), true);
            let field = match note(name) {
                Some(note) => note.of_field(field),
                None => field,
            };
            (field, values)
        };
        write_arrays(self.columns.iter().map(field).collect(), path, properties())
    }
}

/// What every file of ours has in common.
pub(super) fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // The bytes of a file do not depend on the version of the writing library's name.
        .set_created_by("margincast".into())
}

/// Writes a file of these columns, whole or not at all.
pub(super) fn write_arrays(
    columns: Vec<(Field, ArrayRef)>,
    path: &Path,
    properties: WriterPropertiesBuilder,
) -> Result<(), Error> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|e| file_error(path, e))?;
    let content = |file: &mut File| -> io::Result<()> {
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties.build())).map_err(io::Error::other)?;
        writer.write(&batch).map_err(io::Error::other)?;
        writer.close().map(|_| ()).map_err(io::Error::other)
    };
    atomic::write_with(path, content).map_err(|e| file_error(path, e))
}

/// Nanoseconds UTC.
pub(super) fn time_array(values: impl Into<TimestampNanosecondArray>) -> ArrayRef {
    Arc::new(values.into().with_timezone("UTC"))
}

fn array(column: &Column) -> ArrayRef {
    match column {
        Column::Time(v) => time_array(v.clone()),
        Column::Float(v) => Arc::new(v.iter().map(|x| (!x.is_nan()).then_some(*x)).collect::<Float64Array>()),
        Column::Int(v) => Arc::new(Int64Array::from(v.clone())),
        Column::Text(v) => Arc::new(v.iter().map(Option::as_deref).collect::<StringArray>()),
        Column::Bool(v) => Arc::new(BooleanArray::from(v.clone())),
        Column::TextList(v) => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            for list in v {
                list.iter().for_each(|text| builder.values().append_value(text));
                builder.append(true);
            }
            Arc::new(builder.finish())
        }
    }
}
