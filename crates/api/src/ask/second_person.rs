//! Where rules say that one person is not enough: the request waits, and is done once when another has allowed it.
//!
//! Source: ADR 0036.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{
    Aggregate as _, ApprovalId, PrincipalId,
    access::{Principal, PrincipalKind, authorize},
    approval::{
        Approval, ApprovalCommand, ApprovedBy, CommandHash, Need, Propose, RedeemApproval, lowers_risk,
    },
    personal::PersonalValue,
    rate_limit_policy::RateLimitPolicy,
};
use eventlog::{Execute, Stored};
use http::{HeaderMap, HeaderName, Uri, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Ask, command::unexecuted};
use crate::{
    dry_run::{DryRun, Instead, Proposed, Rehearsal},
    guard::Needs,
    path::Named,
    problem::{Problem, kinds},
    random::{id_parts, salt},
    routes::approvals::{known, view::ApprovalView},
};

const APPROVAL: HeaderName = HeaderName::from_static("tollgate-approval");
/// What is kept of a request for whoever decides.
const ASKED_BYTES_MAX: usize = 16 * 1024;
/// An event names no more people.
const TOLD_MAX: usize = 50;

/// What a request says of a second person.
pub(super) struct Second {
    /// The approval that the request comes with.
    pub(super) approval: Option<ApprovalId>,
    path: String,
    /// Whether it waits whatever the rules say.
    always: AtomicBool,
    /// Whether the approval is redeemed: one request may give many commands.
    redeemed: AtomicBool,
}

impl Second {
    pub(super) fn of(headers: &HeaderMap, uri: &Uri) -> Result<Self, Problem> {
        let mut fields = headers.get_all(APPROVAL).iter();
        let approval = match (fields.next(), fields.next()) {
            (None, _) => None,
            (Some(field), None) => {
                let id = field.to_str().ok().and_then(|text| text.parse().ok());
                Some(id.ok_or_else(|| Problem::new(kinds::APPROVAL_INVALID))?)
            }
            (Some(_), Some(_)) => return Err(Problem::new(kinds::APPROVAL_INVALID)),
        };
        let path = uri.path_and_query().map_or(uri.path(), http::uri::PathAndQuery::as_str).to_owned();
        Ok(Self { approval, path, always: AtomicBool::default(), redeemed: AtomicBool::default() })
    }
}

impl<P: Needs, W, Q> Ask<P, W, Q> {
    /// Lets the request wait whatever the rules say.
    pub(crate) fn needs_second_person(&self) {
        self.second.always.store(true, Ordering::Relaxed);
    }

    /// Whether a rule is about what was judged so far.
    fn is_guarded(&self) -> bool {
        let access = &self.door().api().access;
        self.second.always.load(Ordering::Relaxed)
            || self.judged().iter().any(|need| access.guards(need.permission, &need.facts))
    }

    /// Whether these events wait for a second person.
    pub(super) async fn waits<A: Stored>(&self, id: A::Id, events: &[A::Event]) -> Result<bool, Problem> {
        if !self.is_guarded() {
            return Ok(false);
        }
        let policy = match id.to_string().parse() {
            Ok(id) if A::TYPE == RateLimitPolicy::TYPE => {
                let loaded = self.log().load::<RateLimitPolicy>(id).await;
                loaded.map_err(|failure| Problem::failed(&failure))?.state.spec().cloned()
            }
            Ok(_) | Err(_) => None,
        };
        Ok(!events.iter().all(|event| lowers_risk(&A::wrap(id, event.clone()), policy.as_ref())))
    }

    /// Goes on if nothing has to wait, or if another person has allowed it; or ends the request with what then waits.
    pub(super) async fn pass<A: Stored>(
        &self,
        ask: &mut Execute<A>,
        missing: fn() -> Problem,
    ) -> Result<(), Instead> {
        if !self.is_guarded() {
            return Ok(());
        }
        if !self.second.redeemed.load(Ordering::Relaxed) {
            let rehearsal = self.rehearse::<A>(ask, vec![], missing).await?;
            if !rehearsal.waits() {
                // That there is nothing to wait for was decided on this version, and stands on no other: what a change takes
                // away or gives depends on what there is.
                let on_version =
                    rehearsal.is_idle() || A::TYPE == RateLimitPolicy::TYPE || self.if_match.is_some();
                if on_version && rehearsal.seen() > 0 {
                    ask.expected_version.get_or_insert(rehearsal.seen());
                }
                return Ok(());
            }
            match self.second.approval {
                None => return Err(self.propose(ask, rehearsal).await?),
                Some(id) => self.redeem(id).await?,
            }
            self.second.redeemed.store(true, Ordering::Relaxed);
        }
        if let Some(id) = self.second.approval {
            ask.metadata.allowed_by = format!("{} approval:{id}", ask.metadata.allowed_by);
        }
        Ok(())
    }

