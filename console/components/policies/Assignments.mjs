// Whom a policy binds: the list, adding and ending.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { to } from "../../lib/router.mjs";
import { Act } from "../Act.mjs";
import { Badge } from "../Badge.mjs";
import { Curl } from "../Curl.mjs";
import { Danger } from "../Danger.mjs";
import { Dialog } from "../Dialog.mjs";
import { Moment, Text, wrongAt } from "../Field.mjs";
import { Find } from "../Find.mjs";
import { Ref } from "../Ref.mjs";
import { Empty } from "../States.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { tell } from "../Toast.mjs";
import { Rehearsed, useRehearsal } from "./PolicyForm.mjs";
import { Warnings, WriteStatus } from "../Write.mjs";

/** Where an assignment begins and ends against now. */
const standing = (one) => (one.until && Date.parse(one.until) <= Date.now() ? "over" : one.from && Date.parse(one.from) > Date.now() ? "planned" : "active");

/** @param {{ policy: any, reload: () => void }} props */
export function Assignments({ policy, reload }) {
  const [ending, setEnding] = useState(/** @type {any} */ (null));
  const { refusal } = useMay();
  const refused = refusal("policy.assign");
  const columns = [
    { name: "Client", cell: (one) => html`<${Ref} id=${one.client_id} none="every client" />` },
    { name: "Route", cell: (one) => html`<${Ref} id=${one.route_id} none="every route" />` },
    { name: "Environment", cell: (one) => one.environment ?? html`<span class="quiet">every one</span>` },
    { name: "Specificity", cell: (one) => one.level.replaceAll("_", " ") },
    { name: "State", cell: (one) => html`<${Badge} word=${standing(one)} />` },
    { name: "From", cell: (one) => html`<${Time} at=${one.from} none="the beginning" />` },
    { name: "Until", cell: (one) => html`<${Time} at=${one.until} none="it is ended" />` },
    { name: html`<span class="hidden">What to do</span>`, cell: (one) => html`<span class="row"><a
      href=${to("effective", { client_id: one.client_id, route_id: one.route_id, environment: one.environment })}>Who wins?</a>
      <${Act} kind="quiet" label="End this assignment" refusal=${refused} onClick=${() => setEnding(one)}>End<//></span>` },
  ];
  const name = policy.name;
  return html`${policy.assignments.length === 0 ? html`<${Empty}
    title="It binds nobody yet.">Assign it to a client, a route, an environment, or to everyone.<//>`
      : html`<${Table} caption="Assignments" columns=${columns} items=${policy.assignments} />`}
    ${ending && html`<${Danger} title=${`End an assignment of ${name}`} verb="End it" name=${name} reasonNeeded=${false}
      about="What is less specific applies from then on; if there is nothing, these calls are not limited."
      call=${(reason) => ({ method: "DELETE", path: `/v1/policies/${policy.id}/assignments/${ending.id}`, query: { reason }, ifMatch: policy.version })}
      onClose=${() => setEnding(null)} onDone=${reload} />`}`;
}

/** @param {{ policy: any, onClose: (done: boolean) => void }} props */
export function Assign({ policy, onClose }) {
  const [value, setValue] = useState({ client_id: null, route_id: null, environment: "", from: null, until: null });
  const write = useWrite();
  const set = (changes) => setValue({ ...value, ...changes });
  const body = Object.fromEntries(Object.entries(value).filter(([, one]) => one));
  const call = { method: "POST", path: `/v1/policies/${policy.id}/assignments`, body };
  const rehearsal = useRehearsal(call);
  const done = (answer) => {
    if (!answer) return;
    tell(`${policy.name} is assigned.`);
    if (!answer.body.warnings?.length) onClose(true);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run(call));
  };
  if (write.answer) {
    return html`<${Dialog} title="It is assigned" onClose=${() => onClose(true)}><${Warnings} items=${write.answer.body.warnings} />
      <div class="row end"><${Act} kind="main" onClick=${() => onClose(true)}>Close<//></div><//>`;
  }
  return html`<${Dialog} title=${`Assign ${policy.name}`} onClose=${() => onClose(false)}>
    <p>All that is chosen must fit a call. The more it says, the more specific it is: client and route, client, route, then everyone.</p>
    <form class="form" onSubmit=${submit}>
      <${Find} what="clients" label="Client" none="Every client" query=${{ status: "active" }} value=${value.client_id}
        onInput=${(client_id) => set({ client_id })} error=${wrongAt(write.error, "/client_id")} />
      <${Find} what="routes" label="Route" none="Every route" query=${{ status: "active" }} value=${value.route_id}
        onInput=${(route_id) => set({ route_id })} error=${wrongAt(write.error, "/route_id")} />
      <${Text} label="Environment" value=${value.environment} onInput=${(environment) => set({ environment: environment.trim() })}
        hint="Empty: every one." error=${wrongAt(write.error, "/environment")} />
      <${Moment} label="From" value=${value.from} onInput=${(from) => set({ from })} hint="In UTC. Empty: at once."
        error=${wrongAt(write.error, "/from")} />
      <${Moment} label="Until" value=${value.until} onInput=${(until) => set({ until })} hint="In UTC. Empty: until it is ended."
        error=${wrongAt(write.error, "/until")} />
      <${Rehearsed} rehearsal=${rehearsal} idle="" />
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row spread"><${Act} onClick=${() => onClose(false)}>Cancel<//>${!write.approval && html`<${Act} type="submit" kind="main"
        busy=${write.busy}>Assign<//>`}</div>
    </form>
    <${Curl} calls=${[call]} />
  <//>`;
}
