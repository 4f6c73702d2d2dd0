// Issuing a key: asks, then shows the secret once.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { CopyOnce } from "../Copy.mjs";
import { Curl } from "../Curl.mjs";
import { Dialog } from "../Dialog.mjs";
import { Checks, Choice, Moment, Text, Words, wrongAt } from "../Field.mjs";
import { WriteStatus } from "../Write.mjs";

const EXPIRES = [["never", "Never"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"], ["at", "At a time"]];

/** To the second, and once: a request that is tried again is the same. @param {string} days */
const ahead = (days) => (Number(days) ? `${new Date(Date.now() + Number(days) * 86_400_000).toISOString().slice(0, 19)}Z` : null);

/** What is sent: what is not said is left to the server. */
function bodyOf({ name, environment, expires_at, not_before, allowed_cidrs, scopes, all }) {
  return { name, environment, ...(expires_at ? { expires_at } : {}), ...(not_before ? { not_before } : {}),
    ...(allowed_cidrs.length ? { allowed_cidrs } : {}), ...(all ? {} : { scopes }) };
}

/** @param {{ client: Api["Client"], onClose: (issued: boolean) => void }} props */
export function IssueKey({ client, onClose }) {
  const [value, setValue] = useState({ name: "", environment: client.environments[0], expires: "never", expires_at: null, not_before: null, allowed_cidrs: [], scopes: client.scopes, all: true });
  const write = useWrite();
  const { refusal } = useMay();
  const set = (changes) => setValue({ ...value, ...changes });
  const call = { method: "POST", path: `/v1/clients/${client.id}/keys`, body: bodyOf(value) };
  const submit = (event) => {
    event.preventDefault();
    if (!write.busy) write.run(call);
  };
  if (write.answer) return html`<${Issued} body=${write.answer.body} onClose=${() => onClose(true)} />`;
  const refused = refusal("key.issue", { team: client.owner.team, environments: [value.environment] });
  return html`<${Dialog} title=${`Issue a key for ${client.name}`} onClose=${() => onClose(false)}>
    <form class="form" onSubmit=${submit}>
      <${Text} label="Name" required autofocus value=${value.name} onInput=${(name) => set({ name })}
        hint="What it is for: backend, nightly import." error=${wrongAt(write.error, "/name")} />
      <${Choice} label="Environment" required value=${value.environment} onInput=${(environment) => set({ environment })}
        options=${client.environments.map((one) => [one, one])} error=${wrongAt(write.error, "/environment")} />
      <${Choice} label="Scopes" required value=${value.all ? "all" : "some"} onInput=${(which) => set({ all: which === "all" })}
        options=${[["all", "Whatever the client holds, now and later"], ["some", "Only these"]]} />
      ${!value.all && html`<${Checks} label="Only these scopes" options=${client.scopes} value=${value.scopes}
        onInput=${(scopes) => set({ scopes })} error=${wrongAt(write.error, "/scopes")} />`}
      <${Choice} label="Expires" required value=${value.expires} options=${EXPIRES} onInput=${(expires) => set({ expires, expires_at: ahead(expires) })}
        hint="Owners are told before." error=${value.expires === "at" ? null : wrongAt(write.error, "/expires_at")} />
      ${value.expires === "at" && html`<${Moment} label="Expires at" required value=${value.expires_at}
        onInput=${(expires_at) => set({ expires_at })} error=${wrongAt(write.error, "/expires_at")} />`}
      <${Moment} label="Not before" value=${value.not_before} onInput=${(not_before) => set({ not_before })} hint="In UTC. Empty: at once."
        error=${wrongAt(write.error, "/not_before")} />
      <${Words} label="Allowed addresses" value=${value.allowed_cidrs} onInput=${(allowed_cidrs) => set({ allowed_cidrs })}
        hint="192.0.2.0/24, 2001:db8::/32. Empty: from anywhere." error=${wrongAt(write.error, "/allowed_cidrs")} />
      <${WriteStatus} write=${write} />
      <div class="row spread"><${Act} onClick=${() => onClose(false)}>Cancel<//>${!write.approval && html`<${Act} type="submit" kind="main"
        busy=${write.busy} refusal=${refused}>Issue<//>`}</div>
    </form>
    <${Curl} calls=${[call]} />
  <//>`;
}

/** A secret, or why there is none to show. @param {{ body: any, onClose: () => void, title?: string, children?: unknown }} props */
export function Issued({ body, onClose, title = "The key is issued", children }) {
  if (!body.secret) {
    return html`<${Dialog} title=${title} onClose=${onClose}>
      <p>Its secret was in the first answer to this request, and is nowhere else. If that answer was lost, rotate the key.</p>
      <div class="row end"><${Act} kind="main" onClick=${onClose}>Close<//></div><//>`;
  }
  return html`<${Dialog} wide title=${title} locked onClose=${onClose}>
    <${CopyOnce} secret=${body.secret} onStored=${onClose} />
    ${children}
    <p class="small quiet">A caller presents it as the header x-api-key, or as Authorization: Bearer.</p>
  <//>`;
}
