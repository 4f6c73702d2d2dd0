//! A schema is taken when it is exactly the one that this program knows.

use super::*;
use crate::{
    ReadModel,
    testing::{database, migrated},
};

async fn refusal(pool: &PgPool) -> String {
    ReadModel::open_postgres(pool.clone()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn an_empty_database_is_told_to_be_migrated() {
    let (_database, pool) = database().await;
    assert!(refusal(&pool).await.contains("run `tollgate migrate`"));
    migrate_postgres(&pool, None).await.unwrap();
    ReadModel::open_postgres(pool).await.unwrap();
}

#[tokio::test]
async fn migrating_again_or_at_once_changes_nothing() {
    let (_database, pool) = database().await;
    let (one, two) = tokio::join!(migrate_postgres(&pool, None), migrate_postgres(&pool, None));
    one.unwrap();
    two.unwrap();
    migrate_postgres(&pool, None).await.unwrap();
    ReadModel::open_postgres(pool).await.unwrap();
}

#[tokio::test]
async fn an_older_a_newer_and_an_altered_schema_are_refused() {
    let (_database, pool) = migrated().await;
    for (change, says) in [
        ("insert into _sqlx_migrations values (9999, 'later', now(), true, '\\x00', 1)", "newer Tollgate"),
        ("delete from _sqlx_migrations", "run `tollgate migrate`"),
    ] {
        sqlx::query(change).execute(&pool).await.unwrap();
        let refusal = refusal(&pool).await;
        assert!(refusal.contains(says), "{change}: {refusal}");
        if says == "newer Tollgate" {
            assert!(migrate_postgres(&pool, None).await.unwrap_err().to_string().contains(says));
            sqlx::query("delete from _sqlx_migrations where version = 9999").execute(&pool).await.unwrap();
        }
    }
    for change in
        ["update _sqlx_migrations set checksum = '\\x00'", "update _sqlx_migrations set success = false"]
    {
        let (_database, pool) = migrated().await;
        sqlx::query(change).execute(&pool).await.unwrap();
        let refusal = refusal(&pool).await;
        assert!(refusal.contains("migration 1 of the read models"), "{change}: {refusal}");
    }
}

#[tokio::test]
async fn a_role_that_may_not_change_the_schema_can_use_it() {
    let (database, pool) = migrated().await;
    let role = format!("application_{}", database.name);
    for statement in [
        format!("create role {role} login"),
        format!("grant usage on schema tollgate_read to {role}"),
        format!("grant select, insert, update, delete on all tables in schema tollgate_read to {role}"),
    ] {
        sqlx::query(&statement).execute(&pool).await.unwrap();
    }
    let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
    let options = options.username(&role).options([("search_path", "tollgate_read")]);
    let model = ReadModel::open_postgres(PgPool::connect_with(options).await.unwrap()).await.unwrap();
    let history = crate::testing::eventful();
    crate::testing::project(&model, &history, 7).await;
    assert_eq!(model.dump(crate::testing::table("audit_log")).await.unwrap().len(), history.events.len());
}

#[tokio::test]
async fn an_auditor_reads_the_views_and_nothing_behind_them() {
    let (database, pool) = migrated().await;
    let model = ReadModel::open_postgres(pool.clone()).await.unwrap();
    let history = crate::testing::eventful();
    crate::testing::project(&model, &history, 100).await;
    let role = format!("auditor_{}", database.name);
    sqlx::query(&format!("create role {role} login")).execute(&pool).await.unwrap();
    grant_auditor(&pool, &role).await.unwrap();
    grant_auditor(&pool, &role).await.unwrap();
    let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
    let auditor = PgPool::connect_with(options.username(&role)).await.unwrap();
    let entries: i64 = sqlx::query_scalar("select count(*) from tollgate_audit.audit_log")
        .fetch_one(&auditor)
        .await
        .unwrap();
    assert_eq!(usize::try_from(entries), Ok(history.events.len()));
    for view in ["key_lifecycle", "access_as_of"] {
        sqlx::query(&format!("select * from tollgate_audit.{view}")).fetch_all(&auditor).await.unwrap();
    }
    for refused in [
        "select * from tollgate_read.audit_log",
        "select * from tollgate_read.key_directory",
        "delete from tollgate_audit.audit_log",
        "insert into tollgate_audit.key_lifecycle (key_id) values ('x')",
        "create table tollgate_audit.own (a int)",
    ] {
        let failure = sqlx::query(refused).execute(&auditor).await.unwrap_err();
        let code =
            failure.as_database_error().and_then(|failure| failure.code().map(|code| code.to_string()));
        assert!(matches!(code.as_deref(), Some("42501" | "55000")), "{refused}: {failure}");
    }
}
