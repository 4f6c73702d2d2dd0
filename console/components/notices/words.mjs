// The notices that there are, and when each is told: the words of docs/notices.md.

/** @type {Record<Api["NewNotificationRule"]["notices"][number], string>} */
export const NOTICES = {
  quota_threshold: "a share of a quota is used",
  quota_exhausted: "all of a quota is used",
  throttling_spike: "limits refuse many calls of a client",
  key_expiring: "a key expires soon",
  key_expired: "a key has expired",
  key_issued: "a key is issued or imported",
  key_rotated: "a key has a new secret",
  key_revoked: "a key has ended by a revocation",
  key_suspended: "a key is refused until it is reinstated",
  key_leaked: "a secret is reported as found where it must not be",
  key_quarantined: "a leaked secret is let through only slowly",
  old_secret_busy: "the old secret of a rotation is still called a day before it stops",
  client_suspended: "a client is suspended, with all its keys",
  policy_changed: "a policy is revised, retired, assigned or taken away",
  approval_wanted: "a request waits for a second person",
  break_glass_opened: "somebody became an administrator in an emergency",
  endpoint_failing: "every delivery to a webhook has failed for an hour",
  endpoint_disabled: "a webhook is disabled",
  channel_down: "no letter, or no webhook, gets through",
  checkpoint_alarm: "the log contradicts what was signed of it",
  usage_report: "a week or a month has ended",
};

const ROLES = { technical: "technical contacts", billing: "billing contacts", security: "security contacts" };

/** A recipient in words. @param {any} one */
export function recipientText(one) {
  if (one.kind === "contacts") return one.role ? ROLES[one.role] : "all contacts";
  return { owner: "the owner", address: one.address ?? "an address that was erased", named: "whom the event names", webhook: "a webhook" }[one.kind] ?? one.kind;
}

/** When letters go out, in words. @param {any} cadence */
export const cadenceText = (cadence) => (cadence.kind === "digest" ? `every day at ${String(cadence.hour).padStart(2, "0")}:00, ${cadence.time_zone}` : "at once");

/** What a rule is about, in words, without the client's name. @param {any} about */
export const aboutText = (about) => [about.team, about.environment].filter(Boolean).join(" in ");
