//! `docs/access.md`: the table for people. A test holds the file to it.

use std::fmt::Write as _;

use super::{Access, Permission, Role};

const HEAD: &str = "\
# Who may do what

A principal is a person or a service account. It may do what its *grants* allow, and nothing else: a grant is a role within a
scope, given by somebody for a reason, perhaps until a time. This page is made from the table that the
program itself decides by (`crates/domain/src/access/role.rs`); a test holds the two together. `GET /v1/roles`
answers the same, and each operation of `/openapi.json` names its permission in `x-tollgate-permission`
(`none: …` where it is something else that is needed).

## Roles
";

const TAIL: &str = "
*look*: reads. *act*: changes something. **people**: never a service account, whatever it was granted.

## Scopes

| scope | reaches |
|---|---|
| `{\"kind\": \"all\"}` | the whole installation |
| `{\"kind\": \"limited\", \"team\": \"Orders\"}` | the clients that this team owns, their keys, and what was recorded of them |
| `{\"kind\": \"limited\", \"environments\": [\"prod\"]}` | clients that may call there, keys of that environment |
| `{\"kind\": \"limited\", \"team\": …, \"environments\": […]}` | what both reach |

* A scope that names neither reaches nothing and is refused. An empty set never means all.
* One grant has to allow all of a change. Who holds `prod` and `sandbox` by two grants cannot change a client that lies in
  both; one grant may name up to 16 environments.
* To see a client it is enough that it lies in one environment of the scope. To change it, each environment that the change
  touches has to be in the scope.
* Routes, policies, the gateway's nodes and the installation belong to nobody: a limited grant sees them and changes none. What is told
  of them with it goes by its reach: a route is called if a call that one sees called it (known to the quarter of an hour), a policy
  binds if an assignment that one sees does, and contradictions are looked for among these.
* Rows of an import are each their client's: those of clients out of reach are refused like those of clients that are not there. That a
  secret, or a name in the other system, is taken already is told whosever key it is.
* What you may not see is answered like what is not there (404). What you see and may not change is refused
  (403, `permission_denied`). Lists and reports hold what you may see and nothing else. An answer to a command that was given before
  (`Idempotency-Key`) is for whoever could give it still.
* The log as a file (`audit.export`), its observations, dead letters of all webhooks and erasures are everybody's: for a grant over
  everything alone.

## Giving and withdrawing

* Nobody gives more than they hold: each permission of the role, in a scope that covers the new one, for at least as long.
* A service account manages neither principals nor grants, and cannot be given `access_admin` or `break_glass`.
* The last administrator can neither be withdrawn nor disabled.

## Two people

* A rule (`POST /v1/approval-rules`) says what one person is not enough for: a permission, everywhere or in one environment. Such a write
  is answered 202 with an approval; another person with `approval.decide` and the permission itself over the same things approves it, and
  whoever proposed it gives the same request again with `Tollgate-Approval`. It is done once, within 24 hours.
* Nobody approves their own, and no service account approves. What only makes less possible (revoke, suspend, disable, withdraw, lower a
  limit) never waits: a rule on `key.revoke` holds up that a planned revocation is called off, and no revocation. Ending a rule needs two people itself.

## The first administrator, and emergencies

* An installation begins with one token that may do everything. `POST /v1/claim` (`tollgate claim`) makes the first administrator, a
  person, with a token of their own, and the first one opens nothing from then on. It is done once.
* Whoever claimed has a new token made for themselves, and for nobody else: `POST /v1/principals/{id}/rotate-token`
  (`tollgate principal rotate-token`), which needs `principal.write`, with an overlap of at most 30 days. `…/revoke-token` ends the tokens
  of another at once, also those of the last administrator. Other people have no tokens and sign in.
* Where nobody is left who could let anybody in, `tollgate access recover --reason …` on the machine makes a token for one more claim,
  which ends within the hour. It is on record who did so and why.
* Who holds `break_glass.open` makes themselves an administrator for 1 to 240 minutes (`POST /v1/principals/{id}/break-glass`), with
  a reason. The event names whom to tell, every command meanwhile says `break_glass` in its `allowed_by`, and disabling the person
  ends it.
";

/// The page, as Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = format!("{HEAD}\n| role | for |\n|---|---|\n");
    for role in Role::ALL {
        line(&mut page, &[format!("`{}`", role.as_str()), role.says().to_owned()]);
    }
    page.push_str("\n## Permissions\n\n");
    let mut head = vec!["permission".to_owned(), String::new()];
    head.extend(Role::ALL.map(|role| role.as_str().replace('_', " ")));
    line(&mut page, &head);
    page.push_str(&format!("|{}\n", "---|".repeat(head.len())));
    for permission in Permission::ALL {
        line(&mut page, &row(permission));
    }
    page.push_str("\n| permission | what it is |\n|---|---|\n");
    for permission in Permission::ALL {
        line(&mut page, &[format!("`{}`", permission.as_str()), permission.says().to_owned()]);
    }
    page.push_str(TAIL);
    page
}

fn row(permission: Permission) -> Vec<String> {
    let kind = match permission.access() {
        Access::Read => "look",
        Access::Write if permission.is_for_people() => "act, **people**",
        Access::Write => "act",
    };
    let mut cells = vec![format!("`{}`", permission.as_str()), kind.to_owned()];
    cells.extend(Role::ALL.map(|role| if role.holds(permission) { "●".to_owned() } else { String::new() }));
    cells
}

fn line(page: &mut String, cells: &[String]) {
    // Writing into a text cannot fail.
    let _written = writeln!(page, "| {} |", cells.join(" | "));
}
