//! Lists in an order of the asker's choice, read page by page: each begins behind the last item of the one before.

use std::{fmt, str::FromStr};

use domain::InvalidValue;

use crate::{Kind, Value, queries::Page};

/// What rows can be ordered by. Never null: two nulls would have no order.
pub struct Field<Row> {
    pub name: &'static str,
    pub(crate) sql: &'static str,
    pub(crate) kind: Kind,
    pub(crate) value: fn(&Row) -> Value,
}

/// A row that lists are made of.
pub trait Listed: Sized + 'static {
    /// Each with an index behind which the key stands.
    const FIELDS: &'static [Field<Self>];
    /// What no two rows have in common, which decides where all else is equal.
    const KEY: Field<Self>;
    /// Whether the list goes backwards by its key unless asked otherwise.
    const NEWEST_FIRST: bool = false;
}

/// By which fields, each forwards or backwards; by the key alone unless said.
pub struct Order<Row: Listed> {
    terms: Vec<(&'static Field<Row>, Direction)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// Where a page begins: behind the row with these values, one for each term and one for the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub Vec<Value>);

/// Which page of a list.
pub struct Seek<Row: Listed> {
    pub order: Order<Row>,
    pub(crate) after: Option<Place>,
    pub limit: u32,
}

impl<Row: Listed> Default for Order<Row> {
    fn default() -> Self {
        Self { terms: vec![] }
    }
}

impl<Row: Listed> Clone for Order<Row> {
    fn clone(&self) -> Self {
        Self { terms: self.terms.clone() }
    }
}

impl<Row: Listed> FromStr for Order<Row> {
    type Err = InvalidValue;

    /// `name,-created_at`: fields with commas between them, `-` for backwards. A field that has had its say is passed
    /// over.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let mut terms: Vec<(&'static Field<Row>, Direction)> = vec![];
        for word in text.split(',') {
            let (name, direction) = match word.strip_prefix('-') {
                Some(name) => (name, Direction::Down),
                None => (word, Direction::Up),
            };
            let field = Row::FIELDS.iter().find(|field| field.name == name).ok_or_else(|| {
                let names = Row::FIELDS.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
                InvalidValue::expected(format!("must be a list of {names}, each perhaps with a - before it"))
            })?;
            if !terms.iter().any(|(term, _)| term.name == field.name) {
                terms.push((field, direction));
            }
        }
        Ok(Self { terms })
    }
}

/// As it would be asked for.
impl<Row: Listed> fmt::Display for Order<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (field, direction)) in self.terms.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let minus = if *direction == Direction::Down { "-" } else { "" };
            write!(f, "{comma}{minus}{}", field.name)?;
        }
        Ok(())
    }
}

impl<Row: Listed> fmt::Debug for Order<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({self})")
    }
}

impl<Row: Listed> fmt::Debug for Seek<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { order, after, limit } = self;
        f.debug_struct("Seek").field("order", order).field("after", after).field("limit", limit).finish()
    }
}

impl<Row: Listed> Order<Row> {
    /// The place of a row in this order.
    #[must_use]
    pub fn place(&self, row: &Row) -> Place {
        Place(self.fields().into_iter().map(|(field, _)| (field.value)(row)).collect())
    }

    /// Whether a place can be one of this order: no other has as many values of the same kinds, or else it was made up.
    fn has(&self, Place(values): &Place) -> bool {
        let fields = self.fields();
        values.len() == fields.len()
            && values.iter().zip(fields).all(|(value, (field, _))| match value {
                Value::Null => false,
                Value::Integer(_) => field.kind == Kind::Integer,
                Value::Text(_) => field.kind == Kind::Text,
            })
    }

    /// The terms and behind them the key, which goes the way of the last term; nothing behind a term that is the key.
    fn fields(&self) -> Vec<(&'static Field<Row>, Direction)> {
        let key = const { &Row::KEY };
        let of_itself = if Row::NEWEST_FIRST { Direction::Down } else { Direction::Up };
        let last = self.terms.last().map_or(of_itself, |(_, direction)| *direction);
        let ends = self.terms.iter().position(|(field, _)| field.name == key.name);
        let before = self.terms.iter().copied().take(ends.unwrap_or(self.terms.len()));
        let mut fields: Vec<_> = before.collect();
        fields.push(ends.and_then(|at| self.terms.get(at).copied()).unwrap_or((key, last)));
        fields
    }

