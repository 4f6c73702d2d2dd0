// Who is told: contacts, owners, addresses, whom an event names, or a webhook.
import { html } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Choice, Text, wrongAt } from "../Field.mjs";

const KINDS = [["owner", "The client's owner"], ["contacts", "The client's contacts"], ["address", "An address"], ["named", "Whom the event names"], ["webhook", "A webhook"]];
/** Not "": what is required and has nothing chosen does not leave the form. */
const ALL = "all";
const ROLES = [[ALL, "All"], ["technical", "Technical"], ["billing", "Billing"], ["security", "Security"]];

export const recipientForm = (one) => ({ kind: one.kind, role: one.role ?? ALL, address: one.address ?? "", webhook_id: one.webhook_id ?? "" });

export const recipientBody = ({ kind, role, address, webhook_id }) => ({
  kind, ...(kind === "contacts" && role !== ALL ? { role } : {}), ...(kind === "address" ? { address: address.trim() } : {}), ...(kind === "webhook" ? { webhook_id } : {}),
});

/** @param {{ value: any[], onInput: (value: any[]) => void, error: any }} props */
export function Recipients({ value, onInput, error }) {
  const { may } = useMay();
  const hooks = useRead(may("webhook.read") ? { path: "/v1/webhooks", query: { limit: 200 } } : null).data?.items ?? [];
  const living = hooks.filter((hook) => hook.status !== "deleted").map((hook) => [hook.id, hook.name]);
  const change = (at, changes) => onInput(value.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  return html`<fieldset class="field"><legend>Recipients</legend>
    ${value.map((one, at) => html`<div class="limit" key=${at}>
      <${Choice} label="Who" required value=${one.kind} onInput=${(kind) => change(at, { kind })} options=${KINDS} error=${wrongAt(error, `/recipients/${at}`)} />
      ${one.kind === "contacts" && html`<${Choice} label="For" required value=${one.role} onInput=${(role) => change(at, { role })} options=${ROLES} />`}
      ${one.kind === "address" && html`<${Text} label="Address" type="email" required value=${one.address} onInput=${(address) => change(at, { address })} />`}
      ${one.kind === "webhook" && html`<${Choice} label="Webhook" required value=${one.webhook_id}
        onInput=${(webhook_id) => change(at, { webhook_id })} options=${[["", "Choose…"], ...living]} />`}
      <${Act} kind="quiet" label=${`Take recipient ${at + 1} away`} refusal=${value.length === 1 ? "Somebody has to be told." : null}
        onClick=${() => onInput(value.filter((_, index) => index !== at))}>Take away<//>
    </div>`)}
    ${wrongAt(error, "/recipients") && value.length === 0 && html`<p class="wrong">${error.message}</p>`}
    <div class="row"><${Act} onClick=${() => onInput([...value, recipientForm({ kind: "contacts" })])}>Add a recipient<//></div>
  </fieldset>`;
}
