// What is planned: the fields that each kind of change has.
import { html } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { remember, useName } from "../../lib/names.mjs";
import { Choice, Text } from "../Field.mjs";
import { Find } from "../Find.mjs";

export const EMPTY_PLAN = { kind: "suspend_key", client_id: null, key_id: "", policy_id: null, route_id: null, environment: "", assignment_id: "", mode: "enforce" };

/** @param {typeof EMPTY_PLAN} value @returns {any} what is sent, or null while something is missing */
export function planOf({ kind, client_id, key_id, policy_id, route_id, environment, assignment_id, mode }) {
  const some = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
  return {
    suspend_key: key_id && { kind, key_id },
    revoke_key: key_id && { kind, key_id },
    suspend_client: client_id && { kind, client_id },
    assign_policy: policy_id && { kind, policy_id, ...some({ client_id, route_id, environment: environment.trim() }) },
    unassign_policy: policy_id && assignment_id && { kind, policy_id, assignment_id },
    revise_policy: policy_id && { kind, policy_id, revision: { mode } },
  }[kind] || null;
}

/** @param {{ value: any, onInput: (changes: any) => void }} props */
export function PlanFields({ value, onInput }) {
  const { kind } = value;
  const ofKey = kind === "suspend_key" || kind === "revoke_key";
  return html`
    ${(ofKey || kind === "suspend_client") && html`<${Find} what="clients" label="Client" required none="Choose…" value=${value.client_id}
      onInput=${(client_id) => onInput({ client_id, key_id: "" })} />`}
    ${ofKey && html`<${KeyOf} client=${value.client_id} value=${value.key_id} onInput=${(key_id) => onInput({ key_id })} />`}
    ${kind.endsWith("_policy") && html`<${Find} what="policies" label="Policy" required none="Choose…" query=${{ status: "active" }}
      value=${value.policy_id} onInput=${(policy_id) => onInput({ policy_id, assignment_id: "" })} />`}
    ${kind === "assign_policy" && html`
      <${Find} what="clients" label="Client" none="every client" value=${value.client_id} onInput=${(client_id) => onInput({ client_id })} />
      <${Find} what="routes" label="Route" none="every route" query=${{ status: "active" }} value=${value.route_id} onInput=${(route_id) => onInput({ route_id })} />
      <${Text} label="Environment" value=${value.environment} onInput=${(environment) => onInput({ environment })} hint="Empty: every one." />`}
    ${kind === "unassign_policy" && html`<${AssignmentOf} policy=${value.policy_id} value=${value.assignment_id} onInput=${(assignment_id) => onInput({ assignment_id })} />`}
    ${kind === "revise_policy" && html`<${Choice} label="Mode" required value=${value.mode} onInput=${(mode) => onInput({ mode })}
      options=${[["enforce", "Enforce"], ["shadow", "Shadow"]]} hint="Limits are changed for a time ahead on the policy's own page." />`}`;
}

function KeyOf({ client, value, onInput }) {
  const keys = useRead(client ? { path: "/v1/keys", query: { client_id: client, limit: 200 } } : null).data?.items ?? [];
  remember(keys);
  const living = keys.filter((key) => key.status === "active" || key.status === "suspended");
  return html`<${Choice} label="Key" required value=${value} onInput=${onInput}
    options=${[["", client ? "Choose…" : "Choose a client first"], ...living.map((key) => [key.id, `${key.name} (${key.environment}, ${key.hint})`])]} />`;
}

function AssignmentOf({ policy, value, onInput }) {
  const items = useRead(policy ? { path: "/v1/assignments", query: { policy_id: policy, limit: 200 } } : null).data?.items ?? [];
  return html`<div class="field"><label for="plan-assignment">Assignment</label><select id="plan-assignment" required value=${value}
    onChange=${(event) => onInput(event.target.value)}>
    <option value="">${policy ? "Choose…" : "Choose a policy first"}</option>${items.map((one) => html`<${Assignment} one=${one} chosen=${value} />`)}</select></div>`;
}

function Assignment({ one, chosen }) {
  const [client, route] = [useName(one.client_id), useName(one.route_id)];
  const said = [one.client_id ? client ?? one.client_id : "every client", one.route_id && (route ?? one.route_id), one.environment].filter(Boolean).join(", ");
  return html`<option value=${one.id} selected=${one.id === chosen}>${said}</option>`;
}
