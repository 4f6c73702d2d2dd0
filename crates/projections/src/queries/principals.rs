//! People and service accounts: one, and lists.

use domain::{PrincipalId, access::Reach};

pub use crate::principal_directory::{PrincipalRow, TokenRow};
use crate::{
    BadColumn, Columns, PrincipalKind, PrincipalStatus, ReadFailure, ReadModel, Stored,
    queries::{
        Page, Select,
        select::{Belongs, Places},
    },
};

/// Which of them; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalFilter {
    pub status: Option<PrincipalStatus>,
    /// In any case.
    pub name_contains: Option<String>,
    /// Of a service account.
    pub team: Option<String>,
}

/// A service account is its team's, and in no environment.
const TEAMS: Belongs = Belongs { team: Some("team = {}"), environment: Places::Nowhere };

/// With the last use of its tokens.
struct Used(PrincipalRow);

impl Stored for Used {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let last_used_at = columns.time_or_none("last_used_at_us")?;
        Ok(Self(PrincipalRow { last_used_at, ..PrincipalRow::read(columns)? }))
    }
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: PrincipalId) -> Result<Option<PrincipalRow>, ReadFailure> {
    let select = Select::new(include_str!("principals/select.sql"), vec![]).and("principal_id = {}", id);
    Ok(model.fetch_one(select).await?.map(|Used(row)| row))
}

/// Of one kind, in the order of their ids, which is that of their making. People belong to nobody: whoever sees one sees
/// all; of service accounts, those in reach.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    kind: PrincipalKind,
    filter: &PrincipalFilter,
    reach: &Reach,
    page: &Page,
) -> Result<Vec<PrincipalRow>, ReadFailure> {
    let PrincipalFilter { status, name_contains, team } = filter;
    let select = Select::new(include_str!("principals/select.sql"), vec![])
        .and("kind = {}", kind)
        .and_some("principal_id > {}", page.after.as_deref())
        .and_some("status = {}", *status)
        .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
        .and_some("team = {}", team.as_deref());
    let select = match kind {
        PrincipalKind::Person => select.and_shared(reach),
        PrincipalKind::ServiceAccount => select.and_within(reach, &TEAMS),
    };
    let rows: Vec<Used> = model.fetch(select.then(" order by principal_id").limit(page.limit)).await?;
    Ok(rows.into_iter().map(|Used(row)| row).collect())
}
