//! Quarters and days as they would be, written by the server itself: counting so many batches would take longer than what is measured.

use std::time::Instant;

use anyhow::Result;
use domain::{ClientId, KeyId, RouteId, Timestamp};
use jiff::SignedDuration;
use tollgate_bench::now;

use crate::{Flags, Installation};

const CALLS: i64 = 12;
const MS: u64 = 1_772_366_400_000;

/// Each pair calls in its own quarters, evenly over the day. They are written as they are counted: a quarter after the other, and in
/// a quarter whoever calls first, which is no order.
const QUARTERS: &str = "
    insert into usage_quarter (start_s, client_id, key_id, secret_version, route_id, environment, outcome, calls)
    select $1 + ((c.n * 7 + r.n * 13 + k * (96 / $5)) % 96) * 900, c.id, c.key_id, 1, r.id, 'prod', 'allowed', $6
      from unnest($2::text[], $3::text[]) with ordinality as c(id, key_id, n),
           unnest($4::text[]) with ordinality as r(id, n), generate_series(0, $5 - 1) as k
     order by 1, md5(c.id || r.id)";
const DAYS: &str = "
    insert into usage_day (start_s, client_id, key_id, secret_version, route_id, environment, outcome, calls)
    select start_s / 86400 * 86400, client_id, key_id, secret_version, route_id, environment, outcome, sum(calls)::bigint
      from usage_quarter where start_s >= $1 and start_s < $1 + 86400 group by 1, 2, 3, 4, 5, 6, 7
     order by md5(client_id || route_id)";

/// Sums of the day for each client or route, of quarters or of days.
const OF_EACH: &str = "
    insert into usage_{grain}_of_{each} (start_s, {each}_id, environment, outcome, calls)
    select start_s, {each}_id, environment, outcome, sum(calls)::bigint
      from usage_{grain} where start_s >= $1 and start_s < $1 + 86400 group by 1, 2, 3, 4";
/// By which long windows are read in parts.
const CLIENTS: &str = "
    insert into client_directory (client_id, name, name_folded, kind, status, owner_team, contacts, environments, scopes, labels,
                                  version, position, registered_at_us, updated_at_us)
    select id, id, lower(id), 'partner', 'active', 'Partners', '[]', '[]', '[]', '{}', 1, 1, 1, 1 from unnest($1::text[]) as id";

pub(crate) async fn fill(here: &Installation, flags: &Flags) -> Result<()> {
    let began = Instant::now();
    let clients: Vec<String> = (0..flags.clients).map(|n| client(n).to_string()).collect();
    let keys: Vec<String> = (0..flags.clients).map(|n| key(n).to_string()).collect();
    let routes: Vec<String> = (0..flags.routes).map(|n| route(n).to_string()).collect();
    sqlx::query(CLIENTS).bind(&clients).execute(&here.pool).await?;
    let mut rows = 0;
    for day in 0..flags.days {
        let start_s = begins(flags)?.as_second() + i64::from(day) * 86_400;
        let quarters = sqlx::query(QUARTERS).bind(start_s).bind(&clients).bind(&keys).bind(&routes);
        rows += quarters
            .bind(i64::from(flags.quarters.clamp(1, 96)))
            .bind(CALLS)
            .execute(&here.pool)
            .await?
            .rows_affected();
        sqlx::query(DAYS).bind(start_s).execute(&here.pool).await?;
        for (grain, each) in
            [("quarter", "client"), ("day", "client"), ("quarter", "route"), ("day", "route")]
        {
            let sql = OF_EACH.replace("{grain}", grain).replace("{each}", each);
            sqlx::query(&sql).bind(start_s).execute(&here.pool).await?;
        }
    }
    println!(
        "filled with {rows} rows of quarters: {} clients, {} routes, {} days, in {:.1?}",
        flags.clients,
        flags.routes,
        flags.days,
        began.elapsed()
    );
    Ok(())
}

/// Where the days begin; they end at midnight before now.
pub(crate) fn begins(flags: &Flags) -> Result<Timestamp> {
    let midnight = now()?.as_second().div_euclid(86_400) * 86_400;
    Ok(Timestamp::from_second(midnight)? - SignedDuration::from_hours(24 * i64::from(flags.days)))
}

pub(crate) fn client(n: u32) -> ClientId {
    ClientId::from_parts(MS, u128::from(n))
}

pub(crate) fn key(n: u32) -> KeyId {
    KeyId::from_parts(MS, u128::from(n))
}

pub(crate) fn route(n: u32) -> RouteId {
    RouteId::from_parts(MS, u128::from(n))
}
