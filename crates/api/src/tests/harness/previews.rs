//! A notifier that says what it was asked.

use std::pin::Pin;

use domain::{NoticeName, Timestamp, notification_rule::RuleSpec, personal::PersonalValues};
use serde_json::{Value, json};

use crate::{MadeUp, Preview, Previewed, Previews, PreviewsAway};

pub(super) struct ToldPreviews;

impl Previews for ToldPreviews {
    fn preview<'a>(
        &'a self,
        spec: &'a RuleSpec,
        addresses: PersonalValues,
        until: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Preview, PreviewsAway>> + Send + 'a>> {
        let told = Previewed {
            at: until,
            title: format!("{} asks", spec.name),
            addresses: addresses.len(),
            webhooks: 0,
            data: json!({ "notice": "key_revoked" }),
        };
        let left_out = vec![NoticeName::ThrottlingSpike];
        Box::pin(std::future::ready(Ok(Preview {
            from: until,
            until,
            notices_total: 1,
            notices: vec![told],
            cut: false,
            quotas_from: Some(until),
            left_out,
        })))
    }

    fn sample(&self, MadeUp { notice, message_id, at: _ }: MadeUp) -> Result<Value, PreviewsAway> {
        Ok(json!({ "type": format!("notice.{notice}"), "id": message_id }))
    }
}
