// What a policy would have refused of the calls that came: bounds, an estimate, and who would have been hit.
import { html, useState } from "../lib/ui.mjs";
import { useRead, useWrite } from "../lib/hooks.mjs";
import { count, number } from "../lib/format.mjs";
import { Act } from "../components/Act.mjs";
import { Bars } from "../components/Bars.mjs";
import { Curl } from "../components/Curl.mjs";
import { Moment, Text } from "../components/Field.mjs";
import { Find } from "../components/Find.mjs";
import { Figure, Page, Section } from "../components/Page.mjs";
import { LimitFields, NEW_RATE, quotaBody, rateBody } from "../components/policies/LimitFields.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Loading, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function WhatIfPage({ query }) {
  const policy = useRead(query.policy_id ? { path: `/v1/policies/${query.policy_id}` } : null);
  const trail = [["Policies", "#/policies"], ...(query.policy_id ? [[policy.data?.name ?? "Policy", `#/policies/${query.policy_id}`]] : [])];
  return html`<${Page} title="What if…" trail=${trail}
    about="The calls of up to a day are replayed against limits that are not there yet. Nothing is changed, and nothing is counted.">
    ${query.policy_id ? html`<${Shown} read=${policy}>${() => html`<${Ask} policy=${policy.data} />`}<//>` : html`<${Ask}
      policy=${null} />`}
  <//>`;
}

function Ask({ policy }) {
  const [limits, setLimits] = useState({ counting: policy?.counting ?? "client", rates: policy?.rates ?? [NEW_RATE], quotas: policy?.quotas ?? [] });
  const [target, setTarget] = useState({ client_id: null, route_id: null, environment: "" });
  const [range, setRange] = useState({ from: null, until: null });
  const write = useWrite();
  const aim = Object.fromEntries(Object.entries(target).filter(([, one]) => one));
  const body = {
    policy: { counting: limits.counting, rates: limits.rates.map(rateBody), quotas: limits.quotas.map(quotaBody) }, limit: 100,
    ...(policy ? { policy_id: policy.id } : Object.keys(aim).length ? { target: aim } : {}),
    ...(range.from ? { from: range.from } : {}), ...(range.until ? { until: range.until } : {}),
  };
  const call = { method: "POST", path: "/v1/policies/simulate", body };
  const submit = (event) => {
    event.preventDefault();
    if (!write.busy) write.run(call);
  };
  return html`
    <${Section} title="Limits to try" about=${policy ? `In place of those that ${policy.name} has now, for whom it binds now.` : null}><form
      class="form" onSubmit=${submit}>
      <${LimitFields} value=${limits} onInput=${setLimits} error=${write.error} at="/policy" />
      ${!policy && html`
        <${Find} what="clients" label="Client" none="Every client" value=${target.client_id}
          onInput=${(client_id) => setTarget({ ...target, client_id })} />
        <${Find} what="routes" label="Route" none="Every route" value=${target.route_id}
          onInput=${(route_id) => setTarget({ ...target, route_id })} />
        <${Text} label="Environment" value=${target.environment}
          onInput=${(environment) => setTarget({ ...target, environment: environment.trim() })} hint="Empty: every one." />`}
      <${Moment} label="From" value=${range.from} onInput=${(from) => setRange({ ...range, from })}
        hint="In UTC. Empty: a day before the end." />
      <${Moment} label="Until" value=${range.until} onInput=${(until) => setRange({ ...range, until })} hint="In UTC. Empty: now." />
      <${WriteStatus} write=${write} />
      <div class="row end"><${Act} type="submit" kind="main" busy=${write.busy}>Replay<//></div>
    </form>
    <${Curl} calls=${[call]} /><//>
    ${write.busy && html`<${Loading} what="Replaying…" />`}
    ${write.answer && html`<${Result} result=${write.answer.body} />`}`;
}

