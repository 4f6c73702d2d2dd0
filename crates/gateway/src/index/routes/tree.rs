//! Finds the route of a path, segment by segment.

use std::borrow::Cow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::{
    index::slots::{RouteSlot, wide},
    path::hex_value,
};

/// The templates of one host and method. Unlike a radix tree of the usual kind it takes every set of templates,
/// `/files/{id}` beside `/files/{*rest}` too; a look-up visits a node at most once.
#[derive(Debug)]
pub(super) struct Tree {
    /// The first is the root.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, u32, FxBuildHasher>,
    place: Option<u32>,
    /// Takes all that follows.
    rest: Option<RouteSlot>,
    /// Ends here.
    here: Option<RouteSlot>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Tree {
    /// Adds a template by its shape. What an earlier one takes stays with it.
    pub(super) fn insert(&mut self, shape: &str, route: RouteSlot) {
        let mut at = 0;
        for segment in shape.split('/').skip(1) {
            if segment.starts_with("{*") {
                if let Some(node) = self.nodes.get_mut(wide(at)) {
                    node.rest.get_or_insert(route);
                }
                return;
            }
            at = self.child(at, segment);
        }
        if let Some(node) = self.nodes.get_mut(wide(at)) {
            node.here.get_or_insert(route);
        }
    }

    fn child(&mut self, at: u32, segment: &str) -> u32 {
        let new = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let Some(node) = self.nodes.get_mut(wide(at)) else { return new };
        let child = if segment.starts_with('{') {
            *node.place.get_or_insert(new)
        } else {
            *node.literals.entry_ref(segment).or_insert(new)
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// The route of a normalised path.
    pub(super) fn find(&self, path: &str) -> Option<RouteSlot> {
        self.find_below(0, path.strip_prefix('/')?)
    }

    /// No deeper than the deepest template, which has 32 segments.
    fn find_below(&self, at: u32, path: &str) -> Option<RouteSlot> {
        let node = self.nodes.get(wide(at))?;
        let (segment, after) = match path.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (path, None),
        };
        let go_on = |child: u32| match after {
            Some(after) => self.find_below(child, after),
            None => self.nodes.get(wide(child))?.here,
        };
        let literal = node.literals.get(spelled_out(segment).as_ref()).copied();
        literal
            .and_then(go_on)
            .or_else(|| node.place.filter(|_| !segment.is_empty()).and_then(go_on))
            .or_else(|| node.rest.filter(|_| !path.is_empty()))
    }
}

/// A segment with the escapes of those characters decoded that a literal segment may hold. Most servers take
/// `/orders%3Aexport` for `/orders:export`: it must not pass here as `/{anything}`.
fn spelled_out(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut parts = segment.split('%');
    let mut spelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, after) = part.split_at_checked(2).unwrap_or((part, ""));
        match hex_value(escape.as_bytes()) {
            Some(byte) if b"!$&'()+,;=:@".contains(&byte) => spelled.push(char::from(byte)),
            Some(_) | None => {
                spelled.push('%');
                spelled.push_str(escape);
            }
        }
        spelled.push_str(after);
    }
    Cow::Owned(spelled)
}