    /// Puts the request on record for another person to decide on. One that is given twice waits once.
    async fn propose<A: Stored>(&self, ask: &Execute<A>, rehearsal: Rehearsal) -> Result<Instead, Problem> {
        let (api, now, command_hash) = (self.door().api(), self.now(), self.command_hash());
        let proposer = self.principal().id.clone();
        if let Some(id) = api.access.open_approval(&proposer, command_hash, now) {
            return Ok(self.waiting(id).await);
        }
        let asked = self.asked(rehearsal, &ask.personal).await?;
        let needs = self.judged();
        let told = api.access.deciders(&needs, &proposer, now, TOLD_MAX);
        let (unix_ms, random) = id_parts(self.random(), now);
        let id = ApprovalId::from_parts(unix_ms, random);
        let command = ApprovalCommand::Propose(Propose {
            now,
            proposer,
            method: self.method.to_string(),
            path: self.second.path.clone(),
            command_hash,
            needs,
            asked: asked.as_ref().map(PersonalValue::commitment),
            reason: ask.metadata.reason.as_ref().and_then(|reason| reason.parse().ok()),
            told,
        });
        self.record(id, command, asked).await?;
        Ok(self.waiting(id).await)
    }

    /// It is on record: that it cannot be shown now is no failure.
    async fn waiting(&self, id: ApprovalId) -> Instead {
        let known = known(self.door(), id, 0).await.unwrap_or_default();
        let view = known.map(|known| ApprovalView::of(id, known, self.now()));
        Instead::Proposed(Box::new(Proposed { id, view }))
    }

    /// What whoever decides is to see: the body, and what it would do. Without the values of people: an erasure would not
    /// find them here.
    async fn asked(
        &self,
        rehearsal: Rehearsal,
        people: &[PersonalValue],
    ) -> Result<Option<PersonalValue>, Problem> {
        let dry_run = Box::pin(DryRun::of(&self.allowed, vec![rehearsal], false)).await?;
        // Rows of an import are what secrets are recognised by.
        let rows = self.media_type() != "application/json";
        let body = serde_json::from_slice::<Value>(&self.body).ok().filter(|_| !rows);
        let mut asked = json!({ "body": body, "dry_run": dry_run.view() });
        without_people(&mut asked, people);
        let text = asked.to_string();
        Ok((text.len() <= ASKED_BYTES_MAX).then(|| PersonalValue::new(salt(self.random()), &text)))
    }

    /// The request, to the letter: its method, its address, its body whatever the order of its members, and the version
    /// that it names. Each part is preceded by its length.
    fn command_hash(&self) -> CommandHash {
        let body = match serde_json::from_slice::<Value>(&self.body) {
            Ok(body) => body.to_string().into_bytes(),
            Err(_) => self.body.to_vec(),
        };
        let if_match = self.headers.get(header::IF_MATCH).map(|field| field.as_bytes()).unwrap_or_default();
        let parts = [self.method.as_str().as_bytes(), self.second.path.as_bytes(), &body, if_match];
        let hashed = parts.iter().fold(Sha256::new(), |digest, part| {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            digest.chain_update(length.to_be_bytes()).chain_update(part)
        });
        CommandHash::new(hashed.finalize().into())
    }

    async fn redeem(&self, id: ApprovalId) -> Result<(), Problem> {
        let loaded = self.log().load::<Approval>(id).await.map_err(|failure| Problem::failed(&failure))?;
        let approver_holds = loaded.state.approved_by().is_some_and(|by| self.still_holds(by));
        let command = ApprovalCommand::Redeem(RedeemApproval {
            now: self.now(),
            by: self.principal().id.clone(),
            command_hash: self.command_hash(),
            approver_holds,
            // Commands that are many have no name that the log would take once.
            is_named: self.claim.is_some(),
        });
        self.record(id, command, None).await
    }

    /// Whether whoever has approved could do it themselves still. What an identity provider says of them is known while
    /// they are signed in alone: of them it is enough that they are not disabled.
    fn still_holds(&self, by: &ApprovedBy) -> bool {
        let (access, now) = (&self.door().api().access, self.now());
        let Ok(id) = by.by.parse::<PrincipalId>() else { return false };
        if !access.is_enabled(id) {
            return false;
        }
        if by.grant_id.is_none() {
            return true;
        }
        let (id, grants) = (id.to_string(), access.held(id, now));
        let who = Principal { id, kind: PrincipalKind::Person, authenticated_by: "approval", grants };
        self.judged().iter().all(|need: &Need| authorize(&who, need.permission, &need.facts, now).is_ok())
    }

    /// Puts an event of an approval on record, and waits until this process knows of it.
    async fn record(
        &self,
        id: ApprovalId,
        command: ApprovalCommand,
        asked: Option<PersonalValue>,
    ) -> Result<(), Problem> {
        let (metadata, address) = self.metadata(None, None);
        let personal = asked.into_iter().chain(address).collect();
        let ask: Execute<Approval> =
            Execute { id, command, metadata, expected_version: None, idempotency: None, personal };
        let done = Box::pin(self.log().execute(ask)).await;
        let done = done.map_err(|why| unexecuted(why, <ApprovalId as Named>::missing))?;
        let position = self.position(done.place).await;
        self.know::<Approval>(position).await;
        Ok(())
    }
}

/// Puts a word in the place of each of these values, and of whomever the blast radius names.
fn without_people(value: &mut Value, people: &[PersonalValue]) {
    match value {
        Value::String(text) if people.iter().any(|person| person.text() == text) => {
            *text = "(personal)".to_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without_people(item, people)),
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "contacts" | "owners" => blank(member),
                    _ => without_people(member, people),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The same of names and addresses, whosever they are.
fn blank(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(members) => {
            for (name, member) in members {
                if let ("name" | "email", Value::String(text)) = (name.as_str(), member) {
                    *text = "(personal)".to_owned();
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
