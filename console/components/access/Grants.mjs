// Grants: a role within a scope, given by somebody for a reason, perhaps until a time.
import { html, useContext, useState } from "../../lib/ui.mjs";
import { words } from "../../lib/format.mjs";
import { Signed, useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Badge } from "../Badge.mjs";
import { Confirm } from "../Confirm.mjs";
import { Danger } from "../Danger.mjs";
import { Choice, Moment, wrongAt } from "../Field.mjs";
import { Scope, ScopeFields, scopeBody, scopeForm } from "../Scope.mjs";
import { Time } from "../Time.mjs";
import { FindPrincipal, Principal } from "./Principal.mjs";

const WHO = { name: "Who", cell: (grant) => html`<${Principal} id=${grant.principal_id} />` };
const REST = [
  { name: "Reaches", cell: (grant) => html`<${Scope} scope=${grant.scope} />` },
  { name: "State", cell: (grant) => html`<${Badge} word=${stateOf(grant)} tone=${stateOf(grant) === "in force" ? "good" : "plain"} />` },
  { name: "Until", cell: (grant) => html`<${Time} at=${grant.until} none="no end" />` },
  { name: "Why", cell: (grant) => html`${grant.reason}${grant.withdrawn_because && html`<span class="item quiet">withdrawn: ${grant.withdrawn_because}</span>`}` },
  { name: "Given", cell: (grant) => html`<${Time} at=${grant.created_at} relative />` },
];

export const stateOf = (grant) => (grant.status === "withdrawn" ? "withdrawn" : grant.until && Date.parse(grant.until) < Date.now() ? "ended" : "in force");

const ROLE = { name: "Role", cell: (grant) => words(grant.role) };
const take = (withdraw, refusal) => ({ name: html`<span
  class="hidden">Acts</span>`, cell: (grant) => stateOf(grant) === "in force" && html`<${Act} kind="quiet" label=${`Withdraw ${words(grant.role)}`}
  refusal=${refusal("grant.write", factsOfScope(grant.scope))} onClick=${() => withdraw(grant)}>Withdraw<//>` });

/** @param {(grant: any) => void} withdraw @param {any} refusal */
export const grantColumns = (withdraw, refusal) => [ROLE, WHO, ...REST, take(withdraw, refusal)];
export const grantColumnsOf = (withdraw, refusal) => [ROLE, ...REST, take(withdraw, refusal)];

export const factsOfScope = (scope) => (scope.kind === "all" ? null : { team: scope.team ?? undefined, environments: scope.environments ?? [] });

/** @param {{ grant: Api["Grant"], name: string, onClose: () => void, onDone: () => void }} props */
export function Withdraw({ grant, name, onClose, onDone }) {
  return html`<${Danger} mild title=${`Withdraw ${words(grant.role)} from ${name}`} verb="Withdraw" name=${name}
    about="It allows nothing from then on. The last administrator cannot be withdrawn."
    call=${(reason) => ({ method: "DELETE", path: `/v1/grants/${grant.id}`, query: { reason }, ifMatch: grant.version })} onClose=${onClose} onDone=${onDone} />`;
}

/** Giving a role: never more than one holds. @param {{ principal?: string, account?: boolean, onClose: () => void, onDone: () => void }} props */
export function Give({ principal = "", account = false, onClose, onDone }) {
  const [value, setValue] = useState({ principal_id: principal, role: "", scope: scopeForm(null), until: null });
  const signed = /** @type {import("../../lib/session.mjs").SignedIn} */ (useContext(Signed));
  const { refusal } = useMay();
  const scope = scopeBody(value.scope);
  const facts = factsOfScope(scope);
  const roles = signed.roles.roles.filter((role) => role.for_people !== true || !account);
  const role = roles.find((one) => one.role === value.role);
  // The server decides; this says beforehand which permission somebody would give without holding it.
  const beyond = role?.permissions.find((permission) => refusal(permission, facts));
  const missing = !value.principal_id ? "Choose somebody." : !role ? "Choose a role." : beyond ? `You do not hold ${beyond} there yourself, and nobody gives more than they hold.` : null;
  const set = (changes) => setValue({ ...value, ...changes });
  return html`<${Confirm} title="Give a role" verb="Give" missing=${missing} onClose=${onClose} onDone=${onDone}
    call=${(reason) => ({ method: "POST", path: "/v1/grants", body: { principal_id: value.principal_id, role: value.role, scope, reason, ...(value.until ? { until: value.until } : {}) } })}
    extra=${(error) => html`
      ${!principal && html`<${FindPrincipal} label="Who" value=${value.principal_id} onInput=${(principal_id) => set({ principal_id })}
        error=${wrongAt(error, "/principal_id")} />`}
      <${Choice} label="Role" required value=${value.role} onInput=${(name) => set({ role: name })}
        options=${[["", "Choose…"], ...roles.map((one) => [one.role, words(one.role)])]}
        hint=${role ? html`${role.says} ${beyond && html`<strong>You hold less than that: ${beyond} is missing.</strong>`}` : html`<a
        href="#/roles">What each role holds</a>`} error=${wrongAt(error, "/role")} />
      <${ScopeFields} value=${value.scope} onInput=${(next) => set({ scope: next })} error=${error} />
      <${Moment} label="Until" value=${value.until} onInput=${(until) => set({ until })} hint="In UTC. Empty: until it is withdrawn." error=${wrongAt(error, "/until")} />`} />`;
}
