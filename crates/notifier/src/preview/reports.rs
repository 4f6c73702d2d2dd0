//! The usage reports that a rule would have told: of the weeks and months that have ended, by what is counted of them now.

use domain::Timestamp;

use super::{Asking, NOTICES_MAX, Previewed};
use crate::{
    parts::Failure,
    timed::{Clients, Ended},
};

impl Asking<'_> {
    /// Whether there were more than are shown: each is added up.
    pub(super) async fn reports(&self, from: Timestamp, found: &mut Vec<Previewed>) -> Result<bool, Failure> {
        let mut reports = 0_usize;
        let ended = self.wishes.reports().flat_map(|asked| Ended::between(&asked, from, self.until));
        for ended in ended.collect::<Vec<_>>() {
            let mut clients = Clients::of(&ended);
            while let Some(occasions) = clients.next(&self.book).await? {
                for occasion in occasions {
                    let Some(marked) = self.rule.marks(&occasion) else { continue };
                    if reports == NOTICES_MAX {
                        return Ok(true);
                    }
                    reports += 1;
                    found.push(self.previewed(&occasion, marked, occasion.at).await?);
                }
            }
        }
        Ok(false)
    }
}
