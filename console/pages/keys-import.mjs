// Taking over keys of another system: what would become of each row, then the import as an operation.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { count, number } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Area, Choice, Field, Text, wrongAt } from "../components/Field.mjs";
import { Find } from "../components/Find.mjs";
import { Figure, Page, Section } from "../components/Page.mjs";
import { Said } from "../components/Said.mjs";
import { Table } from "../components/Table.mjs";
import { WriteStatus } from "../components/Write.mjs";

const FORMATS = [["csv", "CSV with a heading"], ["jsonl", "JSON Lines"], ["unkey", "Export of Unkey"], ["kong", "Export of Kong, digested"], ["tyk", "Export of Tyk"]];
const TYPES = { csv: "text/csv", jsonl: "application/jsonl" };

const COLUMNS = [
  { name: "Row", kind: /** @type {"number"} */ ("number"), cell: (row) => number(row.number) },
  { name: "Key there", cell: (row) => row.subject },
  { name: "Why it would be refused", cell: (row) => html`<${Said} text=${row.detail} /> <code class="quiet small">${row.code}</code>` },
];

export default function ImportKeysPage() {
  const [text, setText] = useState("");
  const [ways, setWays] = useState({ source: "", format: "csv", client_id: null, environment: "" });
  const preview = useWrite();
  const write = useWrite();
  const { may, refusal } = useMay();
  const query = { source: ways.source.trim(), format: ways.format, client_id: ways.client_id, environment: ways.environment.trim() };
  const call = { method: "POST", path: "/v1/keys/import", query, body: text, type: TYPES[ways.format] ?? "application/json" };
  const change = (changes) => { setWays({ ...ways, ...changes }); preview.reset(); };
  const typed = (value) => { setText(value); preview.reset(); };
  const refused = may("key.import") ? null : refusal("key.import");
  const missing = !ways.source.trim() ? "Say what the other system is called." : text.trim() ? null : "Choose a file first.";
  const look = (event) => {
    event.preventDefault();
    if (!missing && !refused && !preview.busy) preview.run({ ...call, dryRun: true });
  };
  const done = (answer) => { if (answer) go(`operations/${answer.body.id}`); };
  const carryOut = async () => done(await write.run(call));
  const read = async (event) => {
    const file = event.target.files?.[0];
    if (file) typed(await file.text());
  };
  return html`<${Page} title="Import keys" trail=${[["Keys", "#/keys"]]} calls=${[call]}
    about="Their callers go on with the secrets they have. A row gives the SHA-256 of a secret, never the secret itself, and the same upload may be sent again.">
    <${Section} title="Upload"><form class="form" onSubmit=${look}>
      <${Text} label="The other system" required value=${ways.source} onInput=${(source) => change({ source })}
        hint="kong, unkey: a row is known by it and by its own name there." error=${wrongAt(preview.error, "/source")} />
      <${Choice} label="Format" required value=${ways.format} onInput=${(format) => change({ format })} options=${FORMATS} />
      <${Find} what="clients" label="Client" none="Each row names its own" value=${ways.client_id}
        hint="Of rows that name none." onInput=${(client_id) => change({ client_id })} />
      <${Text} label="Environment" value=${ways.environment} onInput=${(environment) => change({ environment })} hint="Of rows that name none." />
      <${Field} wide label="A file">${(given) => html`<input ...${given} type="file" accept=".csv,.json,.jsonl,.ndjson,text/csv,application/json" onChange=${read} />`}<//>
      <${Area} wide mono label="The rows" required rows=${6} value=${text} onInput=${typed}
        hint="external_id, sha256, and perhaps client_name, environment, name, scopes, expires_at, hint. At most 100,000." />
      <${WriteStatus} write=${preview} />
      <div class="row end"><${Act} type="submit" kind="main" busy=${preview.busy} refusal=${refused ?? missing}>Show what would become of it<//></div>
    </form><//>
    ${preview.answer && html`<${Found} found=${preview.answer.body} write=${write} carryOut=${carryOut} done=${done} />`}
  <//>`;
}

function Found({ found, write, carryOut, done }) {
  return html`<${Section} title="What would become of it" actions=${html`<${Act} kind="main" busy=${write.busy}
    refusal=${found.applied === 0 ? "There is nothing to make." : null} onClick=${carryOut}>Import ${count(found.applied, "key")}<//>`}>
    <div class="figures" role="status"><${Figure} label="Rows" value=${number(found.rows)} /><${Figure} label="Keys to be made"
      value=${number(found.applied)} tone=${found.applied ? "good" : undefined} />
      <${Figure} label="There already" value=${number(found.unchanged)} /><${Figure} label="Refused" value=${number(found.refused)}
        tone=${found.refused ? "bad" : undefined} note=${found.refused ? "and stop none after them" : ""} /></div>
    <${WriteStatus} write=${write} onDone=${done} />
    ${found.refusals.length > 0 && html`<${Table} caption="Rows that would be refused" columns=${COLUMNS} items=${found.refusals} keyOf=${(row) => String(row.number)} />`}
  <//>`;
}
