// What a rule would have told over the last 30 days, as things stand now.
import { html } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { count, list, number, words } from "../../lib/format.mjs";
import { Figure } from "../Page.mjs";
import { Said } from "../Said.mjs";
import { Empty, Shown } from "../States.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";

const COLUMNS = [
  { name: "When", cell: (one) => html`<${Time} at=${one.at} />` },
  { name: "Notice", cell: (one) => html`<${Said} text=${one.title} />` },
  { name: "Letters", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.addresses) },
  { name: "Webhooks", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.webhooks) },
];

export const previewCall = (body) => ({ method: "POST", path: "/v1/notification-rules/preview", body });

/** @param {{ body: any }} props what the rule says */
export function Preview({ body }) {
  const read = useRead(previewCall(body));
  return html`<${Shown} read=${read}>${() => {
    const { notices, notices_total, left_out, quotas_from, cut } = read.data;
    return html`
      <div class="figures" role="status"><${Figure} label="Notices" value=${number(notices_total)} note="in 30 days" />
        <${Figure} label="Letters"
          value=${number(sum(notices, "addresses"))} note=${notices.length < notices_total ? "of those below" : ""} /><${Figure}
          label="Calls of webhooks" value=${number(sum(notices, "webhooks"))} /></div>
      ${left_out.length > 0 && html`<p class="small quiet">Not kept, so not foretold: ${list(left_out.map(words))}.</p>`}
      ${quotas_from && html`<p class="small quiet">How full quotas were is known since <${Time} at=${quotas_from} />.</p>`}
      ${cut && html`<p class="small quiet">There was more than a preview reads: the oldest is left out.</p>`}
      ${notices.length === 0 ? html`<${Empty} title="It would have told nothing in the last 30 days." />` : html`<${Table}
        caption="What it would have told" columns=${COLUMNS} items=${notices.map((one, at) => ({ ...one, id: `${at}` }))} />`}
      ${notices.length < notices_total && html`<p class="small quiet">The newest ${count(notices.length, "notice")} of ${number(notices_total)}.</p>`}`;
  }}<//>`;
}

const sum = (items, name) => items.reduce((all, one) => all + one[name], 0);
