//! Rows as COPY hands them out in the binary format. Source: PostgreSQL manual, COPY, "Binary Format".

use domain::Timestamp;
use futures::TryStreamExt as _;
use sqlx::{PgPool, postgres::PgPoolCopyExt as _};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Microseconds from 1970 to 2000, where Postgres counts from.
const EPOCH_US: i64 = 946_684_800_000_000;

/// All that a statement answers, in one piece: a row costs no allocation.
pub(super) struct Copied(Vec<u8>);

impl std::fmt::Debug for Copied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Copied({} bytes)", self.0.len())
    }
}

impl Copied {
    /// Takes `copy (…) to stdout (format binary)`, and how many bytes it may come to.
    pub(super) async fn out(pool: &PgPool, statement: &str, about: usize) -> Result<Self, sqlx::Error> {
        let mut parts = pool.copy_out_raw(statement).await?;
        let mut bytes = Vec::with_capacity(about);
        while let Some(part) = parts.try_next().await? {
            bytes.extend_from_slice(&part);
        }
        Ok(Self(bytes))
    }

    pub(super) fn rows(&self) -> Result<Rows<'_>, sqlx::Error> {
        let mut rest = Fields(self.0.strip_prefix(SIGNATURE).ok_or_else(cut)?);
        rest.take::<4>()?;
        let extension = usize::try_from(u32::from_be_bytes(rest.take()?)).map_err(|_| cut())?;
        rest.0 = rest.0.get(extension..).ok_or_else(cut)?;
        Ok(Rows(rest))
    }
}

/// The rows that are left. Each is to be read to its last column before the next is asked for.
pub(super) struct Rows<'a>(Fields<'a>);

impl<'a> Rows<'a> {
    /// The columns of the next row; none after the last.
    pub(super) fn next(&mut self) -> Result<Option<&mut Fields<'a>>, sqlx::Error> {
        let columns = i16::from_be_bytes(self.0.take()?);
        Ok((columns >= 0).then_some(&mut self.0))
    }
}

/// The columns that are left, none of them null.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const MANY: usize>(&mut self) -> Result<[u8; MANY], sqlx::Error> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], sqlx::Error> {
        let long = usize::try_from(i32::from_be_bytes(self.take()?)).map_err(|_| cut())?;
        let (taken, rest) = self.0.split_at_checked(long).ok_or_else(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, sqlx::Error> {
        std::str::from_utf8(self.bytes()?).map_err(|source| sqlx::Error::Decode(source.into()))
    }

    pub(super) fn number(&mut self) -> Result<i64, sqlx::Error> {
        self.bytes()?.try_into().map(i64::from_be_bytes).map_err(|_| cut())
    }

    /// An array of numbers, none of them null. Source: `array_send` of PostgreSQL.
    pub(super) fn numbers(&mut self) -> Result<Vec<i64>, sqlx::Error> {
        let mut array = Self(self.bytes()?);
        // Dimensions, whether there are nulls, the type; of the one dimension its length and where it begins.
        let [_, _, _, long, _] = [array.word()?, array.word()?, array.word()?, array.word()?, array.word()?];
        (0..long).map(|_| array.number()).collect()
    }

    fn word(&mut self) -> Result<i32, sqlx::Error> {
        self.take().map(i32::from_be_bytes)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, sqlx::Error> {
        let micros = self.number()?.saturating_add(EPOCH_US);
        Timestamp::from_microsecond(micros).map_err(|source| sqlx::Error::Decode(source.into()))
    }
}

fn cut() -> sqlx::Error {
    sqlx::Error::Decode("what was copied out is not in COPY's binary format".into())
}
