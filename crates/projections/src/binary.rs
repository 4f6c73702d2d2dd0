//! Rows in Postgres' binary format: lengths before bytes, so nothing needs escaping.
//! Source: PostgreSQL manual, COPY, "Binary Format".

use crate::{Kind, Table, value::Field};

/// The signature, no flags, no extension.
pub(crate) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
pub(crate) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: i32 = -1;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row does not fit the columns of `{table}`")]
pub struct Unfit {
    pub table: &'static str,
}

/// Adds a row; none of it where it does not fit.
pub(crate) fn encode<'of>(
    bytes: &mut Vec<u8>,
    table: &Table,
    fields: impl ExactSizeIterator<Item = Field<'of>>,
) -> Result<(), Unfit> {
    let (whole, many) = (bytes.len(), fields.len());
    let columns = i16::try_from(table.columns.len()).ok().filter(|_| many == table.columns.len());
    let encoded = columns.and_then(|columns| {
        bytes.extend_from_slice(&columns.to_be_bytes());
        let mut pairs = table.columns.iter().zip(fields);
        pairs.try_for_each(|(column, value)| field(bytes, column.kind, value))
    });
    encoded.ok_or_else(|| {
        bytes.truncate(whole);
        Unfit { table: table.name }
    })
}

fn field(bytes: &mut Vec<u8>, kind: Kind, value: Field<'_>) -> Option<()> {
    match (kind, value) {
        (Kind::Integer | Kind::Text, Field::Null) => bytes.extend_from_slice(&NULL.to_be_bytes()),
        (Kind::Integer, Field::Integer(number)) => {
            bytes.extend_from_slice(&8_i32.to_be_bytes());
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        (Kind::Text, Field::Text(text)) => {
            bytes.extend_from_slice(&i32::try_from(text.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        (Kind::Integer, Field::Text(_)) | (Kind::Text, Field::Integer(_)) => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Column;

    const TABLE: Table = Table {
        name: "t",
        key_columns: 1,
        appended: true,
        columns: &[Column::integer("a"), Column::text("b"), Column::text("c")],
    };

    #[test]
    fn a_row_is_its_columns_with_their_lengths() {
        let mut bytes = vec![];
        let row = [Field::Integer(1), Field::Text("ä"), Field::Null];
        assert_eq!(encode(&mut bytes, &TABLE, row.into_iter()), Ok(()));
        let expected = b"\0\x03\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0\x02\xc3\xa4\xff\xff\xff\xff";
        assert_eq!(bytes, expected);
        for wrong in [&[Field::Integer(1), Field::Integer(2), Field::Null][..], &row[..2]] {
            assert!(encode(&mut bytes, &TABLE, wrong.iter().copied()).is_err());
            assert_eq!(bytes, expected, "what was there is left");
        }
    }
}