    pub(crate) fn clause(&self) -> String {
        let columns = self.fields().into_iter().map(|(Field { sql, .. }, direction)| match direction {
            Direction::Up => (*sql).to_owned(),
            Direction::Down => format!("{sql} desc"),
        });
        format!(" order by {}", columns.collect::<Vec<_>>().join(", "))
    }

    /// That a row comes behind the place whose values stand at these numbers. The first part of it, which the rest
    /// implies, is what an index is asked for.
    pub(crate) fn behind(&self, places: &[String]) -> String {
        let columns: Vec<_> = self.fields().into_iter().zip(places).collect();
        let rest = columns.iter().rev().fold(String::new(), |rest, ((Field { sql, .. }, direction), at)| {
            let beyond = direction.beyond();
            if rest.is_empty() {
                format!("{sql} {beyond} {at}")
            } else {
                format!("({sql} {beyond} {at} or ({sql} = {at} and {rest}))")
            }
        });
        match columns.as_slice() {
            [((Field { sql, .. }, direction), at), _, ..] => {
                format!("{sql} {}= {at} and {rest}", direction.beyond())
            }
            [_] | [] => rest,
        }
    }
}

impl Direction {
    const fn beyond(self) -> &'static str {
        match self {
            Self::Up => ">",
            Self::Down => "<",
        }
    }
}

impl<Row: Listed> Seek<Row> {
    /// The first page.
    #[must_use]
    pub fn first(order: Order<Row>, limit: u32) -> Self {
        Self { order, after: None, limit }
    }

    /// The page behind a place; none where it is no place of this order.
    #[must_use]
    pub fn behind(order: Order<Row>, after: Place, limit: u32) -> Option<Self> {
        order.has(&after).then_some(Self { order, after: Some(after), limit })
    }

    pub(crate) fn after(&self) -> Option<&Place> {
        self.after.as_ref()
    }
}

/// By the key alone.
impl<Row: Listed> From<&Page> for Seek<Row> {
    fn from(page: &Page) -> Self {
        let after = page.after.as_deref().map(|key| Place(vec![key.into()]));
        Self { order: Order::default(), after, limit: page.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing {
        id: &'static str,
        size: i64,
        name: &'static str,
    }

    impl Listed for Thing {
        const FIELDS: &'static [Field<Self>] = &[
            Field { name: "size", sql: "t.size", kind: Kind::Integer, value: |thing| thing.size.into() },
            Field { name: "name", sql: "t.name", kind: Kind::Text, value: |thing| thing.name.into() },
        ];
        const KEY: Field<Self> =
            Field { name: "id", sql: "t.id", kind: Kind::Text, value: |thing| thing.id.into() };
    }

    fn order(text: &str) -> Order<Thing> {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_is_read_and_written() {
        for text in ["size", "-size", "name,-size"] {
            assert_eq!(order(text).to_string(), text);
        }
        assert_eq!(order("size,-size,size").to_string(), "size");
        for wrong in ["", "colour", "size,", "--size", "size name", " size"] {
            assert!(wrong.parse::<Order<Thing>>().is_err(), "{wrong}");
        }
        assert!("colour".parse::<Order<Thing>>().unwrap_err().to_string().contains("size, name"));
    }

    #[test]
    fn the_key_decides_last_and_goes_the_way_of_the_last_field() {
        let at = |n: usize| (1..=n).map(|n| format!("${n}")).collect::<Vec<_>>();
        let up = Order::<Thing>::default();
        assert_eq!((up.clause().as_str(), up.behind(&at(1)).as_str()), (" order by t.id", "t.id > $1"));
        let mixed = order("size,-name");
        assert_eq!(mixed.clause(), " order by t.size, t.name desc, t.id desc");
        assert_eq!(
            mixed.behind(&at(3)),
            "t.size >= $1 and (t.size > $1 or (t.size = $1 and (t.name < $2 or (t.name = $2 and t.id < $3))))"
        );
    }

    #[test]
    fn a_place_belongs_to_its_order() {
        let thing = Thing { id: "a", size: 3, name: "n" };
        let place = order("size").place(&thing);
        assert_eq!(place, Place(vec![3_i64.into(), "a".into()]));
        assert!(Seek::behind(order("size"), place.clone(), 1).is_some());
        assert!(Seek::behind(order("-size"), place.clone(), 1).is_some());
        for other in ["name", "size,name"] {
            assert!(Seek::behind(order(other), place.clone(), 1).is_none(), "{other}");
        }
        assert!(Seek::behind(Order::<Thing>::default(), place, 1).is_none());
    }
}
