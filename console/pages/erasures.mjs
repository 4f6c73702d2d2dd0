// Erasing personal values for good, wherever they are kept, without breaking a proof.
import { html, useState } from "../lib/ui.mjs";
import { useMay } from "../lib/permissions.mjs";
import { number } from "../lib/format.mjs";
import { FindPrincipal } from "../components/access/Principal.mjs";
import { Act } from "../components/Act.mjs";
import { Danger } from "../components/Danger.mjs";
import { Area, Choice } from "../components/Field.mjs";
import { Find } from "../components/Find.mjs";
import { Page, Section } from "../components/Page.mjs";

const KINDS = [["principal", "A person's: name, address, identity, and from where they did what they did"], ["client", "A client's: its owner and contacts"], ["values", "Whoever's they are: values as they were given"]];

export default function ErasuresPage() {
  const [value, setValue] = useState({ kind: "principal", principal_id: "", client_id: null, text: "" });
  const [open, setOpen] = useState(false);
  const [erased, setErased] = useState(/** @type {any} */ (null));
  const { refusal } = useMay();
  const set = (changes) => { setValue({ ...value, ...changes }); setErased(null); };
  const values = value.text.split("\n").map((one) => one.trim()).filter(Boolean);
  const of = value.kind === "principal" ? { principal_id: value.principal_id } : { ...(value.kind === "client" ? { client_id: value.client_id } : {}), ...(values.length ? { values } : {}) };
  const missing = { principal: value.principal_id ? null : "Choose somebody.", client: value.client_id ? null : "Choose a client.", values: values.length ? null : "Say which values." }[value.kind];
  const call = (reason) => ({ method: "POST", path: "/v1/erasures", body: { ...of, reason } });
  const submit = (event) => { event.preventDefault(); if (!missing) setOpen(true); };
  return html`<${Page} title="Erasure" calls=${[call("…")]}
    about="Names, addresses and the like are kept beside the log, which has a commitment in their place. Erased, they are gone for good, and every proof of the log still holds.">
    <${Section} title="What is erased"><form class="form" onSubmit=${submit}>
      <${Choice} wide label="Whose" required value=${value.kind} onInput=${(kind) => set({ kind })} options=${KINDS} />
      ${value.kind === "principal" && html`<${FindPrincipal} label="Person" value=${value.principal_id} onInput=${(principal_id) => set({ principal_id })} />`}
      ${value.kind === "client" && html`<${Find} what="clients" label="Client" required none="Choose…" value=${value.client_id} onInput=${(client_id) => set({ client_id })} />`}
      ${value.kind !== "principal" && html`<${Area} label="Values" required=${value.kind === "values"} rows=${3} value=${value.text}
        onInput=${(text) => set({ text })}
        hint=${value.kind === "client" ? "One a line. Empty: all of the client's." : "One a line, as they were given: an address, a name, a network address."} />`}
      <div class="row end"><${Act} type="submit" kind="danger" refusal=${refusal("personal.erase") ?? missing}>Erase…<//></div>
    </form>
    ${erased && html`<p role="status"><strong>${number(erased.values)} values are erased.</strong> ${erased.complete ? "None are left." : "There are more: erase again until none are left."}</p>`}<//>
    ${open && html`<${Danger} title="Erase personal values" verb="Erase for good" name="erase"
      about="They do not come back. Whoever needs them to reach somebody cannot any more." call=${call} onClose=${() => setOpen(false)}
      onDone=${(answer) => setErased(answer.body)} />`}
  <//>`;
}
