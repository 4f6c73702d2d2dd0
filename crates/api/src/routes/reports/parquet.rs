//! A usage report as Parquet: the columns of its CSV, each of its own type.

use std::{io::Write, sync::Arc};

use ::parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type},
    errors::{ParquetError, Result},
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};
use domain::Timestamp;
use projections::queries::usage::{Calls, UsageDimension, UsageQuery, UsageReport, UsageRow, csv};

/// Rows that are written together: what is held in memory of a file.
const GROUP_ROWS: usize = 50_000;

/// A file under way, written to what takes bytes in their order.
pub(crate) struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<(&'static str, Column)>,
    zone: ByteArray,
    pending: Vec<Line>,
}

/// A row with what it covers.
struct Line {
    row: UsageRow,
    batch_no: u64,
    position: u64,
}

/// What stands in a column.
#[derive(Clone, Copy)]
enum Column {
    Time(fn(&UsageRow) -> Timestamp),
    /// Null where the calls had none.
    Text(fn(&UsageRow) -> Option<String>),
    /// Likewise; 0 to 4,294,967,295.
    Version,
    Count(fn(&Line) -> u64),
    Zone,
}

impl<W: Write + Send> ParquetFile<W> {
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn begin(to: W, query: &UsageQuery) -> Result<Self> {
        let columns = csv::names(query, false).into_iter().map(|name| Ok((name, column(name, query)?)));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let fields = columns.iter().map(|(name, column)| column.field(name)).collect::<Result<_>>()?;
        let schema = Type::group_type_builder("usage").with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))?;
        let zone = query.zone.iana_name().unwrap_or("UTC").into();
        Ok(Self { writer, columns, zone, pending: vec![] })
    }

    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put(&mut self, report: &UsageReport) -> Result<()> {
        let (batch_no, position) = (report.batch_no, report.position.get());
        self.pending.extend(report.rows.iter().map(|row| Line { row: row.clone(), batch_no, position }));
        if self.pending.len() >= GROUP_ROWS { self.group() } else { Ok(()) }
    }

    /// Writes what is left and the footer, and gives back what it was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> Result<W> {
        if !self.pending.is_empty() {
            self.group()?;
        }
        self.writer.into_inner()
    }

    /// What it is written to.
    pub(crate) fn inner(&self) -> &W {
        self.writer.inner()
    }

    fn group(&mut self) -> Result<()> {
        let Self { writer, columns, zone, pending } = self;
        let mut group = writer.next_row_group()?;
        for (name, column) in columns {
            let missing = || ParquetError::General(format!("the column {name} has no place"));
            let mut to = group.next_column()?.ok_or_else(missing)?;
            column.write(&mut to, pending, zone)?;
            to.close()?;
        }
        group.close()?;
        pending.clear();
        Ok(())
    }
}

/// By its name in the CSV, so that neither form has one that the other has not.
fn column(name: &str, query: &UsageQuery) -> Result<Column> {
    let text = |wanted: UsageDimension, column: Column| query.group_by.contains(&wanted).then_some(column);
    let count = |of: fn(&Line) -> u64| Some(Column::Count(of));
    let column = match name {
        "window_start" => Some(Column::Time(|row| row.window_start)),
        "window_end" => Some(Column::Time(|row| row.window_end)),
        "owner_team" => text(UsageDimension::OwnerTeam, Column::Text(|row| row.owner_team.clone())),
        "client_id" => {
            text(UsageDimension::Client, Column::Text(|row| row.client_id.map(|id| id.to_string())))
        }
        "key_id" => text(UsageDimension::Key, Column::Text(|row| row.key_id.map(|id| id.to_string()))),
        "secret_version" => text(UsageDimension::SecretVersion, Column::Version),
        "route_id" => text(UsageDimension::Route, Column::Text(|row| row.route_id.map(|id| id.to_string()))),
        "environment" => text(UsageDimension::Environment, Column::Text(|row| row.environment.clone())),
        "time_zone" => Some(Column::Zone),
        "batch_no" => count(|line| line.batch_no),
        "position" => count(|line| line.position),
        "allowed" => count(|line| line.calls().allowed),
        "rate_limited" => count(|line| line.calls().rate_limited),
        "quota_exceeded" => count(|line| line.calls().quota_exceeded),
        "unauthenticated" => count(|line| line.calls().unauthenticated),
        "forbidden" => count(|line| line.calls().forbidden),
        "total" => count(|line| line.calls().total),
        _ => None,
    };
    column.ok_or_else(|| ParquetError::General(format!("the column {name} has no type")))
}

impl Line {
    fn calls(&self) -> Calls {
        self.row.calls
    }
}

impl Column {
    fn field(self, name: &str) -> Result<TypePtr> {
        let (physical, logical, repetition) = match self {
            Self::Time(_) => {
                let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
                (Physical::INT64, Some(micros), Repetition::REQUIRED)
            }
            Self::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
            Self::Version => (Physical::INT32, Some(LogicalType::integer(32, false)), Repetition::OPTIONAL),
            Self::Count(_) => (Physical::INT64, None, Repetition::REQUIRED),
            Self::Zone => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
        };
        let field = Type::primitive_type_builder(name, physical).with_logical_type(logical);
        Ok(Arc::new(field.with_repetition(repetition).build()?))
    }

    fn write(self, to: &mut SerializedColumnWriter<'_>, lines: &[Line], zone: &ByteArray) -> Result<()> {
        match self {
            Self::Time(of) => {
                let times: Vec<i64> = lines.iter().map(|line| of(&line.row).as_microsecond()).collect();
                to.typed::<Int64Type>().write_batch(&times, None, None)?;
            }
            Self::Text(of) => {
                let texts: Vec<_> = lines.iter().map(|line| of(&line.row)).collect();
                let given: Vec<ByteArray> = texts.iter().flatten().map(|text| text.as_str().into()).collect();
                let defined = defined(texts.iter().map(Option::is_some));
                to.typed::<ByteArrayType>().write_batch(&given, Some(&defined), None)?;
            }
            Self::Version => {
                let versions = lines.iter().map(|line| line.row.secret_version);
                // The type says that the bits are those of a number without a sign.
                let given: Vec<i32> = versions.clone().flatten().map(u32::cast_signed).collect();
                let defined = defined(versions.map(|version| version.is_some()));
                to.typed::<Int32Type>().write_batch(&given, Some(&defined), None)?;
            }
            Self::Count(of) => {
                let counts = lines.iter().map(|line| i64::try_from(of(line)).unwrap_or(i64::MAX));
                to.typed::<Int64Type>().write_batch(&counts.collect::<Vec<_>>(), None, None)?;
            }
            Self::Zone => {
                let zones = vec![zone.clone(); lines.len()];
                to.typed::<ByteArrayType>().write_batch(&zones, None, None)?;
            }
        }
        Ok(())
    }
}

fn defined(given: impl Iterator<Item = bool>) -> Vec<i16> {
    given.map(i16::from).collect()
}
