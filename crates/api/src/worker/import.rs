//! What becomes of each row of an import, when it is done and when it is only asked about.

use std::collections::{HashMap, HashSet};

use domain::{
    Aggregate as _, ClientId, KeyId, Name, OperationId, Refusal,
    access::Reach,
    api_client::ApiClient,
    api_key::{
        ApiKey, ApiKeyCommand, ApiKeyRefusal, ForeignSecret, ImportKey, ImportRefusal, Origin,
        imported_key_id,
    },
    operation::{Item, ItemResult, Run},
    secret::ForeignDigest,
};
use eventlog::{Execute, ExecuteError, Idempotency, LogFailure};
use projections::queries::clients;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::{Stuck, keys::refused, metadata};
use crate::{
    Api,
    imports::{ForeignKey, NamedClient, Row},
};

/// An import under way.
pub(crate) struct Importing<'run> {
    api: &'run Api,
    id: OperationId,
    run: &'run Run,
    clients: Clients<'run>,
}

impl<'run> Importing<'run> {
    pub(super) fn new(api: &'run Api, id: OperationId, run: &'run Run) -> Self {
        Self { api, id, run, clients: Clients::new(api) }
    }

    pub(super) async fn item(&self, number: u32, row: &Row) -> Result<Item, Stuck> {
        let Some(import) = &self.run.import else { return Err(LogFailure::NotSequenced.into()) };
        let now = self.api.clock.now();
        let wanted = match Wanted::of(row, &import.source, self.api, &self.clients).await? {
            Ok(wanted) => wanted,
            Err(refusal) => return Ok(refused(item(number, row, None, ItemResult::Refused), &refusal)),
        };
        let Wanted { key_id, command, idempotency } = wanted;
        let ask: Execute<ApiKey> = Execute {
            id: key_id,
            command: ApiKeyCommand::Import(command),
            metadata: metadata(self.id, self.run, now, &format!("{}/{number}", self.id)),
            expected_version: None,
            idempotency: Some(idempotency.clone()),
            personal: vec![],
        };
        let item = |key_id, result| item(number, row, key_id, result);
        Ok(match self.api.log.execute(ask).await {
            Ok(done) if done.events.is_empty() => item(Some(key_id), ItemResult::Unchanged),
            Ok(_) => item(Some(key_id), ItemResult::Applied),
            Err(ExecuteError::Repeated(known)) if known.request_digest == idempotency.request_digest => {
                item(Some(key_id), ItemResult::Unchanged)
            }
            Err(ExecuteError::Repeated(known)) => {
                let taken = taken_by(&known.aggregate_id, key_id);
                refused(item(None, ItemResult::Refused), &taken)
            }
            Err(ExecuteError::Refused(refusal)) => refused(item(None, ItemResult::Refused), &refusal),
            Err(ExecuteError::Failed(failure)) => return Err(failure.into()),
            Err(ExecuteError::VersionMismatch { .. }) => return Err(LogFailure::NotSequenced.into()),
        })
    }
}

/// Rows in their order, cut where one has the name or the secret of another before it: of two such rows the first
/// one wins, which is so only if it is done before the second is begun.
pub(super) fn apart<'row>(rows: impl Iterator<Item = (u32, &'row Row)>) -> Vec<Vec<(u32, &'row Row)>> {
    let mut waves = vec![vec![]];
    let (mut names, mut secrets) = (HashSet::new(), HashSet::new());
    for (number, row) in rows {
        if let Ok(key) = &row.key
            && (names.contains(&key.external_id) || secrets.contains(&key.sha256.fingerprint()))
        {
            waves.push(vec![]);
            names.clear();
            secrets.clear();
        }
        if let Ok(key) = &row.key {
            names.insert(&key.external_id);
            secrets.insert(key.sha256.fingerprint());
        }
        if let Some(wave) = waves.last_mut() {
            wave.push((number, row));
        }
    }
    waves
}

