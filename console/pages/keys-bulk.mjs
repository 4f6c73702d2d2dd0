// Suspending or revoking many keys by one order: seen first, counted, and then carried out as an operation.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { count, list, number } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Area, Choice, Text, wrongAt } from "../components/Field.mjs";
import { Figure, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { EMPTY_FILTER, filterOf, KeyFilter } from "../components/work/KeyFilter.mjs";
import { WriteStatus } from "../components/Write.mjs";

const ORDERS = [["suspend", "Suspend: they stop until they are reinstated, one by one"], ["revoke", "Revoke: they stop and never open anything again"]];

const COLUMNS = [
  { name: "Key", cell: (key) => html`<${Ref} id=${key.id} name=${key.name} />` },
  { name: "Client", cell: (key) => html`<${Ref} id=${key.client_id} />` },
  { name: "Environment", cell: (key) => key.environment },
  { name: "Calls in 24 h", kind: /** @type {"number"} */ ("number"), cell: (key) => number(key.calls_24h) },
  { name: "Last used", cell: (key) => html`<${Time} at=${key.last_used_at} relative none="never" />` },
];

export default function BulkPage() {
  const [order, setOrder] = useState("suspend");
  const [filter, setFilter] = useState(EMPTY_FILTER);
  const preview = useWrite();
  const { may, refusal } = useMay();
  const permission = order === "revoke" ? "key.revoke" : "key.suspend";
  const refused = may(permission) ? null : refusal(permission);
  const call = { method: "POST", path: `/v1/keys/${order}`, body: { filter: filterOf(filter), reason: "not said yet" } };
  const empty = Object.keys(call.body.filter).length === 0;
  const change = (run) => (value) => { run(value); preview.reset(); };
  const look = (event) => {
    event.preventDefault();
    if (!empty && !refused && !preview.busy) preview.run({ ...call, dryRun: true });
  };
  return html`<${Page} title="Many keys at once" trail=${[["Keys", "#/keys"]]} calls=${[{ ...call, dryRun: true }]}
    about="For when something went wrong with many at once. A key that has ended is never among them.">
    <${Section} title="Which keys"><form class="form" onSubmit=${look}>
      <${Choice} wide label="What" required value=${order} onInput=${change(setOrder)} options=${ORDERS} />
      <${KeyFilter} value=${filter} onInput=${change(setFilter)} error=${preview.error} />
      <${WriteStatus} write=${preview} />
      <div class="row end"><${Act} type="submit" kind="main" busy=${preview.busy}
        refusal=${refused ?? (empty ? "Name at least one thing: a filter that says nothing matches every key." : null)}>Show which these are<//></div>
    </form><//>
    ${preview.answer && html`<${Matched} key=${JSON.stringify(call.body)} found=${preview.answer.body} order=${order} call=${call} />`}
  <//>`;
}

function Matched({ found, order, call }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const write = useWrite();
  const asked = { ...call, body: { ...call.body, reason: reason.trim(), expected_count: found.matched } };
  const missing = found.matched === 0 ? "No key fits." : typed.trim() !== String(found.matched) ? `Type ${found.matched} first.` : reason.trim() ? null : "Say why first.";
  const done = (answer) => { if (answer) go(`operations/${answer.body.id}`); };
  const submit = async (event) => {
    event.preventDefault();
    if (!missing && !write.busy) done(await write.run(asked));
  };
  if (found.matched === 0) return html`<${Section} title="What fits"><${Empty} title="No key fits." /><//>`;
  return html`<${Section} title="What fits">
    <div class="figures" role="status"><${Figure} label="Keys" value=${number(found.matched)} /><${Figure} label="In use"
      value=${number(found.in_use)} note="called in the last 24 hours" tone=${found.in_use ? "bad" : "good"} />
      <${Figure} label="Calls" value=${number(found.calls_24h)} note="in the last 24 hours" tone=${found.calls_24h ? "bad" : "good"} /></div>
    <p>Environments: ${list(Object.entries(found.environments).map(([name, keys]) => `${name} (${keys})`))}. Owners: ${list(found.owners)}.</p>
    <${Table} caption="The first of them" columns=${COLUMNS} items=${found.sample} />
    ${found.sample.length < found.matched && html`<p class="small quiet">The first ${number(found.sample.length)} of ${number(found.matched)}.</p>`}
    <form class="form" onSubmit=${submit}>
      <${Area} label="Reason" required rows=${2} value=${reason} onInput=${setReason} hint="It is on record, and whoever is told of it reads it."
        error=${wrongAt(write.error, "/reason")} />
      <${Text} label=${html`Type <strong>${found.matched}</strong> to go on`} required inputmode="numeric" value=${typed} onInput=${setTyped}
        hint="It is refused if another number fits by then." error=${wrongAt(write.error, "/expected_count")} />
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row end"><${Act} type="submit" kind="danger" busy=${write.busy}
        refusal=${missing}>${order === "revoke" ? "Revoke" : "Suspend"} ${count(found.matched, "key")}<//></div>
    </form>
  <//>`;
}
