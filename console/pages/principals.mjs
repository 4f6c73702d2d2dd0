// The people who may sign in. What they may do stands in grants.
import { html, useState } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { forgetPrincipals } from "../lib/principals.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { Text, wrongAt } from "../components/Field.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "name_contains", label: "Name", kind: "search" },
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["enabled", "disabled"]) },
];

const erased = html`<span class="quiet">erased</span>`;
const COLUMNS = [
  { name: "Name", cell: (one) => html`<a href=${`#/principals/${one.id}`}>${one.name ?? "erased"}</a>` },
  { name: "Status", cell: (one) => html`<span class="row"><${Badge} word=${one.status} />${one.break_glass_until && html`<${Badge} word="glass broken"
    tone="bad" />`}${one.claimed && html`<${Badge} word="claimed the installation" tone="plain" />`}</span>` },
  { name: "Address", cell: (one) => one.email ?? erased },
  { name: "Signs in by", cell: (one) => (one.identity ? one.identity.issuer : one.token ? "a token" : html`<span class="quiet">nothing yet</span>`) },
  { name: "Added", cell: (one) => html`<${Time} at=${one.created_at} relative />` },
];

export default function PrincipalsPage({ query }) {
  const [adding, setAdding] = useState(false);
  const { refusal } = useMay();
  const call = { path: "/v1/principals", query };
  const read = usePage(call);
  const added = (answer) => { forgetPrincipals(); go(`principals/${answer.body.id}`); };
  return html`<${Page} title="People" about="Whoever may sign in. They have no token of their own but one: whoever claimed the installation." calls=${[call]}
    actions=${html`<${Act} kind="main" refusal=${refusal("principal.write")} onClick=${() => setAdding(true)}>Add a person<//>`}>
    <${Section} title="People">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="People" columns=${COLUMNS} empty=${query.name_contains || query.status ? html`<${Empty}
        title="Nobody fits these filters." />` : html`<${Empty} title="Nobody is added yet.">The installation goes by its first token until it is claimed.<//>`} />
    <//>
    ${adding && html`<${Add} onClose=${() => setAdding(false)} onDone=${added} />`}
  <//>`;
}

function Add({ onClose, onDone }) {
  const [value, setValue] = useState({ name: "", email: "", issuer: "", subject: "" });
  const set = (changes) => setValue({ ...value, ...changes });
  const body = { name: value.name.trim(), ...(value.email.trim() ? { email: value.email.trim() } : {}), ...(value.issuer.trim() ? { identity: { issuer: value.issuer.trim(), subject: value.subject.trim() } } : {}) };
  return html`<${Confirm} title="Add a person" verb="Add" reason="none" about="They may do nothing before they are given a role."
    call=${() => ({ method: "POST", path: "/v1/principals", body })} onClose=${onClose} onDone=${onDone}
    extra=${(error) => html`
      <${Text} label="Name" required value=${value.name} onInput=${(name) => set({ name })} error=${wrongAt(error, "/name")} />
      <${Text} label="Address" type="email" value=${value.email} onInput=${(email) => set({ email })} error=${wrongAt(error, "/email")} />
      <${Text} label="Identity provider" type="url" value=${value.issuer} onInput=${(issuer) => set({ issuer })}
        hint="As it names itself: https://login.example.com." error=${wrongAt(error, "/identity/issuer")} />
      ${value.issuer && html`<${Text} label="Its name for the person" required value=${value.subject} onInput=${(subject) => set({ subject })}
        hint="The subject, which it never gives to another." error=${wrongAt(error, "/identity/subject")} />`}`} />`;
}