/// What the command is called that takes a secret over: no two keys ever have the same one.
pub(crate) fn foreign_secret(sha256: &ForeignDigest) -> String {
    format!("system:foreign-secret:{}", sha256.fingerprint())
}

fn item(number: u32, row: &Row, key_id: Option<KeyId>, result: ItemResult) -> Item {
    Item { number, subject: row.subject.clone(), key_id, result, code: None, detail: None }
}

fn taken_by(key: &str, otherwise: KeyId) -> ImportRefusal {
    ImportRefusal::SecretTaken { key_id: key.parse().unwrap_or(otherwise) }
}

/// What would become of a row.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) result: ItemResult,
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
}

impl Checked {
    fn well(result: ItemResult) -> Self {
        Self { result, code: None, detail: None }
    }

    fn refused(refusal: &impl Refusal) -> Self {
        let (code, detail) = (Some(refusal.code().to_owned()), Some(refusal.to_string()));
        Self { result: ItemResult::Refused, code, detail }
    }

    /// Asks the same rules and writes nothing: of rows before it [`Before`] knows.
    pub(crate) async fn of(
        row: &Row,
        source: &Name,
        api: &Api,
        clients: &Clients<'_>,
    ) -> Result<Self, Stuck> {
        let Wanted { key_id, command, idempotency } = match Wanted::of(row, source, api, clients).await? {
            Ok(wanted) => wanted,
            Err(refusal) => return Ok(Self::refused(&refusal)),
        };
        match api.log.recall(&idempotency.key).await? {
            Some(known) if known.request_digest != idempotency.request_digest => {
                return Ok(Self::refused(&taken_by(&known.aggregate_id, key_id)));
            }
            Some(_) | None => {}
        }
        let state = api.log.load::<ApiKey>(key_id).await?.state;
        Ok(match state.decide(&ApiKeyCommand::Import(command)) {
            Ok(events) if events.is_empty() => Self::well(ItemResult::Unchanged),
            Ok(_) => Self::well(ItemResult::Applied),
            Err(refusal) => Self::refused(&refusal),
        })
    }
}

/// The rows of an upload that would have made keys so far: those after them come upon what was not written.
#[derive(Default)]
pub(crate) struct Before<'rows> {
    keys: HashMap<&'rows Name, &'rows ForeignKey>,
    secrets: HashMap<[u8; 32], &'rows Name>,
}

impl<'rows> Before<'rows> {
    /// What would become of the next row, which by itself would come to that.
    pub(crate) fn judge(&mut self, row: &'rows Row, source: &Name, alone: Checked) -> Checked {
        let (Ok(key), ItemResult::Applied) = (&row.key, alone.result) else { return alone };
        let ForeignKey { external_id, client, environment, sha256, .. } = key;
        if let Some(before) = self.keys.get(external_id) {
            let same = (&before.client, &before.environment, &before.sha256) == (client, environment, sha256);
            let otherwise = ApiKeyRefusal::ImportedDifferently { external_id: external_id.clone() };
            return if same { Checked::well(ItemResult::Unchanged) } else { Checked::refused(&otherwise) };
        }
        if let Some(before) = self.secrets.get(sha256.as_bytes()) {
            return Checked::refused(&ImportRefusal::SecretTaken { key_id: imported_key_id(source, before) });
        }
        self.keys.insert(external_id, key);
        self.secrets.insert(*sha256.as_bytes(), external_id);
        alone
    }
}

/// The command that a row comes to.
struct Wanted {
    key_id: KeyId,
    command: ImportKey,
    /// Named by the secret, so that no two keys ever have the same one: the log holds each name once.
    idempotency: Idempotency,
}

