//! Parquet to columns.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, Field, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::column::{Column, Table};
use super::error::{Error, file_error};

/// Rows of one batch; the size of a row group that we write.
const BATCH_ROWS: usize = 128 * 1024;

/// Reads a Parquet file piece by piece: at most 128 Ki rows are in memory at once.
///
/// As an iterator it gives one [`Table`] per batch.
pub struct Reader {
    path: PathBuf,
    meta: ArrowReaderMetadata,
    columns: Vec<usize>,
    batches: Option<ParquetRecordBatchReader>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).field("columns", &self.names()).finish()
    }
}

impl Reader {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// The file is absent or is not Parquet.
    pub fn open(path: &Path) -> Result<Reader, Error> {
        let meta = footer(path)?;
        let columns = (0..meta.schema().fields().len()).collect();
        Ok(Reader { path: path.to_path_buf(), meta, columns, batches: None })
    }
    /// Reads only these columns, in file order.
    ///
    /// # Errors
    /// A column is missing.
    pub fn select(mut self, names: &[&str]) -> Result<Reader, Error> {
        let fields = self.meta.schema().fields();
        let mut columns = vec![];
        for name in names {
            columns.push(fields.iter().position(|f| f.name() == name).ok_or_else(|| missing(&self, name))?);
        }
        columns.sort_unstable();
        columns.dedup();
        self.columns = columns;
        Ok(self)
    }
    /// Names of the columns that it reads, in file order.
    pub fn names(&self) -> Vec<&str> {
        let fields = self.meta.schema().fields();
        self.columns.iter().map(|i| fields[*i].name().as_str()).collect()
    }
    /// The fields of the file, in its order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.meta.schema().fields().iter().map(AsRef::as_ref)
    }
    /// Rows in the file.
    pub fn rows(&self) -> usize {
        usize::try_from(self.meta.metadata().file_metadata().num_rows()).unwrap_or(0)
    }
    /// The next batch, `None` at the end.
    ///
    /// # Errors
    /// The bytes are damaged or a column type has no counterpart.
    pub fn next_batch(&mut self) -> Result<Option<Table>, Error> {
        if self.batches.is_none() {
            let mask = ProjectionMask::roots(self.meta.parquet_schema(), self.columns.iter().copied());
            let file = File::open(&self.path).map_err(|e| file_error(&self.path, e))?;
            let built = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.meta.clone())
                .with_batch_size(BATCH_ROWS)
                .with_projection(mask)
                .build();
            self.batches = Some(built.map_err(|e| file_error(&self.path, e))?);
        }
        match self.batches.as_mut().and_then(Iterator::next) {
            None => Ok(None),
            Some(Ok(batch)) => self.table(&batch).map(Some),
            Some(Err(e)) => Err(file_error(&self.path, e)),
        }
    }
    fn read_all(mut self) -> Result<Table, Error> {
        let mut all = self.table(&RecordBatch::new_empty(self.meta.schema().clone()))?;
        let wanted = self.names().iter().map(|n| n.to_string()).collect::<Vec<_>>();
        all.columns.retain(|c| wanted.contains(&c.0));
        while let Some(batch) = self.next_batch()? {
            all.append(batch)?;
        }
        Ok(all)
    }
    fn table(&self, batch: &RecordBatch) -> Result<Table, Error> {
        let mut columns = vec![];
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let column = column(array.as_ref()).map_err(|why| Error::Column {
                path: self.path.display().to_string(),
                column: field.name().clone(),
                why,
                has: has(&self.meta),
            })?;
            columns.push((field.name().clone(), column));
        }
        Ok(Table { columns, source: self.path.display().to_string() })
    }
}

impl Table {
    /// Reads a whole Parquet file. Integers, float32 and decimals are widened; timestamps of any
    /// unit become nanoseconds (without a zone they are taken as UTC); dictionaries become text.
    ///
    /// # Errors
    /// The file cannot be read or holds a column type that has no counterpart here.
    pub fn read(path: &Path) -> Result<Table, Error> {
        Reader::open(path)?.read_all()
    }
    /// Like [`Table::read`], for some columns only, in file order.
    ///
    /// # Errors
    /// As [`Table::read`], and a column is missing.
    pub fn read_columns(path: &Path, names: &[&str]) -> Result<Table, Error> {
        Reader::open(path)?.select(names)?.read_all()
    }
}

impl Iterator for Reader {
    type Item = Result<Table, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// The footer of a file.
pub(super) fn footer(path: &Path) -> Result<ArrowReaderMetadata, Error> {
    let file = File::open(path).map_err(|e| file_error(path, e))?;
    ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|e| file_error(path, e))
}