/** @param {{ result: Api["Simulated"] }} props */
function Result({ result }) {
  const exact = result.refused_at_least === result.refused_at_most;
  if (result.calls === 0) return html`<${Section} title="What it would have refused"><${Empty}
    title="No call met a limit in this time.">Choose another time, or whom it binds.<//><//>`;
  return html`
    <div class="figures" role="status">
      <${Figure} label="Would have refused"
        value=${exact ? number(result.refused_at_least) : `${number(result.refused_at_least)} – ${number(result.refused_at_most)}`}
        tone=${result.refused_at_most > result.refused_then ? "bad" : "good"}
        note=${exact ? "exactly" : `${number(result.refused_estimate)} by the estimate`} />
      <${Figure} label="Refused then" value=${number(result.refused_then)} note="by the limits of that time" />
      <${Figure} label="Calls replayed" value=${number(result.calls)}
        note=${result.calls_without_seconds ? `${number(result.calls_without_seconds)} could not be` : "all of them"} />
    </div>
    <${Section} title="Who would have been hit" about=${html`From <${Time} at=${result.from} /> until <${Time} at=${result.until} />.`}>
      <${Bars} label="Refused of the calls of each client on each route" items=${result.items.slice(0, 12).map(barOf)} />
      <p class="small row wrap"><span class="key" data-tone="good">let through</span><span class="key"
        data-tone="warn">perhaps refused</span><span class="key" data-tone="bad">refused for certain</span></p>
      <${Pairs} items=${result.items} />
      ${result.truncated && html`<p class="quiet small">There are more.</p>`}
      ${result.routes_of_varying_cost.length > 0 && html`<p
        class="small">Of ${count(result.routes_of_varying_cost.length, "route")} a header may say the cost; they are replayed at their own.</p>`}
      <details class="small"><summary>How this was found</summary><p class="about">${result.method}</p></details>
    <//>
    <${Section} title="By limit"><${Table} caption="Refused by limit" items=${result.limits} keyOf=${(one) => `${one.kind} ${one.limit}`}
      columns=${[
      { name: "Limit", cell: (one) => html`${one.limit} <span class="quiet">${one.kind}</span>` },
      { name: "Would have refused", kind: "number", cell: (one) => number(one.refused_estimate) },
      { name: "First", cell: (one) => html`<${Time} at=${one.first_breach_at} seconds none="never" />` },
    ]} /><//>`;
}

const barOf = (one) => ({
  key: `${one.client_id} ${one.route_id}`,
  label: html`<${Ref} id=${one.client_id} none="not authenticated" /> on <${Ref} id=${one.route_id} none="an unmatched path" />`,
  note: `${number(one.refused_at_least)} to ${number(one.refused_at_most)} of ${number(one.calls)}`,
  parts: [
    { tone: /** @type {"bad"} */ ("bad"), label: "refused for certain", value: one.refused_at_least },
    { tone: /** @type {"warn"} */ ("warn"), label: "perhaps refused", value: one.refused_at_most - one.refused_at_least },
    { tone: /** @type {"good"} */ ("good"), label: "let through", value: Math.max(0, one.calls - one.refused_at_most) },
  ],
});

function Pairs({ items }) {
  return html`<${Table} caption="Clients and routes" items=${items} keyOf=${(one) => `${one.client_id} ${one.route_id}`} columns=${[
    { name: "Client", cell: (one) => html`<${Ref} id=${one.client_id} none="not authenticated" />` },
    { name: "Route", cell: (one) => html`<${Ref} id=${one.route_id} none="an unmatched path" />` },
    { name: "Calls", kind: "number", cell: (one) => number(one.calls) },
    { name: "Refused then", kind: "number", cell: (one) => number(one.refused_then) },
    { name: "At least", kind: "number", cell: (one) => number(one.refused_at_least) },
    { name: "Estimate", kind: "number", cell: (one) => number(one.refused_estimate) },
    { name: "At most", kind: "number", cell: (one) => number(one.refused_at_most) },
    { name: "By", cell: (one) => one.limit ?? "–" },
    { name: "First", cell: (one) => html`<${Time} at=${one.first_breach_at} seconds none="never" />` },
  ]} />`;
}
