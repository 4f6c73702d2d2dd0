// Importing an OpenAPI document: first what it would change, field by field; then, if that is right, the change.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { count, list, number } from "../lib/format.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Diff } from "../components/Diff.mjs";
import { Area, Choice, Field, Text, wrongAt } from "../components/Field.mjs";
import { Figure, Page, Section } from "../components/Page.mjs";
import { Empty, Loading } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { tell } from "../components/Toast.mjs";
import { Receipt, WriteStatus } from "../components/Write.mjs";

export default function ImportPage() {
  const [text, setText] = useState("");
  const [ways, setWays] = useState({ hosts: "", prune: "false" });
  const plan = useWrite();
  const apply = useWrite();
  const call = (mode) => ({
    method: "POST", path: "/v1/routes/import", query: { mode, hosts: ways.hosts.trim(), prune: ways.prune }, body: text,
    type: text.trimStart().startsWith("{") ? "application/json" : "application/yaml",
  });
  const change = (run) => (value) => {
    run(value);
    // A plan is of what was read then.
    plan.reset();
    apply.reset();
  };
  const look = (event) => {
    event.preventDefault();
    if (text.trim() && !plan.busy) plan.run(call("plan"));
  };
  const carryOut = async () => {
    const answer = await apply.run({ ...call("apply"), wait: true });
    if (answer) tell(answer.body.complete ? "The document is applied." : "Not all of it was applied.");
  };
  const read = async (event) => {
    const file = event.target.files?.[0];
    if (file) change(setText)(await file.text());
  };
  return html`<${Page} title="Import OpenAPI" trail=${[["Routes", "#/routes"]]}
    about="Routes are made of the document's operations. What it does not speak of stays as it is; to apply it again changes nothing."
    calls=${[text && call("plan")]}>
    <${Section} title="Document"><form class="form" onSubmit=${look}>
      <${Field} wide label="A file">${(given) => html`<input ...${given} type="file"
        accept=".json,.yaml,.yml,application/json,application/yaml" onChange=${read} />`}<//>
      <${Area} wide mono label="The document, JSON or YAML" required rows=${8} value=${text} onInput=${change(setText)}
        error=${wrongAt(plan.error, "")} />
      <${Text} label="Hosts" value=${ways.hosts} onInput=${change((hosts) => setWays({ ...ways, hosts }))}
        hint="In place of those of the document's servers; commas between them." />
      <${Choice} label="Routes that it does not name" required value=${ways.prune} onInput=${change((prune) => setWays({ ...ways, prune }))}
        options=${[["false", "Stay"], ["true", "Are retired"]]} />
      <${WriteStatus} write=${plan} />
      <div class="row end"><${Act} type="submit" kind="main" busy=${plan.busy}
        refusal=${text.trim() ? null : "Choose a document first."}>Show what it would change<//></div>
    </form><//>
    ${plan.busy && html`<${Loading} what="Comparing…" />`}
    ${(apply.answer ?? plan.answer) && html`<${Report} report=${(apply.answer ?? plan.answer).body} prune=${ways.prune === "true"}
      apply=${apply} carryOut=${carryOut} />`}
  <//>`;
}

function Report({ report, prune, apply, carryOut }) {
  const { counts } = report;
  const work = counts.added + counts.changed + (prune ? counts.missing : 0);
  const shown = report.items.filter((item) => item.change !== "unchanged");
  const done = report.mode === "apply";
  return html`
    <div class="figures" role="status">
      <${Figure} label="Added" value=${number(counts.added)} tone="good" /><${Figure} label="Changed" value=${number(counts.changed)}
        tone="warn" />
      <${Figure} label="Not in the document" value=${number(counts.missing)} note=${prune ? "will be retired" : "stay"}
        tone=${prune && counts.missing ? "bad" : null} />
      <${Figure} label="Refused" value=${number(counts.refused)} tone=${counts.refused ? "bad" : null} /><${Figure} label="Unchanged"
        value=${number(counts.unchanged)} />
    </div>
    <${Section} title=${done ? "What was changed" : "What would change"} actions=${!done && html`<${Act} kind="main" busy=${apply.busy}
      refusal=${work === 0 ? "There is nothing to do." : null} onClick=${carryOut}>Apply ${count(work, "change")}<//>`}>
      <${WriteStatus} write=${apply} />
      <${Receipt} receipt=${report.receipt} />
      ${shown.length === 0 ? html`<${Empty} title="All routes are as the document says." />` : html`<${Table} caption="Changes"
        items=${shown} keyOf=${(item) => `${item.method} ${item.path} ${item.route_id}`} columns=${columns(done)} />`}
    <//>`;
}

const columns = (done) => [
  { name: "Operation", cell: (item) => html`${item.method} <code>${item.path}</code>${item.operation_id && html`<span
    class="item quiet">${item.operation_id}</span>`}` },
  { name: done ? "Change" : "Would be", cell: (item) => html`<${Badge} word=${item.change} />` },
  { name: "Hosts", cell: (item) => list(item.hosts) },
  { name: "What", cell: (item) => html`${item.message}${item.changes.length > 0 && html`<${Diff} items=${item.changes} />`}` },
  ...(done ? [{ name: "Outcome", cell: (item) => (item.outcome ? html`<${Badge} word=${item.outcome} />` : "–") }] : []),
];
