// The gateway's nodes: which live, and how far each is with the log.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { count, lasting, number } from "../lib/format.mjs";
import { Badge } from "../components/Badge.mjs";
import { Figure, Page, Section } from "../components/Page.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

const COLUMNS = [
  { name: "Node", cell: (node) => node.node },
  { name: "State", cell: (node) => html`<span class="row"><${Badge} word=${node.state} />${node.stale && html`<${Badge}
    word="stale" />`}</span>` },
  { name: "Environment", cell: (node) => node.environment },
  { name: "In force", kind: /** @type {"number"} */ ("number"), cell: (node) => number(node.position) },
  { name: "Behind", cell: (node) => (node.lag_events === 0 ? html`<span
    class="quiet">nothing</span>` : `${count(node.lag_events, "event")}, ${lasting(node.lag_seconds)}`) },
  { name: "Heard", cell: (node) => html`<${Time} at=${node.heard_at} relative seconds />` },
  { name: "Run", cell: (node) => html`<code class="id">${node.boot}</code>` },
];

export default function GatewaysPage() {
  const call = { path: "/v1/gateway/nodes" };
  const read = useRead(call, { every: 3 });
  return html`<${Page} title="Gateways"
    about="Each node judges calls from memory and follows the log. Where one is behind, it decides by what it knew." calls=${[call]}>
    <${Shown} read=${read}>${() => {
      const nodes = read.data.items;
      const live = nodes.filter((node) => node.state === "live");
      const behind = live.filter((node) => node.lag_events > 0 || node.stale);
      return html`
        <div class="figures">
          <${Figure} label="Live nodes" value=${number(live.length)} tone=${live.length ? "good" : "bad"}
            note=${`${number(nodes.length - live.length)} silent or left`} />
          <${Figure} label="Behind the log" value=${number(behind.length)} tone=${behind.length ? "warn" : "good"} />
          <${Figure} label="End of the log" value=${number(read.data.head)} note="position" />
        </div>
        <${Section} title="Nodes">${nodes.length === 0
          ? html`<${Empty} title="No node has been heard.">A gateway shows itself as soon as it runs and reaches the control plane.<//>`
          : html`<${Table} caption="Gateway nodes" columns=${COLUMNS} items=${nodes} keyOf=${(node) => `${node.node} ${node.boot}`}
            rowTone=${(node) => (node.stale ? "bad" : null)} />`}<//>`;
    }}<//>
  <//>`;
}
