// What stands beside the newest checkpoint: another one to hold it to, the keys, the names of the log, and the whole log as a file.
import { html, useState } from "../../lib/ui.mjs";
import { keyOf } from "../../lib/note.mjs";
import { pin, pinned } from "../../lib/pins.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { verifyGrowth } from "../../lib/verify.mjs";
import { Act } from "../Act.mjs";
import { Badge } from "../Badge.mjs";
import { CopyButton } from "../Copy.mjs";
import { Download } from "../Download.mjs";
import { Area, Count, Text } from "../Field.mjs";
import { Section } from "../Page.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { tell } from "../Toast.mjs";
import { askConsistency, keysOf } from "./Proof.mjs";
import { Steps } from "./Steps.mjs";

/** @param {{ checkpoint: Api["Checkpoint"], keys: Api["CheckpointKeys"] }} props */
export function Other({ checkpoint, keys }) {
  const [note, setNote] = useState("");
  const [steps, setSteps] = useState(/** @type {import("../../lib/verify.mjs").Step[] | null} */ (null));
  const submit = async (event) => {
    event.preventDefault();
    // A last line without its end is what a selection leaves.
    setSteps([await verifyGrowth(`${note.trim()}\n`, checkpoint.note, keysOf(keys), askConsistency)]);
  };
  return html`<${Section} title="Hold it to another one"
    about="A checkpoint from a file, a webhook or a witness: has the log only grown since?"><form class="form" onSubmit=${submit}>
    <${Area} label="The earlier checkpoint" mono required rows=${5} value=${note} onInput=${(text) => { setNote(text); setSteps(null); }}
      hint="The whole note: name, size, root, an empty line, signatures." wide />
    ${steps && html`<${Steps} steps=${steps} passed="The log has only grown since." failed="The log does not begin with this one." />`}
    <div class="row end"><${Act} type="submit" refusal=${note.trim() ? null : "Paste it first."}>Check<//></div>
  </form><//>`;
}

/** @param {{ keys: Api["CheckpointKeys"] }} props */
export function Keys({ keys }) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState("");
  const [own, setOwn] = useState(pinned().vkey ?? null);
  const put = async (vkey) => {
    try {
      if (vkey) await keyOf(vkey);
      setOwn(pin({ vkey }).vkey ?? null);
      setTyped("");
      setWrong("");
      tell(vkey ? "Proofs are held to this key from now on, in this browser." : "Proofs are held to the keys that the server names.");
    } catch (error) {
      setWrong(error.message);
    }
  };
  return html`<${Section} title="Keys"
    about="A key that comes with the log proves that the log is whole in itself. One that came by another way proves whose log it is.">
    <${Table} caption="Keys that sign the log" items=${keys.keys} keyOf=${(key) => key.vkey} columns=${[
      { name: "Verifier key", cell: (key) => html`<code class="id breaks">${key.vkey}</code> <${CopyButton} text=${key.vkey}
        what="verifier key" />` },
      { name: "Signs", cell: (key) => (key.signs ? html`<${Badge} word="current" />` : html`<span class="quiet">no more</span>`) },
      { name: "Since", cell: (key) => html`<${Time} at=${key.first_signed_at} />` },
      { name: "At size", kind: "number", cell: (key) => key.first_size },
      { name: "Here", cell: (key) => (key.vkey === own ? html`<${Badge} word="pinned" tone="good" />` : "") },
    ]} />
    ${own
      ? html`<p class="row wrap"><span>Pinned in this browser: <code class="id breaks">${own}</code></span><${Act}
        onClick=${() => put(null)}>Let go of it<//></p>`
      : html`<form class="form" onSubmit=${(event) => { event.preventDefault(); put(typed.trim()); }}>
          <${Text} label="Pin a key" mono required wide value=${typed} onInput=${setTyped} error=${wrong || null}
            hint="As whoever runs the log gave it to you: NAME+ID+BASE64." />
          <div class="row end"><${Act} type="submit" refusal=${typed.trim() ? null : "Paste it first."}>Pin<//></div></form>`}
  <//>`;
}

/** @param {{ items: Api["LogIdentity"][] }} props */
export function Identities({ items }) {
  if (items.length < 2) return null;
  return html`<${Section} title="Names of the log" about="More than one means that an operator has abandoned what was signed before.">
    <${Table} caption="Names of the log" items=${items} keyOf=${(one) => String(one.number)} columns=${[
    { name: "Name", cell: (one) => html`<code class="id">${one.origin}</code>` },
    { name: "Since", cell: (one) => html`<${Time} at=${one.made_at} />` },
    { name: "Why", cell: (one) => one.reason },
    { name: "Left behind", cell: (one) => (one.abandoned_origin ? `${one.abandoned_origin}, ${one.abandoned_size} events` : "–") },
  ]} /><//>`;
}

/** @param {{ size: number }} props */
export function Export({ size }) {
  const [range, setRange] = useState({ from: null, until: null });
  const [personal, setPersonal] = useState(true);
  const { refusal } = useMay();
  const call = { path: "/v1/audit/export", query: { ...range, personal: personal ? "" : "false" }, accept: "application/jsonl" };
  return html`<${Section} title="The log, with its proof"
    about=${html`A file that proves itself: <code>tollgate audit verify FILE</code> checks it without asking anybody.`}><form class="form"
    onSubmit=${(event) => event.preventDefault()}>
    <${Count} label="From position" min=${1} max=${size} value=${range.from} onInput=${(from) => setRange({ ...range, from })}
      hint="Empty: the first." />
    <${Count} label="Until position" min=${1} max=${size} value=${range.until} onInput=${(until) => setRange({ ...range, until })}
      hint=${`Empty: the last that is signed, ${size} now.`} />
    <label class="check"><input type="checkbox" checked=${personal}
      onChange=${(event) => setPersonal(event.target.checked)} /> with names and addresses that are left</label>
    <div class="row end"><${Download} call=${call} name="tollgate-audit-export.jsonl" refusal=${refusal("audit.export")}>Take the log out<//></div>
  </form><//>`;
}
