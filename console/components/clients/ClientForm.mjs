// What is said of a client: the same form for a new one and for a change.
import { html, useState } from "../../lib/ui.mjs";
import { Act } from "../Act.mjs";
import { Area, Choice, Text, Words, wrongAt } from "../Field.mjs";

export const EMPTY_CLIENT = { name: "", kind: "partner", owner: { team: "", email: "" }, contacts: [], environments: ["prod"], scopes: [], labels: {} };
const ROLES = [["technical", "Technical"], ["billing", "Billing"], ["security", "Security"]];

/** What the form holds of a client that was read. */
export const formOf = (client) => ({
  name: client.name, kind: client.kind, owner: { team: client.owner.team, email: client.owner.email ?? "" },
  contacts: client.contacts.map(({ name, email, role }) => ({ name: name ?? "", email: email ?? "", role })),
  environments: client.environments, scopes: client.scopes, labels: client.labels,
});

const labelText = (labels) => Object.entries(labels).map(([name, value]) => `${name}=${value}`).join("\n");
const labelsOf = (text) => Object.fromEntries(text.split("\n").map((line) => line.split("=", 2).map((part) => part.trim())).filter(([name]) => name).map(([name, value]) => [name, value ?? ""]));

/** @param {{ value: any, onInput: (value: any) => void, error: any, fresh?: boolean }} props */
export function ClientFields({ value, onInput, error, fresh = false }) {
  const set = (changes) => onInput({ ...value, ...changes });
  const owner = (changes) => set({ owner: { ...value.owner, ...changes } });
  const [labels, setLabels] = useState(labelText(value.labels));
  return html`
    <${Text} label="Name" required value=${value.name} onInput=${(name) => set({ name })} error=${wrongAt(error, "/name")} />
    ${fresh && html`<${Choice} label="Kind" required value=${value.kind} onInput=${(kind) => set({ kind })}
      options=${[["partner", "Partner"], ["internal", "Internal"]]}
      hint="A partner belongs to somebody else; what is internal is ours." />`}
    <${Text} label="Owner team" required value=${value.owner.team} onInput=${(team) => owner({ team })} hint="Who answers for it."
      error=${wrongAt(error, "/owner/team")} />
    <${Text} label="Owner address" type="email" required value=${value.owner.email} onInput=${(email) => owner({ email })}
      error=${wrongAt(error, "/owner/email")} />
    <${Words} label="Environments" required value=${value.environments} onInput=${(environments) => set({ environments })}
      hint="Where it may call: prod, sandbox. Keys of one that you take away stop at once." error=${wrongAt(error, "/environments")} />
    <${Words} label="Scopes" value=${value.scopes} onInput=${(scopes) => set({ scopes })}
      hint="What it may do at most: orders:read, orders:write." error=${wrongAt(error, "/scopes")} />
    <${Area} label="Labels" mono value=${labels} rows=${3} onInput=${(text) => { setLabels(text); set({ labels: labelsOf(text) }); }}
      hint="One a line: tier=gold." error=${wrongAt(error, "/labels")} />
    <${Contacts} value=${value.contacts} onInput=${(contacts) => set({ contacts })} error=${error} />`;
}

function Contacts({ value, onInput, error }) {
  const change = (at, changes) => onInput(value.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  const add = () => onInput([...value, { name: "", email: "", role: "technical" }]);
  return html`<fieldset class="field"><legend>Contacts</legend>
    <p class="hint">Who is told when keys expire, limits are reached or something leaks.</p>
    ${value.map((contact, at) => html`<div class="limit" key=${at}>
      <${Text} label="Name" required value=${contact.name} onInput=${(name) => change(at, { name })}
        error=${wrongAt(error, `/contacts/${at}/name`)} />
      <${Text} label="Address" type="email" required value=${contact.email} onInput=${(email) => change(at, { email })}
        error=${wrongAt(error, `/contacts/${at}/email`)} />
      <${Choice} label="For" required value=${contact.role} onInput=${(role) => change(at, { role })} options=${ROLES} />
      <${Act} kind="quiet" label=${`Take contact ${at + 1} away`}
        onClick=${() => onInput(value.filter((_, index) => index !== at))}>Take away<//>
    </div>`)}
    <div class="row"><${Act} onClick=${add}>Add a contact<//></div>
  </fieldset>`;
}
