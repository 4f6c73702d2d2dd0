//! The directories as they stood at a position: made by their own folds of the events up to it, in memory, for one question.

use domain::Recorded;

use crate::{
    OpenFailure, Poison, Projection, ReadModel, Rows, assignment_directory::AssignmentDirectory,
    client_directory::ClientDirectory, grant_directory::GrantDirectory, key_directory::KeyDirectory,
    policy_directory::PolicyDirectory, principal_directory::PrincipalDirectory, projection::DirectoryOf,
    route_directory::RouteDirectory,
};

static DIRECTORIES: [&dyn Projection; 7] = [
    &DirectoryOf::<ClientDirectory>::NEW,
    &DirectoryOf::<KeyDirectory>::NEW,
    &DirectoryOf::<RouteDirectory>::NEW,
    &DirectoryOf::<PolicyDirectory>::NEW,
    &DirectoryOf::<AssignmentDirectory>::NEW,
    &DirectoryOf::<PrincipalDirectory>::NEW,
    &DirectoryOf::<GrantDirectory>::NEW,
];

/// What the events given so far make of the directories. Use is in no event: it has none.
#[derive(Debug)]
pub struct Past {
    rows: Rows,
}

impl Default for Past {
    fn default() -> Self {
        Self { rows: Rows::of_nothing(false) }
    }
}

impl Past {
    /// Takes the next event of the log, or of one thing in it.
    ///
    /// # Errors
    /// [`Poison`] when an event that it stands on was not given.
    pub fn take(&mut self, recorded: &Recorded) -> Result<(), Poison> {
        let kind = recorded.event.aggregate_type();
        for directory in DIRECTORIES.iter().filter(|directory| directory.takes(kind)) {
            for change in directory.fold(&self.rows, recorded)? {
                self.rows.change(change);
            }
        }
        Ok(())
    }

    /// A read model for the questions that the present one is asked.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub async fn read_model(self) -> Result<ReadModel, OpenFailure> {
        ReadModel::of_rows(self.rows.into_changes()).await
    }
}

#[cfg(test)]
mod tests {
    use domain::Position;

    use super::*;
    use crate::{
        queries::{
            Page,
            clients::{self, ClientFilter},
            keys, policies, routes,
        },
        testing::{Engine, client, eventful, key, policy, project, read_model, route},
    };

    /// At every position, the past is what the present was.
    #[tokio::test]
    async fn the_past_is_what_the_present_was() {
        let history = eventful();
        for until in 0..=history.events.len() {
            let mut then = eventful();
            then.events.truncate(until);
            let (_dir, present) = read_model(Engine::Sqlite).await;
            project(&present, &then, 100).await;
            let mut past = Past::default();
            then.events.iter().for_each(|recorded| past.take(recorded).unwrap());
            let past = past.read_model().await.unwrap();
            for n in 1..=3 {
                assert_eq!(
                    clients::get(&past, client(n)).await.unwrap(),
                    clients::get(&present, client(n)).await.unwrap()
                );
                assert_eq!(
                    keys::get(&past, key(n)).await.unwrap(),
                    keys::get(&present, key(n)).await.unwrap()
                );
                assert_eq!(
                    routes::get(&past, route(n)).await.unwrap(),
                    routes::get(&present, route(n)).await.unwrap()
                );
                assert_eq!(
                    policies::get(&past, policy(n)).await.unwrap(),
                    policies::get(&present, policy(n)).await.unwrap(),
                    "{:?}",
                    Position::new(u64::try_from(until).unwrap())
                );
            }
            let any = (ClientFilter::default(), Page::first(10));
            assert_eq!(
                clients::list(&past, &any.0, &any.1).await.unwrap(),
                clients::list(&present, &any.0, &any.1).await.unwrap()
            );
        }
    }

    /// Of one thing, its own events suffice.
    #[tokio::test]
    async fn one_thing_stands_on_its_own_events() {
        let history = eventful();
        let mut past = Past::default();
        let own = history
            .events
            .iter()
            .filter(|recorded| recorded.event.subject().contains(&policy(1).to_string()));
        own.for_each(|recorded| past.take(recorded).unwrap());
        let (_dir, present) = read_model(Engine::Sqlite).await;
        project(&present, &history, 100).await;
        assert_eq!(
            policies::get(&past.read_model().await.unwrap(), policy(1)).await.unwrap(),
            policies::get(&present, policy(1)).await.unwrap()
        );
    }
}
