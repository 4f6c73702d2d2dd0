// What a gateway would decide about a call now, check by check, and who set what it rests on. Nothing is counted and nothing taken.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { useRead, useWrite } from "../lib/hooks.mjs";
import { Act } from "../components/Act.mjs";
import { Curl } from "../components/Curl.mjs";
import { Explained } from "../components/decisions/Explained.mjs";
import { ThrottlingWays } from "../components/decisions/ThrottlingWays.mjs";
import { Choice, Count, Text, wrongAt } from "../components/Field.mjs";
import { Find } from "../components/Find.mjs";
import { Page, Section } from "../components/Page.mjs";
import { WriteStatus } from "../components/Write.mjs";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const HINTS = { client: "As if with a key that has no bounds of its own.", key: "As if with its current secret.", nobody: "No secret is presented." };
const WHO = [["client", "A client"], ["key", "A key"], ["secret", "Whoever holds a secret"], ["nobody", "Nobody known"]];

export default function ExplainPage({ query }) {
  const write = useWrite();
  const [who, setWho] = useState(query.key_id ? "key" : "client");
  const [secret, setSecret] = useState("");
  const [value, setValue] = useState({ client_id: query.client_id ?? null, key_id: query.key_id ?? "", method: query.method ?? "GET", path: query.path ?? "", host: "", environment: query.environment ?? "", address: "", cost: null });
  const set = (changes) => setValue({ ...value, ...changes });
  // Who comes from a line of a report knows the route: a path that fits its template is a beginning.
  const route = useRead(query.route_id ? { path: `/v1/routes/${query.route_id}` } : null);
  useEffect(() => { if (route.data && !value.path) set({ path: route.data.path.replace(/\{[^}]*\}/g, "1"), method: query.method ?? route.data.methods[0] ?? "GET", host: route.data.hosts?.[0] ?? "" }); }, [route.data]);
  const { client_id, key_id, ...rest } = value;
  const caller = { client: { client_id }, key: { key_id }, secret: { secret }, nobody: {} }[who];
  const body = Object.fromEntries(Object.entries({ ...rest, ...caller }).filter(([, one]) => one));
  const call = { method: "POST", path: "/v1/explain", body };
  const submit = (event) => {
    event.preventDefault();
    if (!write.busy && value.path) write.run(call);
  };
  const { error } = write;
  return html`<${Page} title="Explain a call" trail=${[["Throttling", "#/throttling"]]}
    about="The checks that a gateway makes, in their order, with its counters as they are now. Nothing is counted and nothing taken.">
    <${ThrottlingWays} />
    <${Section} title="The call"><form class="form" onSubmit=${submit}>
      <${Choice} label="Made by" required value=${who} onInput=${setWho} options=${WHO} hint=${HINTS[who]} />
      ${who === "client" && html`<${Find} what="clients" label="Client" required none="Choose one" value=${client_id}
        onInput=${(id) => set({ client_id: id })} error=${wrongAt(error, "/client_id")} />`}
      ${who === "key" && html`<${Text} label="Key" mono required value=${key_id} onInput=${(text) => set({ key_id: text.trim() })}
        placeholder="key_…" error=${wrongAt(error, "/key_id")} />`}
      ${who === "secret" && html`<${Text} label="Secret" type="password" mono required value=${secret} onInput=${setSecret}
        hint="Sent once, and kept nowhere." error=${wrongAt(error, "/secret")} />`}
      <${Choice} label="Method" required value=${value.method} onInput=${(method) => set({ method })} options=${METHODS.map((one) => [one, one])} />
      <${Text} label="Path" mono required value=${value.path} onInput=${(path) => set({ path })} placeholder="/orders/7"
        error=${wrongAt(error, "/path")} />
      <${Text} label="Host" mono value=${value.host} onInput=${(host) => set({ host: host.trim() })} error=${wrongAt(error, "/host")} />
      <${Text} label="Environment" value=${value.environment} onInput=${(environment) => set({ environment: environment.trim() })}
        hint="Empty: the key's own, or the one that is served." error=${wrongAt(error, "/environment")} />
      <${Text} label="Address" mono value=${value.address} onInput=${(address) => set({ address: address.trim() })}
        hint="From where it comes." error=${wrongAt(error, "/address")} />
      <${Count} label="Cost" min=${1} max=${1000} value=${value.cost} onInput=${(cost) => set({ cost })} hint="Empty: that of its route."
        error=${wrongAt(error, "/cost")} />
      <${WriteStatus} write=${write} />
      <div class="row end"><${Act} type="submit" kind="main" busy=${write.busy} refusal=${value.path ? null : "Say the path first."}>Explain<//></div>
    </form><${Curl} calls=${[call]} /><//>
    ${write.answer && html`<${Explained} answer=${write.answer.body} />`}
  <//>`;
}
