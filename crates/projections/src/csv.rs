//! Tables as CSV that a spreadsheet takes for data. Source: RFC 4180.

use std::{
    fmt::{self, Display, Write as _},
    io,
};

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
}

/// Lines as they are written, cell by cell.
pub struct Lines {
    writer: csv::Writer<Vec<u8>>,
    /// Of the cell that is written.
    text: String,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines(..)")
    }
}

impl Default for Lines {
    fn default() -> Self {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(vec![]);
        Self { writer, text: String::new() }
    }
}

impl Lines {
    /// A line of names.
    ///
    /// # Errors
    /// Never in memory; the writer would tell. So do all others.
    pub fn names<'names>(&mut self, names: impl IntoIterator<Item = &'names str>) -> Result<(), csv::Error> {
        self.writer.write_record(names)
    }

    /// Never taken for a formula.
    ///
    /// # Errors
    /// Never in memory.
    pub fn text(&mut self, text: impl Display) -> Result<(), csv::Error> {
        self.show(&text)?;
        if self.text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            self.text.insert(0, '\'');
        }
        self.writer.write_field(&self.text)
    }

    /// Empty where there is none.
    ///
    /// # Errors
    /// Never in memory.
    pub fn text_or_empty(&mut self, text: Option<impl Display>) -> Result<(), csv::Error> {
        match text {
            Some(text) => self.text(text),
            None => self.empty(),
        }
    }

    /// As it is: a negative one stays a number.
    ///
    /// # Errors
    /// Never in memory.
    pub fn number(&mut self, number: impl Display) -> Result<(), csv::Error> {
        self.show(&number)?;
        self.writer.write_field(&self.text)
    }

    /// # Errors
    /// Never in memory.
    pub fn empty(&mut self) -> Result<(), csv::Error> {
        self.writer.write_field("")
    }

    /// The line ends here.
    ///
    /// # Errors
    /// Never in memory.
    pub fn end(&mut self) -> Result<(), csv::Error> {
        self.writer.write_record(None::<&[u8]>)
    }

    /// # Errors
    /// Never in memory.
    pub fn written(self) -> Result<Vec<u8>, csv::Error> {
        self.writer.into_inner().map_err(|failure| failure.into_error().into())
    }

    fn cell(&mut self, cell: &Cell) -> Result<(), csv::Error> {
        match cell {
            Cell::Text(text) => self.text(text),
            Cell::Number(number) => self.number(number),
            Cell::Empty => self.empty(),
        }
    }

    fn show(&mut self, shown: &impl Display) -> Result<(), csv::Error> {
        self.text.clear();
        write!(self.text, "{shown}").map_err(|failure| io::Error::other(failure).into())
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
    let mut lines = Lines::default();
    lines.names(names)?;
    table(lines, rows)
}

/// Further lines of such a table.
///
/// # Errors
/// Never in memory; the writer would tell.
pub fn lines(rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, csv::Error> {
    table(Lines::default(), rows)
}

fn table(mut lines: Lines, rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, csv::Error> {
    for row in rows {
        row.iter().try_for_each(|cell| lines.cell(cell))?;
        lines.end()?;
    }
    lines.written()
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
