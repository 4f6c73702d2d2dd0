// One operation: how far it is, what became of each item, and stopping it.
import { html, useState } from "../lib/ui.mjs";
import { usePage, useRead } from "../lib/hooks.mjs";
import { capital, number, words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Facts, Figure, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Said } from "../components/Said.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { tell } from "../components/Toast.mjs";
import { goesOn, NEEDS, Progress } from "../components/work/Progress.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [{ name: "result", label: "Result", kind: "choice", options: options("Any", ["applied", "refused", "unchanged"]) }];

const COLUMNS = [
  { name: "Item", kind: /** @type {"number"} */ ("number"), cell: (item) => number(item.number) },
  { name: "What", cell: (item) => (item.key_id ? html`<${Ref} id=${item.key_id} />` : item.subject) },
  { name: "Result", cell: (item) => html`<${Badge} word=${item.result} />` },
  { name: "Why", cell: (item) => (item.code ? html`<${Said} text=${item.detail} /> <code class="quiet small">${item.code}</code>` : html`<span class="quiet">–</span>`) },
];

export default function OperationPage({ params, query }) {
  const [open, setOpen] = useState(false);
  const { may, refusal } = useMay();
  const call = { path: `/v1/operations/${params.id}` };
  const list = { path: `${call.path}/items`, query };
  const read = useRead(call, { every: 2 });
  const items = usePage(list, { every: 3 });
  const one = /** @type {Api["Operation"] | null} */ (read.data);
  const permission = one && NEEDS[one.kind];
  const refused = permission && !may(permission) ? refusal(permission) : null;
  const cancelled = () => { setOpen(false); tell("It is stopped."); read.reload(); };
  return html`<${Page} title=${one ? capital(words(one.kind)) : "Operation"} trail=${[["Operations", "#/operations"]]} calls=${[call, list]}
    badges=${one && html`<${Badge} word=${one.status} />`}
    actions=${one && goesOn(one) && html`<${Act} kind="danger" refusal=${refused} onClick=${() => setOpen(true)}>Stop it<//>`}>
    <${Shown} read=${read}>${() => html`<${Body} one=${one} />
      <${Section} title="Items"><${Filters} filters=${FILTERS} />
        <${Listing} read=${items} caption="Items" columns=${COLUMNS} keyOf=${(item) => String(item.number)} empty=${query.result ? html`<${Empty}
          title="No item with this result." />` : html`<${Empty} title="Nothing is dealt with yet." />`} /><//>`}<//>
    ${open && one && html`<${Confirm} danger title="Stop this operation" verb="Stop it" about="What was done stays done."
      call=${(reason) => ({ method: "POST", path: `${call.path}/cancel`, body: { reason } })} onClose=${() => setOpen(false)} onDone=${cancelled} />`}
  <//>`;
}

/** @param {{ one: Api["Operation"] }} props */
function Body({ one }) {
  const file = one.export?.file;
  return html`
    <div class="figures" role="status"><${Figure} label="Done" value=${html`<${Progress} one=${one} />`} /><${Figure} label="Applied"
      value=${number(one.applied)} tone=${one.applied ? "good" : undefined} />
      <${Figure} label="Stood as they should" value=${number(one.unchanged)} /><${Figure} label="Refused" value=${number(one.refused)}
        tone=${one.refused ? "bad" : undefined} /></div>
    <${Section} title="The order"><${Facts} items=${[
      ["Ordered by", html`<${Principal} id=${one.ordered_by} />`],
      ["Reason", one.reason ?? html`<span class="quiet">none was given</span>`],
      one.source && ["From", one.source],
      one.export && ["Export", `${one.export.report} as ${one.export.format}, ${number(one.export.rows_written)} rows`],
      file && ["File", html`<a href=${`#/reports`}>ready, among the reports</a>`],
      one.node && ["Worked on by", one.node],
      ["Planned", html`<${Time} at=${one.created_at} both />`],
      ["Began", html`<${Time} at=${one.started_at} both />`],
      ["Ended", html`<${Time} at=${one.ended_at} both />`],
      one.cancelled_because && ["Stopped because", one.cancelled_because],
      ["Identifier", html`<${CopyId} id=${one.id} what="operation's identifier" />`],
    ]} /><//>`;
}
