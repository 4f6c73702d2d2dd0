// What a request that waits would do: as it was asked, and as it was rehearsed at that moment.
import { html } from "../../lib/ui.mjs";
import { said } from "../Timeline.mjs";
import { Blast } from "../Blast.mjs";
import { Diff } from "../Diff.mjs";
import { Empty } from "../States.mjs";
import { Warnings } from "../Write.mjs";

/** What is asked for, in a line. @param {Api["Approval"]} approval */
export const titleOf = (approval) => `${approval.method} ${approval.path}`;

const plain = (value) => value && typeof value === "object" && !Array.isArray(value);

/** Member by member, those of members too: `owner › team`. */
const entries = (body, within = "") => Object.entries(body ?? {}).filter(([name]) => within || name !== "event")
  .flatMap(([name, to]) => (plain(to) && Object.keys(to).length ? entries(to, `${within}${name} › `) : [{ field: `${within}${name}`, to }]));

/** @param {{ approval: Api["Approval"] }} props */
export function Asked({ approval }) {
  const asked = /** @type {any} */ (approval.asked);
  if (!asked) return html`<${Empty} title="What was asked is not kept any more.">The events that it led to are in the audit log. What is bound is the request by its hash.<//>`;
  const { body, dry_run: rehearsed } = asked;
  return html`
    ${body && html`<div><h3>The request says</h3><${Diff} items=${entries(body)} /></div>`}
    ${rehearsed?.events?.length > 0 && html`<div><h3>It would put on record</h3>${rehearsed.events.map((event) => html`<details
      class="small"><summary>${said(event.type)}</summary><${Diff} items=${entries(event.data)} /></details>`)}</div>`}
    ${rehearsed && html`<div><h3>It would touch</h3><${Blast} radius=${rehearsed.blast_radius} /></div><${Warnings} items=${rehearsed.warnings} />`}
    <p class="small quiet">As it was when it was proposed, without names and addresses of people.</p>`;
}
