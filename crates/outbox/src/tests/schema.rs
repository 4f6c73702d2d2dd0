//! What only the engine of several processes has: a schema that others migrate, and a role that may not.

use super::*;

async fn empty() -> (Database, PgPool) {
    let database = Postgres::shared().await.unwrap().database().unwrap();
    let pool = pool(&database).await;
    sqlx::query("create schema tollgate_outbox").execute(&pool).await.unwrap();
    (database, pool)
}

#[tokio::test]
async fn a_schema_of_another_tollgate_is_refused() {
    let (_database, pool) = empty().await;
    let older = Outbox::open_postgres(pool.clone()).await;
    assert!(matches!(older, Err(OpenFailure::SchemaOlder)), "{older:?}");
    migrate_postgres(&pool, None).await.unwrap();
    migrate_postgres(&pool, None).await.unwrap();
    drop(Outbox::open_postgres(pool.clone()).await.unwrap());
    sqlx::query("update _sqlx_migrations set checksum = 'other'").execute(&pool).await.unwrap();
    let altered = Outbox::open_postgres(pool.clone()).await;
    assert!(matches!(altered, Err(OpenFailure::SchemaAltered { version: 1 })), "{altered:?}");
    sqlx::query("update _sqlx_migrations set version = version + 9998").execute(&pool).await.unwrap();
    let newer = Outbox::open_postgres(pool).await;
    assert!(matches!(newer, Err(OpenFailure::SchemaNewer)), "{newer:?}");
}

#[tokio::test]
async fn the_application_does_all_but_change_the_form() {
    let (database, owner) = empty().await;
    let role = format!("teller of {}", database.name);
    sqlx::query(&format!(r#"create role "{role}" login"#)).execute(&owner).await.unwrap();
    migrate_postgres(&owner, Some(&role)).await.unwrap();
    let options: PgConnectOptions = database.url.parse().unwrap();
    let options = options.username(&role).options([("search_path", "tollgate_outbox")]);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    let room =
        Room { outbox: Outbox::open_postgres(pool.clone()).await.unwrap(), place: Place::Server(database) };
    room.tell([posted(1, 1), notice(2, "w", 80)]).await;
    let claimed = room.claim_one(at(0), 1).await;
    room.end(&claimed, at(1), Outcome::Delivered).await;
    room.forget_address(&["ann@example.com".to_owned()], at(2)).await.unwrap();
    assert_eq!(room.prune(at(9), 10).await.unwrap(), Pruned { deliveries: 2, messages: 2 });
    for changing in ["alter table deliveries add column more text", "delete from _sqlx_migrations"] {
        assert!(sqlx::query(changing).execute(&pool).await.is_err(), "{changing}");
    }
    room.close().await;
    for last in [format!(r#"drop owned by "{role}""#), format!(r#"drop role "{role}""#)] {
        sqlx::query(&last).execute(&owner).await.unwrap();
    }
}
