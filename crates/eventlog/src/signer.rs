//! Signs the log as it grows, and never a log that contradicts what was signed before. Source: ADR 0032.
//!
//! Before each signature the log must begin with every checkpoint that is known: the newest in the database, and the one
//! that was published outside it. A database that was restored from an older copy cannot know what was published since.

mod identity;
mod refusal;

pub use identity::{default_origin, renew_identity};
pub use refusal::{KnownBy, SignFailure, SignRefusal};

use domain::{Position, Timestamp};
use zeroize::Zeroizing;

use crate::{
    EventLog,
    checkpoint::{Checkpoint, CheckpointKey, Identity, SignedCheckpoint, Signing},
    merkle::{Hash, Node, Tree},
    note::{Note, NoteKey, VerifierKey},
    proofs::is_kept,
};

const LEAVES_AT_ONCE: u64 = 10_000;
/// Hashes of subtrees that are written together.
const SUBTREES_AT_ONCE: usize = 4_096;

/// The seeds of the keys that sign: the one in force, and while they overlap the one before it.
pub type SigningSeeds = Vec<Zeroizing<[u8; 32]>>;

/// The one who signs. There is to be one at a time: who gives the positions.
pub struct Signer {
    log: EventLog,
    seeds: SigningSeeds,
    /// The name that the settings ask for; none: one that follows from the first event.
    origin: Option<String>,
    /// Recomputed from the leaves by this process, and compared with what was signed.
    tree: Tree,
}

/// What the log must begin with.
struct Known {
    by: KnownBy,
    size: u64,
    root: Hash,
}

/// Under which name to sign, and what was signed under it so far.
struct Standing {
    identity: Identity,
    /// Whether it has yet to be put on record.
    is_new: bool,
    keys: Vec<NoteKey>,
    newest: Option<SignedCheckpoint>,
    known: Vec<Known>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer(of {} leaves)", self.tree.size())
    }
}

impl Signer {
    /// For this log; nothing is read yet.
    #[must_use]
    pub fn new(log: EventLog, seeds: SigningSeeds, origin: Option<String>) -> Self {
        Self { log, seeds, origin, tree: Tree::default() }
    }

    /// Whether the log can be signed on, as far as few rows tell: for the start of a server. `published` is the newest
    /// checkpoint outside the database.
    ///
    /// # Errors
    /// [`SignFailure::Refused`] when the log contradicts a known checkpoint.
    pub async fn check(&self, published: Option<&Note>, now: Timestamp) -> Result<(), SignFailure> {
        let head = self.log.head().get();
        let Some(standing) = self.standing(published, now).await? else { return Ok(()) };
        for known in &standing.known {
            known.check_size(head)?;
            // An imported log has no hashes of subtrees before it is signed the first time.
            let size = Position::new(known.size);
            let root = if self.log.subtrees_until().await? >= known.size & !0xff {
                self.log.root(size).await?
            } else {
                self.log.tree(size).await?.root()
            };
            known.check_root(&root)?;
        }
        Ok(())
    }

    /// Signs the log as it is now, and puts the checkpoint on record. None when this was signed before, by the same keys.
    ///
    /// # Errors
    /// [`SignFailure::Refused`] when the log contradicts a known checkpoint: it will not be signed.
    pub async fn sign(
        &mut self,
        published: Option<&Note>,
        now: Timestamp,
    ) -> Result<Option<SignedCheckpoint>, SignFailure> {
        let head = self.log.head().get();
        let Some(standing) = self.standing(published, now).await? else { return Ok(None) };
        standing.known.iter().try_for_each(|known| known.check_size(head))?;
        self.check_grown().await?;
        for known in &standing.known {
            self.reach(known).await?;
        }
        if standing.is_signed(head) {
            return Ok(None);
        }
        let subtrees = self.grow(head).await?;
        let checkpoint = standing.checkpoint(&self.tree, now)?;
        let keys = standing.new_keys(&checkpoint);
        let identity = standing.is_new.then_some(standing.identity);
        let signing = Signing { identity, subtrees, keys, checkpoint: Some(checkpoint.clone()) };
        self.log.write_signing(signing).await?;
        Ok(Some(checkpoint))
    }

    /// None while the log is empty: it has no name yet.
    async fn standing(
        &self,
        published: Option<&Note>,
        now: Timestamp,
    ) -> Result<Option<Standing>, SignFailure> {
        let identities = self.log.identities().await?;
        let (identity, is_new) = match identities.last() {
            Some(last) => (last.clone(), false),
            None => match identity::first(&self.log, self.origin.clone(), now).await? {
                Some(first) => (first, true),
                None => return identity::check_empty(published).map(|()| None),
            },
        };
        if let Some(asked) = self.origin.as_ref().filter(|asked| **asked != identity.origin) {
            let (asked, origin) = (asked.clone(), identity.origin);
            return Err(SignRefusal::Renamed { asked, origin }.into());
        }
        let make = |seed: &Zeroizing<[u8; 32]>| NoteKey::new(&identity.origin, seed);
        let keys: Vec<NoteKey> =
            self.seeds.iter().map(make).collect::<Result<_, _>>().map_err(SignRefusal::Key)?;
        let mut known_keys: Vec<VerifierKey> = keys.iter().map(NoteKey::verifier).collect();
        known_keys.extend(self.log.checkpoint_keys().await?.into_iter().map(|key| key.vkey));
        let newest = self.log.checkpoint().await?.filter(|newest| newest.identity == identity.number);
        let mut known = vec![];
        if let Some(newest) = &newest {
            known.push(Known::of(KnownBy::Database, &newest.note, &known_keys)?);
        }
        if let Some(note) = published
            && identity::is_continued(note, &identity, &identities)?
        {
            known.push(Known::of(KnownBy::Published, note, &known_keys)?);
        }
        known.sort_by_key(|known| known.size);
        Ok(Some(Standing { identity, is_new, keys, newest, known }))
    }

