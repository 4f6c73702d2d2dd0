// Events pulled by their place in the log, for those who would rather ask than be told.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { number } from "../lib/format.mjs";
import { setQuery } from "../lib/router.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Act } from "../components/Act.mjs";
import { Count } from "../components/Field.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

const LIMIT = 25;
const COLUMNS = [
  { name: "Position", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.position) },
  { name: "Type", cell: (one) => html`<code>${one.type}</code>` },
  { name: "About", cell: (one) => html`<${Ref} id=${one.subject.id} /> <span class="quiet small">${number(one.sequence)}</span>` },
  { name: "When", cell: (one) => html`<${Time} at=${one.timestamp} seconds />` },
  { name: "By", cell: (one) => html`<${Principal} id=${one.actor.id} />` },
  { name: "Data", cell: (one) => html`<details><summary>${Object.keys(one.data).length} members</summary><code
    class="pre small">${JSON.stringify(one.data, null, 1)}</code></details>` },
];

export default function WebhookEventsPage({ params, query }) {
  const after = query.after ?? "0";
  const [typed, setTyped] = useState(Number(after));
  const call = { path: `/v1/webhooks/${params.id}/events`, query: { after, limit: LIMIT } };
  const read = useRead(call);
  const hook = useRead({ path: `/v1/webhooks/${params.id}` }).data;
  const goTo = (position) => { setTyped(position); setQuery({ after: position ? String(position) : "" }); };
  const submit = (event) => {
    event.preventDefault();
    goTo(typed ?? 0);
  };
  return html`<${Page} title="Events, pulled" trail=${[["Webhooks", "#/webhooks"], [hook?.name ?? "Webhook", `#/webhooks/${params.id}`]]} calls=${[call]}
    about="The same bodies by their place in the log, from before the webhook was made, too, whatever became of their delivery. Notices are told, and not pulled.">
    <${Section} title=${`Behind position ${number(Number(after))}`}>
      <form class="filters" onSubmit=${submit}><${Count} label="After position" required value=${typed} onInput=${setTyped} /><${Act} type="submit">Pull<//></form>
      <${Shown} read=${read}>${() => html`
        ${read.data.items.length === 0 ? html`<${Empty}
          title="No event here.">${read.data.more ? "The log goes on: a page may be empty while there is more." : "The log does not go on behind this position yet."}<//>` : html`<${Table}
          caption="Events" columns=${COLUMNS} items=${read.data.items} />`}
        <div class="pager row"><${Act} refusal=${after === "0" ? "This is the beginning of the log." : null} onClick=${() => goTo(0)}>From the beginning<//>
          <${Act} refusal=${read.data.more ? null : "The log does not go on yet."} onClick=${() => goTo(read.data.next_after)}>What follows<//><${Act}
            onClick=${read.reload}>Look again<//>
          <span class="small quiet">${read.data.items.length} here, next after ${number(read.data.next_after)}</span></div>`}<//>
    <//>
  <//>`;
}
