//! Columns to Parquet, whole files only.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::{Column, Error, Table, file_error};

/// Rows of a row group.
pub(super) const GROUP_ROWS: usize = 128 * 1024;

pub(super) fn write(table: &Table, path: &Path) -> Result<(), Error> {
    let rows = table.rows();
    if let Some((name, column)) = table.columns.iter().find(|c| c.1.len() != rows) {
        return Err(table.wrong(name, format!("has {} rows, and the first column has {rows}", column.len())));
    }
    let arrays = table.columns.iter().map(|(name, column)| (name.clone(), array(column))).collect();
    write_arrays(arrays, path, properties())
}

/// What every file of ours has in common.
pub(super) fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // The bytes of a file do not depend on the version of the writing library's name.
        .set_created_by("margincast".into())
}

/// Writes under a temporary name, forces it to disk, and renames.
pub(super) fn write_arrays(
    columns: Vec<(String, ArrayRef)>,
    path: &Path,
    properties: WriterPropertiesBuilder,
) -> Result<(), Error> {
    let fields: Vec<Field> = columns.iter().map(|(n, a)| Field::new(n, a.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|c| c.1).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|e| file_error(path, e))?;
    let temporary = temporary_name(path);
    let write = || -> Result<(), String> {
        let text = |e: &dyn std::fmt::Display| e.to_string();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| text(&e))?;
        }
        let file = File::create(&temporary).map_err(|e| text(&e))?;
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties.build())).map_err(|e| text(&e))?;
        writer.write(&batch).map_err(|e| text(&e))?;
        let file = writer.into_inner().map_err(|e| text(&e))?;
        file.sync_all().map_err(|e| text(&e))?;
        fs::rename(&temporary, path).map_err(|e| text(&e))?;
        Ok(())
    };
    write().map_err(|why| {
        // Nothing to tell if the half-written file cannot be removed: the first failure is the news.
        let _ = fs::remove_file(&temporary);
        file_error(path, why)
    })
}

/// A name in the same folder that no reader of `*.parquet` picks up.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
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
