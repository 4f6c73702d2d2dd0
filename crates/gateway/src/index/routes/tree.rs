//! Finds the route of a path, segment by segment.

use std::{
    borrow::Cow,
    hash::{Hash, Hasher},
};

use hashbrown::{Equivalent, HashMap};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

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
    /// Below a node by a literal segment.
    literals: HashMap<Literal, u32, FxBuildHasher>,
}

#[derive(Debug, Default)]
struct Node {
    has_literals: bool,
    place: Option<u32>,
    /// Takes all that follows.
    rest: Option<RouteSlot>,
    /// Ends here.
    here: Option<RouteSlot>,
}

#[derive(Debug, PartialEq, Eq)]
struct Literal {
    below: u32,
    /// In place as far as it fits: most do, and are then compared without another look into memory.
    segment: SmallVec<[u8; 20]>,
}

/// The same as it is asked for.
#[derive(Hash)]
struct Segment<'path> {
    below: u32,
    segment: &'path [u8],
}

impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Segment { below: self.below, segment: &self.segment }.hash(state);
    }
}

impl Equivalent<Literal> for Segment<'_> {
    fn equivalent(&self, literal: &Literal) -> bool {
        self.below == literal.below && *self.segment == *literal.segment
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], literals: HashMap::default() }
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
            node.has_literals = true;
            *self
                .literals
                .entry(Literal { below: at, segment: SmallVec::from_slice(segment.as_bytes()) })
                .or_insert(new)
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// The route of a normalised path.
    pub(super) fn find(&self, path: &str) -> Option<RouteSlot> {
        self.find_below(0, path.as_bytes().strip_prefix(b"/")?)
    }

    /// No deeper than the deepest template, which has 32 segments.
    fn find_below(&self, at: u32, path: &[u8]) -> Option<RouteSlot> {
        let node = self.nodes.get(wide(at))?;
        let end = path.iter().position(|byte| *byte == b'/');
        let (segment, after) = match end.and_then(|end| path.split_at_checked(end)) {
            Some((segment, after)) => (segment, after.get(1..)),
            None => (path, None),
        };
        let go_on = |child: u32| match after {
            Some(after) => self.find_below(child, after),
            None => self.nodes.get(wide(child))?.here,
        };
        let literal = if node.has_literals { self.literal(at, segment) } else { None };
        literal
            .and_then(go_on)
            .or_else(|| node.place.filter(|_| !segment.is_empty()).and_then(go_on))
            .or_else(|| node.rest.filter(|_| !path.is_empty()))
    }

    fn literal(&self, below: u32, segment: &[u8]) -> Option<u32> {
        self.literals.get(&Segment { below, segment: &spelled_out(segment) }).copied()
    }
}

/// A segment with the escapes of those characters decoded that a literal segment may hold. Most servers take
/// `/orders%3Aexport` for `/orders:export`: it must not pass here as `/{anything}`.
fn spelled_out(segment: &[u8]) -> Cow<'_, [u8]> {
    if !segment.contains(&b'%') {
        return Cow::Borrowed(segment);
    }
    let mut spelled = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *byte == b'%').and_then(hex_value);
        match escaped.filter(|escaped| b"!$&'()+,;=:@".contains(escaped)) {
            Some(escaped) => {
                spelled.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                spelled.push(*byte);
                rest = after;
            }
        }
    }
    Cow::Owned(spelled)
}