/// All columns of a file, batch by batch.
pub(super) fn batches(path: &Path) -> Result<ParquetRecordBatchReader, Error> {
    let file = File::open(path).map_err(|e| file_error(path, e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| file_error(path, e))?;
    builder.with_batch_size(BATCH_ROWS).build().map_err(|e| file_error(path, e))
}

/// Names and types of a file's columns, for messages.
pub(super) fn has(meta: &ArrowReaderMetadata) -> String {
    let fields = meta.schema().fields();
    fields.iter().map(|f| format!("{} ({})", f.name(), f.data_type())).collect::<Vec<_>>().join(", ")
}

fn missing(reader: &Reader, name: &str) -> Error {
    Error::Column {
        path: reader.path.display().to_string(),
        column: name.to_string(),
        why: "is missing".into(),
        has: has(&reader.meta),
    }
}

fn column(array: &dyn Array) -> Result<Column, String> {
    Ok(match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => times::<TimestampSecondType>(array, 1_000_000_000)?,
        DataType::Timestamp(TimeUnit::Millisecond, _) => times::<TimestampMillisecondType>(array, 1_000_000)?,
        DataType::Timestamp(TimeUnit::Microsecond, _) => times::<TimestampMicrosecondType>(array, 1_000)?,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => times::<TimestampNanosecondType>(array, 1)?,
        DataType::Date32 => times::<Date32Type>(array, 86_400_000_000_000)?,
        DataType::Float64 => floats::<Float64Type>(array, |v| v),
        DataType::Float32 => floats::<Float32Type>(array, f64::from),
        DataType::Decimal128(..) => decimals(array)?,
        DataType::Int8 => ints::<Int8Type>(array)?,
        DataType::Int16 => ints::<Int16Type>(array)?,
        DataType::Int32 => ints::<Int32Type>(array)?,
        DataType::Int64 => ints::<Int64Type>(array)?,
        DataType::UInt8 => ints::<UInt8Type>(array)?,
        DataType::UInt16 => ints::<UInt16Type>(array)?,
        DataType::UInt32 => ints::<UInt32Type>(array)?,
        DataType::UInt64 => ints::<UInt64Type>(array)?,
        DataType::Boolean => Column::Bool(array.as_boolean().iter().collect()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            Column::Text(texts(array)?)
        }
        DataType::List(_) => lists(array)?,
        DataType::Null => Column::Float(vec![f64::NAN; array.len()]),
        other => return Err(format!("type {other} is not supported; cast it to a number, time, text or bool")),
    })
}

fn times<T: ArrowPrimitiveType>(array: &dyn Array, ns: i64) -> Result<Column, String>
where
    T::Native: Into<i64>,
{
    let wide = |v: Option<T::Native>| match v {
        None => Ok(None),
        Some(v) => v.into().checked_mul(ns).map(Some).ok_or("a time lies outside the years 1677 to 2262"),
    };
    let typed: &PrimitiveArray<T> = array.as_primitive();
    Ok(Column::Time(typed.iter().map(wide).collect::<Result<_, _>>()?))
}

fn floats<T: ArrowPrimitiveType>(array: &dyn Array, wide: impl Fn(T::Native) -> f64) -> Column {
    let typed: &PrimitiveArray<T> = array.as_primitive();
    Column::Float(typed.iter().map(|v| v.map_or(f64::NAN, &wide)).collect())
}

/// Through the decimal text, so that the float is the nearest one.
fn decimals(array: &dyn Array) -> Result<Column, String> {
    let typed: &PrimitiveArray<Decimal128Type> = array.as_primitive();
    let one = |i: usize| match typed.is_null(i) {
        true => Ok(f64::NAN),
        false => typed.value_as_string(i).parse().map_err(|e| format!("row {}: {e}", i + 1)),
    };
    Ok(Column::Float((0..typed.len()).map(one).collect::<Result<_, String>>()?))
}

fn ints<T: ArrowPrimitiveType>(array: &dyn Array) -> Result<Column, String>
where
    i64: TryFrom<T::Native>,
{
    let wide = |v: Option<T::Native>| match v {
        None => Ok(None),
        Some(v) => i64::try_from(v).map(Some).map_err(|_| "a whole number does not fit 64 bits with a sign"),
    };
    let typed: &PrimitiveArray<T> = array.as_primitive();
    Ok(Column::Int(typed.iter().map(wide).collect::<Result<_, _>>()?))
}

fn texts(array: &dyn Array) -> Result<Vec<Option<String>>, String> {
    let own = |v: Option<&str>| v.map(str::to_string);
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(own).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(own).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(own).collect(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = texts(dictionary.values().as_ref())?;
            if values.is_empty() {
                return Ok(vec![None; array.len()]);
            }
            let keys = dictionary.normalized_keys();
            keys.iter().enumerate().map(|(i, k)| if array.is_null(i) { None } else { values[*k].clone() }).collect()
        }
        other => return Err(format!("values of type {other} are not text")),
    })
}

fn lists(array: &dyn Array) -> Result<Column, String> {
    let one = |v: Option<arrow_array::ArrayRef>| match v {
        None => Ok(vec![]),
        Some(items) => Ok::<_, String>(texts(items.as_ref())?.into_iter().flatten().collect()),
    };
    Ok(Column::TextList(array.as_list::<i32>().iter().map(one).collect::<Result<_, _>>()?))
}
