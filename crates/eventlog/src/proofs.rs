//! Proofs about the log, from few rows: the hashes of every eighth level of the tree are kept beside it. Source: ADR 0032.

use std::collections::{BTreeMap, HashMap};

use domain::Position;

use crate::{
    EventLog, LogFailure,
    log::Engine,
    merkle::{self, Hash, Node, Part, Tree},
};

/// A tile's height: its hashes are of one level, and make one hash of the next.
const LEVELS: u32 = 8;

/// Proof that an event is in the log of that size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    pub position: Position,
    pub size: Position,
    pub leaf_hash: Hash,
    /// From the leaf's side upwards.
    pub hashes: Vec<Hash>,
}

/// A stored hash lies here: `level` is a multiple of [`LEVELS`], and 0 are the leaves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tile {
    level: u32,
    index: u64,
}

/// From and to, without the last, among the hashes of a level.
type Run = (u64, u64);

impl EventLog {
    /// Proves that an event is in the log of that size. None where there is no such event in it.
    ///
    /// Only for sizes up to the newest checkpoint's: beyond it no hashes of subtrees are kept yet.
    ///
    /// # Errors
    /// When the store cannot be read, or the hashes are not there yet.
    pub async fn inclusion(
        &self,
        position: Position,
        size: Position,
    ) -> Result<Option<Inclusion>, LogFailure> {
        let Some(leaf) = position.get().checked_sub(1).filter(|leaf| *leaf < size.get()) else {
            return Ok(None);
        };
        let own = Part { from: leaf, until: position.get() };
        let parts = merkle::inclusion_parts(leaf, size.get());
        let mut hashes = self.hashes_of(&[&[own], parts.as_slice()].concat()).await?;
        let leaf_hash = hashes.remove(0);
        Ok(Some(Inclusion { position, size, leaf_hash, hashes }))
    }

    /// Proves that the log of the size `new` begins with the log of the size `old`, which is no larger.
    ///
    /// # Errors
    /// As [`Self::inclusion`].
    pub async fn consistency(&self, old: Position, new: Position) -> Result<Vec<Hash>, LogFailure> {
        self.hashes_of(&merkle::consistency_parts(old.get(), new.get())).await
    }

    /// The root over the first leaves, from the hashes of subtrees that are kept.
    ///
    /// # Errors
    /// As [`Self::inclusion`].
    pub async fn root(&self, size: Position) -> Result<Hash, LogFailure> {
        Ok(self.peaks(size).await?.root())
    }

    /// The tree over the first leaves, from the hashes of subtrees that are kept.
    ///
    /// # Errors
    /// As [`Self::inclusion`].
    pub async fn peaks(&self, size: Position) -> Result<Tree, LogFailure> {
        let nodes = Part::whole(size.get()).nodes();
        let found = self.nodes(&nodes).await?;
        let peaks = nodes.iter().filter_map(|node| found.get(node).copied()).collect();
        Tree::of_peaks(size.get(), peaks).ok_or_else(|| missing(size))
    }

    async fn hashes_of(&self, parts: &[Part]) -> Result<Vec<Hash>, LogFailure> {
        let of_each: Vec<Vec<Node>> = parts.iter().map(|part| part.nodes()).collect();
        let found = self.nodes(&of_each.concat()).await?;
        let hash = |nodes: &Vec<Node>| {
            let hashes: Option<Vec<Hash>> = nodes.iter().map(|node| found.get(node).copied()).collect();
            hashes.map(|hashes| merkle::join(&hashes)).ok_or_else(|| missing(Position::START))
        };
        of_each.iter().map(hash).collect()
    }

    /// The hashes of complete subtrees: each tile that they need is read once.
    async fn nodes(&self, nodes: &[Node]) -> Result<HashMap<Node, Hash>, LogFailure> {
        let mut runs: BTreeMap<Tile, Run> = BTreeMap::new();
        for (tile, (from, until)) in nodes.iter().map(|node| stored(*node)) {
            let run = runs.entry(tile).or_insert((from, until));
            *run = (run.0.min(from), run.1.max(until));
        }
        let mut tiles = BTreeMap::new();
        for (tile, (from, until)) in runs {
            let hashes = self.run(tile.level, from, until).await?;
            tiles.insert(tile, (from, hashes));
        }
        let mut found = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let (tile, (from, until)) = stored(*node);
            let of_tile = tiles.get(&tile).and_then(|(first, hashes): &(u64, Vec<Hash>)| {
                let at = |number: u64| usize::try_from(number.checked_sub(*first)?).ok();
                hashes.get(at(from)?..at(until)?)
            });
            let mut tree = Tree::default();
            of_tile.ok_or_else(|| missing(Position::START))?.iter().for_each(|hash| tree.push(*hash));
            found.insert(*node, tree.root());
        }
        Ok(found)
    }

    async fn run(&self, level: u32, from: u64, until: u64) -> Result<Vec<Hash>, LogFailure> {
        let rows = if level == 0 {
            self.leaves(Position::new(from), Position::new(until)).await?
        } else {
            match self.engine() {
                Engine::Sqlite(log) => log.subtrees(level, from, until).await?,
                Engine::Postgres(log) => log.subtrees(level, from, until).await?,
            }
        };
        let hash = |row: Vec<u8>| {
            row.try_into()
                .map_err(|_: Vec<u8>| LogFailure::Checkpoint { source: "a hash is not 32 bytes".into() })
        };
        rows.into_iter().map(hash).collect()
    }

    /// Up to which leaf the hashes of subtrees are kept.
    pub(crate) async fn subtrees_until(&self) -> Result<u64, LogFailure> {
        let lowest = match self.engine() {
            Engine::Sqlite(log) => log.subtrees_until().await?,
            Engine::Postgres(log) => log.subtrees_until().await?,
        };
        Ok(u64::try_from(lowest).unwrap_or_default() << LEVELS)
    }
}

/// Whether a subtree's hash is kept.
pub(crate) fn is_kept(node: Node) -> bool {
    node.height > 0 && node.height.is_multiple_of(LEVELS)
}

/// Where the hashes are that make this one: at most half a tile of them, side by side.
fn stored(node: Node) -> (Tile, Run) {
    let above = node.height % LEVELS;
    let level = node.height - above;
    let (from, until) = (node.index << above, node.index.saturating_add(1) << above);
    (Tile { level, index: from >> LEVELS }, (from, until))
}

fn missing(size: Position) -> LogFailure {
    LogFailure::Read { after: size, source: "hashes of the log's tree are missing".into() }
}