impl Wanted {
    async fn of(
        row: &Row,
        source: &Name,
        api: &Api,
        clients: &Clients<'_>,
    ) -> Result<Result<Self, ImportRefusal>, Stuck> {
        let key = match &row.key {
            Ok(key) => key,
            Err(why) => return Ok(Err(ImportRefusal::RowInvalid { why: why.clone() })),
        };
        let client_id = match clients.find(&key.client).await? {
            Ok(client_id) => client_id,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let client = api.log.load::<ApiClient>(client_id).await?;
        let ForeignKey { external_id, environment, sha256, .. } = key;
        let key_id = imported_key_id(source, external_id);
        let row_digest = Sha256::new()
            .chain_update(key_id.to_string())
            .chain_update(client_id.to_string())
            .chain_update(environment.as_str());
        let idempotency =
            Idempotency { key: foreign_secret(sha256), request_digest: row_digest.finalize().into() };
        let command = ImportKey {
            now: api.clock.now(),
            client_id,
            client: client.state.facts(),
            name: key.name.clone(),
            environment: environment.clone(),
            scopes: key.scopes.clone(),
            not_before: key.not_before,
            expires_at: key.expires_at,
            allowed_cidrs: key.allowed_cidrs.clone(),
            secret: ForeignSecret { sha256: *sha256, hint: key.hint.clone() },
            origin: Origin {
                source: source.clone(),
                external_id: external_id.clone(),
                created_at: key.created_at,
            },
        };
        Ok(Ok(Self { key_id, command, idempotency }))
    }
}

/// The clients that rows name, each looked up once.
pub(crate) struct Clients<'run> {
    api: &'run Api,
    found: Mutex<HashMap<String, Result<ClientId, ImportRefusal>>>,
}

impl<'run> Clients<'run> {
    pub(crate) fn new(api: &'run Api) -> Self {
        Self { api, found: Mutex::default() }
    }

    async fn find(&self, client: &NamedClient) -> Result<Result<ClientId, ImportRefusal>, Stuck> {
        let name = match client {
            NamedClient::Id(id) => return Ok(Ok(*id)),
            NamedClient::Name(name) => name,
        };
        let mut found = self.found.lock().await;
        if let Some(known) = found.get(name) {
            return Ok(known.clone());
        }
        let rows = clients::named(&self.api.read, name, &Reach::Everything).await?;
        let client = || name.clone();
        let answer = match rows.as_slice() {
            [] => Err(ImportRefusal::NoSuchClient { client: client() }),
            [one] => Ok(one.client_id),
            [_, _, ..] => Err(ImportRefusal::ClientAmbiguous { client: client() }),
        };
        found.insert(name.clone(), answer.clone());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(external_id: &str, secret: &str) -> Row {
        let key = ForeignKey {
            external_id: external_id.parse().unwrap(),
            client: NamedClient::Name("Acme".to_owned()),
            name: "A".parse().unwrap(),
            environment: "prod".parse().unwrap(),
            sha256: domain::secret::ForeignDigest::of(secret).unwrap(),
            scopes: None,
            not_before: None,
            expires_at: None,
            allowed_cidrs: vec![],
            hint: String::new(),
            created_at: None,
        };
        Row { subject: external_id.to_owned(), key: Ok(key) }
    }

    #[test]
    fn rows_that_are_in_each_others_way_are_not_done_together() {
        let broken = Row { subject: "row 3".to_owned(), key: Err("broken".to_owned()) };
        let rows = [
            row("a", "secret-1"),
            row("b", "secret-2"),
            broken.clone(),
            broken,
            row("c", "secret-1"),
            row("d", "secret-3"),
            row("d", "secret-4"),
            row("a", "secret-5"),
        ];
        let waves: Vec<Vec<u32>> = apart((1..).zip(&rows))
            .into_iter()
            .map(|wave| wave.into_iter().map(|(number, _)| number).collect())
            .collect();
        assert_eq!(waves, [vec![1, 2, 3, 4], vec![5, 6], vec![7, 8]]);
        assert_eq!(apart([].into_iter()), [vec![]]);
    }
}
