//! Tables as CSV that a spreadsheet takes for data. Source: RFC 4180.

use std::fmt::Display;

use csv::{Terminator, WriterBuilder};

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Never taken for a formula.
    Text(String),
    /// As it is: a negative one stays a number.
    Number(String),
    Empty,
}

impl Cell {
    #[must_use]
    pub fn text(text: impl Display) -> Self {
        Self::Text(text.to_string())
    }

    #[must_use]
    pub fn text_or_empty(text: Option<impl Display>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    #[must_use]
    pub fn number(number: impl Display) -> Self {
        Self::Number(number.to_string())
    }

    fn written(self) -> String {
        match self {
            Self::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => {
                format!("'{text}")
            }
            Self::Text(text) | Self::Number(text) => text,
            Self::Empty => String::new(),
        }
    }
}

/// A line of names and a line for each row.
///
/// # Errors
/// Never in memory; the writer would tell.
pub fn write<'names>(
    names: impl IntoIterator<Item = &'names str>,
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, csv::Error> {
    table(Some(names), rows)
}

/// Further lines of such a table.
///
/// # Errors
/// Never in memory; the writer would tell.
pub fn lines(rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, csv::Error> {
    table(None::<[&str; 0]>, rows)
}

fn table<'names>(
    names: Option<impl IntoIterator<Item = &'names str>>,
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(vec![]);
    if let Some(names) = names {
        writer.write_record(names)?;
    }
    for row in rows {
        writer.write_record(row.into_iter().map(Cell::written))?;
    }
    writer.into_inner().map_err(|failure| failure.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: Cell) -> String {
        let body = write(["name"], [vec![cell]]).unwrap();
        String::from_utf8(body).unwrap().strip_prefix("name\r\n").unwrap().to_owned()
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_no_formula_and_a_number_is_a_number() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(written(Cell::text(formula)), format!("'{formula}\r\n"));
        }
        assert_eq!(written(Cell::text("=1,\"x\"")), "\"'=1,\"\"x\"\"\"\r\n");
        assert_eq!(
            (written(Cell::number(-1)), written(Cell::text("x"))),
            ("-1\r\n".to_owned(), "x\r\n".to_owned())
        );
    }
}
