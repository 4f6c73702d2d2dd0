// Work that takes longer than an answer may.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { number, words } from "../lib/format.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { Progress } from "../components/work/Progress.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["planned", "running", "finished", "cancelled"]) },
  { name: "kind", label: "Kind", kind: "choice", options: options("Any", ["revoke_keys", "suspend_keys", "import_keys", "replay_webhook", "export_report"]) },
];

const COLUMNS = [
  { name: "Operation", cell: (one) => html`<a href=${`#/operations/${one.id}`}>${words(one.kind)}</a>` },
  { name: "Status", cell: (one) => html`<${Badge} word=${one.status} />` },
  { name: "Done", cell: (one) => html`<${Progress} one=${one} />` },
  { name: "Refused", kind: /** @type {"number"} */ ("number"), cell: (one) => (one.refused ? html`<span
    class="wrong">${number(one.refused)}</span>` : html`<span class="quiet">0</span>`) },
  { name: "Why", cell: (one) => one.reason ?? one.source ?? html`<span class="quiet">–</span>` },
  { name: "Ordered by", cell: (one) => html`<${Principal} id=${one.ordered_by} />` },
  { name: "Planned", cell: (one) => html`<${Time} at=${one.created_at} relative />` },
];

export default function OperationsPage({ query }) {
  const call = { path: "/v1/operations", query };
  const read = usePage(call, { every: 3 });
  return html`<${Page} title="Operations" about="Orders about many things at once. They go on when nobody looks, and after a restart." calls=${[call]}>
    <${Section} title="Orders">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Operations" columns=${COLUMNS} empty=${query.status || query.kind ? html`<${Empty}
        title="No operation fits these filters." />` : html`<${Empty} title="No operation yet.">Replays, imports, exports and orders about many keys show here.<//>`} />
    <//>
  <//>`;
}
