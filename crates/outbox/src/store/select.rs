//! A question whose conditions depend on what is asked for.

use super::Value;

pub(crate) struct Select {
    sql: String,
    values: Vec<Value>,
}

impl Select {
    /// A statement that ends in a condition.
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.trim_end().to_owned(), values: vec![] }
    }

    /// `condition` names the value as `{}`.
    pub(crate) fn and(mut self, condition: &str, value: impl Into<Value>) -> Self {
        let place = self.place(value.into());
        self.sql.push_str(" and ");
        self.sql.push_str(&condition.replace("{}", &place));
        self
    }

    pub(crate) fn and_some(self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// One of these; none: any.
    pub(crate) fn and_one_of(mut self, column: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let places: Vec<_> = values.into_iter().map(|value| self.place(value)).collect();
        if !places.is_empty() {
            self.sql.push_str(&format!(" and {column} in ({})", places.join(", ")));
        }
        self
    }

    pub(crate) fn then(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }

    pub(crate) fn limit(mut self, rows_max: u32) -> Self {
        let place = self.place(rows_max.into());
        self.sql.push_str(&format!(" limit {place}"));
        self
    }

    pub(crate) fn into_parts(self) -> (String, Vec<Value>) {
        (self.sql, self.values)
    }

    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}
