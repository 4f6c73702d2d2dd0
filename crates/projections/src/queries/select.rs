//! A statement from its file, with the conditions that were asked for.
//!
//! Only those: `$1 is null or column = $1` would read well and use no index.

use crate::{
    Value,
    queries::order::{Listed, Place, Seek},
};

/// A statement with its parameters, in the dialect that all engines share.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Select {
    /// Begins with the file's text, which ends in a `where` clause or needs none.
    pub(crate) fn new(file: &str, values: Vec<Value>) -> Self {
        Self { sql: file.trim_end().to_owned(), values }
    }

    /// Adds a condition, `{}` standing for the value.
    pub(crate) fn and(mut self, condition: &'static str, value: impl Into<Value>) -> Self {
        let place = self.bind(value.into());
        self.sql.push_str("\n   and ");
        self.sql.push_str(&condition.replace("{}", &place));
        self
    }

    /// The same where there is a value.
    pub(crate) fn and_some(self, condition: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// A condition on two values, `{0}` and `{1}`.
    pub(crate) fn and_both(
        mut self,
        condition: &'static str,
        first: impl Into<Value>,
        second: impl Into<Value>,
    ) -> Self {
        let (first, second) = (self.bind(first.into()), self.bind(second.into()));
        self.sql.push_str("\n   and ");
        self.sql.push_str(&condition.replace("{0}", &first).replace("{1}", &second));
        self
    }

    /// A condition on a list that is not empty, `{}` standing for all of it.
    pub(crate) fn and_in(mut self, condition: &'static str, values: impl Iterator<Item = Value>) -> Self {
        let places = values.map(|value| self.bind(value)).collect::<Vec<_>>().join(", ");
        self.sql.push_str("\n   and ");
        self.sql.push_str(&condition.replace("{}", &places));
        self
    }

    /// A text that the folded column begins with, whatever its case.
    pub(crate) fn and_begins(self, condition: &'static str, text: Option<&str>) -> Self {
        self.and_some(condition, text.map(|text| format!("{}%", escape_like(&text.to_lowercase()))))
    }

    /// A text that is contained in the folded column, whatever its case.
    pub(crate) fn and_contains(self, condition: &'static str, text: Option<&str>) -> Self {
        self.and_some(condition, text.map(|text| format!("%{}%", escape_like(&text.to_lowercase()))))
    }

    pub(crate) fn then(mut self, clause: &str) -> Self {
        self.sql.push('\n');
        self.sql.push_str(clause);
        self
    }

    pub(crate) fn limit(mut self, rows: u32) -> Self {
        let place = self.bind(rows.into());
        self.then(&format!(" limit {place}"))
    }

    /// A condition that was put together.
    pub(crate) fn and_made(mut self, condition: &str) -> Self {
        self.sql.push_str("\n   and ");
        self.sql.push_str(condition);
        self
    }

    /// One page in its order.
    pub(crate) fn page<Row: Listed>(mut self, seek: &Seek<Row>) -> Self {
        if let Some(Place(values)) = seek.after() {
            let places: Vec<_> = values.iter().map(|value| self.bind(value.clone())).collect();
            self = self.and_made(&seek.order.behind(&places));
        }
        self.then(&seek.order.clause()).limit(seek.limit)
    }

    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// A text as an item of a list in JSON.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// For `like … escape '\'`.
pub(crate) fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_added_in_order_and_only_where_given() {
        let select = Select::new("select a from t where b = $1\n", vec![Value::from("b")])
            .and_some("c = {}", None::<&str>)
            .and_contains("d like {} escape '\\'", Some("50%_Ä"))
            .then(" order by a")
            .limit(7);
        assert_eq!(
            select.sql,
            "select a from t where b = $1\n   and d like $2 escape '\\'\n order by a\n limit $3"
        );
        assert_eq!(select.values, vec!["b".into(), "%50\\%\\_ä%".into(), Value::Integer(7)]);
    }
}
