// Which policy applies to a call, and why no other one does.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { fromInput, noMoment, toInput } from "../lib/format.mjs";
import { setQuery } from "../lib/router.mjs";
import { Badge } from "../components/Badge.mjs";
import { Field, Text } from "../components/Field.mjs";
import { Find } from "../components/Find.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Candidates, Reach } from "../components/policies/Candidates.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";

export default function EffectivePage({ query }) {
  const { client_id = "", route_id = "", environment = "", at = "" } = query;
  const call = { path: "/v1/effective-policy", query: { client_id, route_id, environment, at } };
  const read = useRead(call);
  return html`<${Page} title="Policy in force"
    about="For each kind of limit the most specific assignment wins: client and route, client, route, then everyone; one that names the environment before one that does not."
    calls=${[call]}>
    <${Section} title="Of which calls"><form class="form" onSubmit=${(event) => event.preventDefault()}>
      <${Find} what="clients" label="Client" none="One that no assignment names" value=${client_id}
        onInput=${(id) => setQuery({ client_id: id ?? "" })} />
      <${Find} what="routes" label="Route" none="One that no assignment names" value=${route_id}
        onInput=${(id) => setQuery({ route_id: id ?? "" })} />
      <${Text} label="Environment" value=${environment} onInput=${(text) => setQuery({ environment: text.trim() }, { replace: true })}
        hint="Empty: the one that is served." />
      <${Field} label="At" hint="In UTC. Empty: now. The past is in the decisions." error=${noMoment(at)}>${(given) => html`<input ...${given}
        type="datetime-local" value=${toInput(at)} onChange=${(event) => setQuery({ at: fromInput(event.target.value) ?? "" })} />`}<//>
    </form><//>
    <${Shown} read=${read}>${() => html`<${Found} found=${read.data} />`}<//>
  <//>`;
}

/** @param {{ found: Api["EffectivePolicy"] }} props */
function Found({ found }) {
  return html`<div class="columns">
    ${found.in_force.length === 0 && html`<${Section} wide title="In force"><${Empty}
      title="No policy applies.">These calls are not limited.<//><//>`}
    ${found.in_force.map((one) => html`<${Section} key=${`${one.winner.kind} ${one.winner.assignment_id}`}
      title=${`The ${one.winner.kind} in ${one.winner.mode === "shadow" ? "shadow" : "force"}`}>
      <p><strong><${Ref} id=${one.winner.policy_id} /></strong> <span class="quiet">revision ${one.winner.policy_revision}</span> <${Badge}
        word=${one.winner.mode} /></p>
      <p>Won as the assignment of <${Reach} one=${one.winner} />.</p>
      ${one.changes_at && html`<p>It changes <${Time} at=${one.changes_at} both />: ${one.then ? html`then <${Ref}
        id=${one.then.policy_id} /> applies, of <${Reach} one=${one.then} />` : "then nothing applies"}.</p>`}
    <//>`)}
    <${Section} wide title="All candidates"
      about=${found.candidates_left_out > 0 ? `${found.candidates_left_out} more that do not fit are left out.` : null}>
      ${found.candidates.length === 0 ? html`<${Empty} title="There is no assignment." />` : html`<${Candidates}
        items=${found.candidates} />`}<//>
  </div>`;
}
