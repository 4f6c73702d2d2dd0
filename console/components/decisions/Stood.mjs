// Where limits stood after a decision, and who had set them.
import { html } from "../../lib/ui.mjs";
import { lasting, number } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Ref } from "../Ref.mjs";
import { Empty } from "../States.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { said } from "../Timeline.mjs";

/** @param {{ items: Api["ExplainedDecision"]["limits"], would?: boolean }} props `would`: it is only explained */
export function Stood({ items, would = false }) {
  if (items.length === 0) return html`<${Empty} title="No limit was looked at.">The call did not come so far, or none binds it.<//>`;
  return html`<${Table} caption="Limits" items=${items} keyOf=${(one) => `${one.assignment_id} ${one.kind} ${one.name}`}
    rowTone=${(one) => (one.refused && one.mode === "enforce" ? "bad" : null)} columns=${[
    { name: "Limit", cell: (one) => html`${one.name} <span class="quiet">${one.kind}</span>` },
    { name: "Policy", cell: (one) => html`<${Ref} id=${one.policy_id} /> <span class="quiet nowrap">rev. ${one.policy_revision}</span>` },
    { name: "Allows", cell: (one) => `${number(one.requests)} per ${lasting(one.window_seconds)}` },
    { name: "Left", kind: "number", cell: (one) => number(one.remaining) },
    { name: "Full again after", cell: (one) => lasting(one.reset_seconds) },
    { name: would ? "Would say" : "Said", cell: (one) => html`<${Badge}
      word=${one.refused ? "refused" : "allowed"} />${one.mode === "shadow" && html` <${Badge} word="shadow" />`}` },
    { name: "Assigned", cell: (one) => html`<a href=${`#/audit/${one.assigned_at}`}>position ${one.assigned_at}</a>` },
  ]} />`;
}

/** The events that an answer rests on. @param {{ items: Api["ExplainedDecision"]["events"] }} props */
export function RestsOn({ items }) {
  if (items.length === 0) return html`<${Empty} title="On nothing that anybody has set." />`;
  return html`<ol class="timeline">${items.map((one) => html`<li key=${`${one.about} ${one.position}`}>
    <p><a href=${`#/audit/${one.position}`} class="strong">${said(one.event_type)}</a> <${Ref} id=${one.subject_id} /></p>
    <p class="small quiet">${one.about.replaceAll("_", " ")} · <${Time}
      at=${one.occurred_at} both /> by ${one.actor}${one.reason && html`: “${one.reason}”`}</p>
  </li>`)}</ol>`;
}
