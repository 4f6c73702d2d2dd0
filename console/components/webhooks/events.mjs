// What a webhook can subscribe to, grouped as people look for it: kinds of events, and notices. Single types are written.
import { NOTICES } from "../notices/words.mjs";

/** Kinds of events, each with all its types. */
export const KINDS = [
  ["*", "Everything"], ["api_client.*", "Clients"], ["api_key.*", "Keys"], ["rate_limit_policy.*", "Policies"], ["route.*", "Routes"], ["principal.*", "People and service accounts"],
  ["grant.*", "Grants"], ["approval.*", "Approvals"], ["approval_rule.*", "Approval rules"], ["scheduled_change.*", "Scheduled changes"], ["operation.*", "Operations"],
  ["webhook.*", "Webhooks"], ["notification_rule.*", "Notification rules"], ["notice.*", "All notices"],
];

/** Types that are wished for most, beside their kinds. */
export const TYPES = [
  "api_key.issued", "api_key.rotated", "api_key.revoked", "api_key.suspended", "api_key.leak_reported", "api_key.expired", "api_client.registered", "api_client.suspended", "rate_limit_policy.revised",
  "rate_limit_policy.assigned", ...Object.keys(NOTICES).map((name) => `notice.${name}`),
];