    /// What was recomputed before is still what the database has.
    async fn check_grown(&self) -> Result<(), SignFailure> {
        let size = self.tree.size();
        if size > 0 && self.log.root(Position::new(size)).await? != self.tree.root() {
            return Err(SignRefusal::Differs { by: KnownBy::Memory, size }.into());
        }
        Ok(())
    }

    /// Recomputes as far as a known checkpoint, from the leaves, and compares.
    async fn reach(&mut self, known: &Known) -> Result<(), SignFailure> {
        if known.size < self.tree.size() {
            return Ok(known.check_root(&self.log.root(Position::new(known.size)).await?)?);
        }
        let subtrees = self.grow(known.size).await?;
        self.log.write_signing(Signing { subtrees, ..Signing::default() }).await?;
        Ok(known.check_root(&self.tree.root())?)
    }

    /// Recomputes up to so many leaves; answers the hashes that are still to be kept.
    async fn grow(&mut self, until: u64) -> Result<Vec<(Node, Hash)>, SignFailure> {
        let mut subtrees = vec![];
        if self.tree.size() >= until {
            return Ok(subtrees);
        }
        let kept_until = self.log.subtrees_until().await?;
        while self.tree.size() < until {
            let after = self.tree.size();
            let to = until.min(after.saturating_add(LEAVES_AT_ONCE));
            let leaves = self.log.leaves(Position::new(after), Position::new(to)).await?;
            if leaves.is_empty() {
                return Err(SignRefusal::Shorter { by: KnownBy::Memory, size: until, head: after }.into());
            }
            for leaf in leaves {
                let leaf = leaf.try_into().map_err(|_| SignRefusal::Leaf { size: self.tree.size() })?;
                let is_new = self.tree.size() >= kept_until;
                self.tree.push_noting(leaf, |node, hash| {
                    if is_new && is_kept(node) {
                        subtrees.push((node, hash));
                    }
                });
            }
            if subtrees.len() >= SUBTREES_AT_ONCE {
                let subtrees = std::mem::take(&mut subtrees);
                self.log.write_signing(Signing { subtrees, ..Signing::default() }).await?;
            }
        }
        Ok(subtrees)
    }
}

impl Known {
    fn of(by: KnownBy, note: &Note, keys: &[VerifierKey]) -> Result<Self, SignRefusal> {
        let checkpoint = Checkpoint::verified(note, keys);
        let Checkpoint { origin: _, size, root } =
            checkpoint.map_err(|why| SignRefusal::Unverified { by, why })?;
        Ok(Self { by, size: size.get(), root })
    }

    fn check_size(&self, head: u64) -> Result<(), SignRefusal> {
        let Self { by, size, root: _ } = *self;
        if size > head { Err(SignRefusal::Shorter { by, size, head }) } else { Ok(()) }
    }

    fn check_root(&self, root: &Hash) -> Result<(), SignRefusal> {
        let Self { by, size, root: known } = self;
        if known == root { Ok(()) } else { Err(SignRefusal::Differs { by: *by, size: *size }) }
    }
}

impl Standing {
    /// Whether the newest checkpoint is of this size and bears the signatures of all keys and of no other.
    fn is_signed(&self, head: u64) -> bool {
        self.newest.as_ref().is_some_and(|newest| {
            let lines = newest.note.signatures();
            let keys = || self.keys.iter().map(NoteKey::verifier);
            newest.size.get() == head
                && lines.len() == self.keys.len()
                && lines.iter().zip(keys()).all(|(line, key)| key.is_named_by(line))
        })
    }

    fn checkpoint(&self, tree: &Tree, now: Timestamp) -> Result<SignedCheckpoint, SignRefusal> {
        let (size, root) = (Position::new(tree.size()), tree.root());
        let text = Checkpoint { origin: self.identity.origin.clone(), size, root }.to_string();
        let note = Note::new(text).map_err(|why| SignRefusal::Unverified { by: KnownBy::Memory, why })?;
        let note = self.keys.iter().fold(note, |note, key| {
            let signature = key.sign(note.text());
            note.signed(signature)
        });
        Ok(SignedCheckpoint { identity: self.identity.number, size, root, signed_at: now, note })
    }

    fn new_keys(&self, checkpoint: &SignedCheckpoint) -> Vec<CheckpointKey> {
        let known = |key: &NoteKey| CheckpointKey {
            vkey: key.verifier(),
            identity: self.identity.number,
            first_size: checkpoint.size,
            first_signed_at: checkpoint.signed_at,
        };
        self.keys.iter().map(known).collect()
    }
}
