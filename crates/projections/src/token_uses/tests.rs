//! Uses are the same on both engines.

use domain::{
    access::Reach,
    principal::{Account, MakeServiceAccount, NewToken, PrincipalCommand},
};

use super::*;
use crate::{
    PrincipalKind,
    queries::{
        Page,
        principals::{self, PrincipalFilter},
    },
    testing::{Engine, History, at, on_every_engine, project, read_model, secret},
};

on_every_engine!(the_latest_minute_stays_and_is_shown);

fn account(n: u64) -> PrincipalId {
    PrincipalId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

fn made() -> PrincipalCommand {
    let token = NewToken { secret: secret(1), expires_at: at(86_400) };
    let [name, team] = ["deployment", "Payments"].map(|name| name.parse().unwrap());
    PrincipalCommand::MakeServiceAccount(MakeServiceAccount { now: at(0), name, team, token })
}

async fn the_latest_minute_stays_and_is_shown(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let history = History::default().when::<Account>(account(1), &made());
    project(&model, &history.when::<Account>(account(2), &made()), 100).await;
    let shown = async || principals::get(&model, account(1)).await.unwrap().unwrap().last_used_at;
    assert_eq!(shown().await, None);
    for (second, expected) in [(119, 60), (61, 60), (59, 60), (180, 180), (60, 180)] {
        used(&model, account(1), at(second)).await.unwrap();
        assert_eq!(shown().await, Some(at(expected)), "after {second}");
    }
    let (filter, page) = (PrincipalFilter::default(), Page::first(10));
    let all =
        principals::list(&model, PrincipalKind::ServiceAccount, &filter, &Reach::Everything, &page).await;
    let all: Vec<_> = all.unwrap().into_iter().map(|row| (row.principal_id, row.last_used_at)).collect();
    assert_eq!(all, [(account(1), Some(at(180))), (account(2), None)]);
    // One that no read model knows of, yet or any more.
    used(&model, account(3), at(0)).await.unwrap();
}
