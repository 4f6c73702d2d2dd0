// What happened, the newest first, from the audit log.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { differencesOf } from "../lib/patch.mjs";
import { Principal } from "./access/Principal.mjs";
import { Diff } from "./Diff.mjs";
import { Ref } from "./Ref.mjs";
import { Empty, Shown } from "./States.mjs";
import { Time } from "./Time.mjs";

/** What the log has of something. @param {{ query: Record<string, string> }} props */
export function History({ query }) {
  const read = useRead({ path: "/v1/audit", query: { ...query, limit: 20 } }, { every: 15 });
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0 ? html`<${Empty}
    title="Nothing happened yet." />` : html`<${Timeline} entries=${read.data.items} />`)}<//>`;
}

/** @param {{ entries: Api["AuditEntry"][] }} props */
export function Timeline({ entries }) {
  return html`<ol class="timeline">${entries.map((entry) => html`<li key=${entry.position}
    data-tone=${entry.outcome === "succeeded" ? null : "bad"}>
    <p><a href=${`#/audit/${entry.position}`} class="strong">${said(entry.action)}</a>
      ${entry.outcome !== "succeeded" && html` <span class="badge" data-tone="bad">${entry.outcome}</span>`}
      ${" "}<${Ref} id=${entry.subject.id} /></p>
    <p class="small quiet"><${Time} at=${entry.occurred_at} both /> by <${Actor} actor=${entry.actor} />${entry.reason && html`: “${entry.reason}”`}</p>
    <${Changes} items=${entry.changes ?? []} />
  </li>`)}</ol>`;
}

function Changes({ items }) {
  // What began is its first state: there is nothing that it differs from.
  const shown = differencesOf(items.filter((change) => change.path !== ""));
  if (shown.length === 0) return null;
  return html`<details class="small"><summary>${shown.length === 1 ? "One change" : `${shown.length} changes`}</summary><${Diff}
    items=${shown} /></details>`;
}

/** People and service accounts by their names; what acts by itself, and the first token, by their identifiers. */
function Actor({ actor }) {
  if (actor.id.startsWith("prn_")) return html`<${Principal} id=${actor.id} />`;
  return html`<span title=${actor.id}>${actor.id}</span>`;
}

/** `api_key.rotated` as `API key rotated`. */
export function said(action) {
  const text = action.replace(".", " ").replaceAll("_", " ").replace(/^api (key|client)\b/, (_, what) => what);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
