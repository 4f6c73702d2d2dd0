// Entries of the audit log, a line each.
import { html } from "../../lib/ui.mjs";
import { Badge } from "../Badge.mjs";
import { Ref, shortened } from "../Ref.mjs";
import { Time } from "../Time.mjs";
import { said } from "../Timeline.mjs";

/** Who did it. People and accounts are told by their identifier: their names are not part of an entry. @param {{ actor: Api["Actor"] }} props */
export function Who({ actor }) {
  return html`<span class="nowrap"
    title=${`${actor.kind.replaceAll("_", " ")} ${actor.id}`}>${actor.kind === "system" ? actor.id : shortened(actor.id)}</span>`;
}

export const ENTRY_COLUMNS = [
  { name: "Position", cell: (entry) => html`<a href=${`#/audit/${entry.position}`}>${entry.position}</a>` },
  { name: "When", cell: (entry) => html`<${Time} at=${entry.occurred_at} seconds />` },
  { name: "What", cell: (entry) => html`${said(entry.action)}${entry.outcome !== "succeeded" && html` <${Badge} word=${entry.outcome} />`}` },
  { name: "Of", cell: (entry) => html`<${Ref} id=${entry.subject.id} />` },
  { name: "Who", cell: (entry) => html`<${Who} actor=${entry.actor} />` },
  { name: "From", cell: (entry) => entry.address ?? html`<span class="quiet">–</span>` },
  { name: "Why", kind: /** @type {"long"} */ ("long"), cell: (entry) => entry.reason ?? html`<span class="quiet">–</span>` },
];
