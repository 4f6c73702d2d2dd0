//! The rules of access against another program's: what `domain::access` decides, Cedar decides too, by policies that
//! are made from the same table.

#[cfg(test)]
mod policies;
#[cfg(test)]
mod tests;
