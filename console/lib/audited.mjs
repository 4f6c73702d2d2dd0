// The bytes that a leaf of the log is the hash of, out of an export (`GET /v1/audit/export`): as they stand there, not as a
// program would write them again.
import { Unproven } from "./proof.mjs";

/** Where the JSON value that begins at `start` ends. */
function endOf(line, start) {
  let [depth, quoted] = [0, false];
  for (let at = start; at < line.length; at += 1) {
    const letter = line[at];
    if (quoted) {
      if (letter === "\\") at += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "{") depth += 1;
    else if (letter === "}" && (depth -= 1) === 0) return at + 1;
  }
  throw new Unproven("The export was cut off.");
}

/** @param {string} file lines of JSON @param {number} position */
export function auditedOf(file, position) {
  const begins = `{"event":{"position":${position},"audited":`;
  const line = file.split("\n").find((one) => one.startsWith(begins));
  if (!line) throw new Unproven(`The export has no event at position ${position}.`);
  const said = line.slice(begins.length, endOf(line, begins.length));
  return { bytes: new TextEncoder().encode(said), event: JSON.parse(said) };
}

/** What the audit log shows otherwise than the audited bytes say: nothing, if all is well. @param {Api["AuditEntry"]} entry @param {any} event */
export function contradictionsOf(entry, event) {
  const { metadata } = event;
  const pairs = [
    ["action", entry.action, event.event_type], ["event", entry.event_id, event.event_id], ["subject", entry.subject.id, event.aggregate_id],
    ["time", Date.parse(entry.occurred_at), Date.parse(metadata.occurred_at)], ["actor", entry.actor.id, metadata.actor], ["grant", entry.actor.allowed_by, metadata.allowed_by],
    ["request", entry.request_id, metadata.request_id], ["reason", entry.reason ?? null, metadata.reason ?? entry.reason ?? null],
  ];
  return pairs.filter(([, shown, audited]) => shown !== audited).map(([name]) => name);
}
