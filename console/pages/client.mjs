// One client: who it is, its keys, the limits in force, its traffic, whom to ask, and what happened.
import { html, useState } from "../lib/ui.mjs";
import { usePage, useRead } from "../lib/hooks.mjs";
import { list } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { factsOfClient, useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { ClientActs } from "../components/clients/ClientActs.mjs";
import { CopyId } from "../components/Copy.mjs";
import { IssueKey } from "../components/keys/IssueKey.mjs";
import { KEY_COLUMNS_OF_CLIENT } from "../components/keys/KeyTable.mjs";
import { Limits } from "../components/Limits.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Planned } from "../components/Planned.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { momentAgo } from "../components/then/AsOf.mjs";
import { ClientThen } from "../components/then/ClientThen.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { Traffic, trafficCall } from "../components/Traffic.mjs";

export default function ClientPage({ params, query }) {
  return query.as_of ? html`<${ClientThen} id=${params.id} asOf=${query.as_of} />` : html`<${ClientNow} params=${params} />`;
}

function ClientNow({ params }) {
  const call = { path: `/v1/clients/${params.id}` };
  const client = useRead(call, { every: 15 });
  const range = useRange();
  const { may, refusal } = useMay();
  const one = /** @type {Api["Client"] | null} */ (client.data);
  if (one) remember([one]);
  const calls = [call, { path: "/v1/keys", query: { client_id: params.id } }, may("report.read") && trafficCall({ client_id: params.id }, range)];
  return html`<${Page} title=${one?.name ?? "Client"} trail=${[["Clients", "#/clients"]]} badges=${one && html`<${Badge}
    word=${one.status} />`} calls=${calls}
    actions=${one && html`<${Act} href=${to(`clients/${one.id}`, { as_of: momentAgo() })}>As of…<//><${Act} href=${`#/clients/${one.id}/edit`}
      refusal=${one.status === "archived" ? "It is archived." : refusal("client.write", factsOfClient(one))}>Change<//>
      <${ClientActs} client=${one} reload=${client.reload} />`}>
    <${Shown} read=${client}>${() => html`<${Body} client=${one} />`}<//>
  <//>`;
}

function Body({ client }) {
  const { may } = useMay();
  return html`<div class="columns">
    <${Keys} client=${client} />
    <${Planned} query=${{ client_id: client.id }} />
    <${Section} title="Who it is"><${Facts} items=${[
      ["Identifier", html`<${CopyId} id=${client.id} what="client's identifier" />`],
      ["Kind", client.kind],
      ["Owner", html`${client.owner.team}<span class="item quiet">${client.owner.email ?? "address erased"}</span>`],
      ["Environments", list(client.environments)],
      ["Scopes", list(client.scopes)],
      ["Labels", Object.entries(client.labels).map(([name, value]) => html`<code class="item">${name}=${value}</code>`)],
      ["Registered", html`<${Time} at=${client.created_at} both />`],
      ["Changed", html`<${Time} at=${client.updated_at} both />`],
    ]} /><//>
    <${Section} title="Contacts"><${Contacts} items=${client.contacts} /><//>
    ${may("gateway.read") && html`<${Section} wide title="Policies in force"><${Limits} query=${{ client_id: client.id }}
      why=${{ client_id: client.id }} /><//>`}
    ${may("report.read") && html`<${Section} wide title="Usage" actions=${html`${may("decision.read") && html`<a
      href=${to("decisions", { client_id: client.id })}>Single decisions</a>`}<${Range} zone=${false} />`}><${Traffic}
      filter=${{ client_id: client.id }} /><//>`}
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { client_id: client.id })}>In the audit log</a>`}><${History} query=${{ client_id: client.id }} /><//>`}
  </div>`;
}

function Keys({ client }) {
  const [issuing, setIssuing] = useState(false);
  const { may, refusal } = useMay();
  const keys = usePage(may("key.read") ? { path: "/v1/keys", query: { client_id: client.id, limit: 100 } } : null, { every: 15 });
  remember(keys.items);
  const closed = (issued) => {
    setIssuing(false);
    if (issued) keys.reload();
  };
  // Whoever may issue in one of its environments may begin; the form says where they may.
  const refused = client.status !== "active" ? `It is ${client.status}.`
    : client.environments.map((environment) => refusal("key.issue", { team: client.owner.team, environments: [environment] })).find((why, _, all) => all.every(Boolean)) ?? null;
  return html`<${Section} wide title="Keys" actions=${html`<${Act} kind="main" refusal=${refused}
    onClick=${() => setIssuing(true)}>Issue a key<//>`}>
    <${Shown} read=${keys}>${() => (keys.empty
      ? html`<${Empty} title="No key yet.">It cannot call before it holds one.<//>`
      : html`<${Table} caption="Keys of this client" columns=${KEY_COLUMNS_OF_CLIENT} items=${keys.items} />
        ${keys.next && html`<p><a href=${to("keys", { client_id: client.id })}>All its keys</a></p>`}`)}<//>
    ${issuing && html`<${IssueKey} client=${client} onClose=${closed} />`}
  <//>`;
}

function Contacts({ items }) {
  if (items.length === 0) return html`<${Empty}
    title="Nobody to ask.">Add a contact, so that somebody hears of expiring keys and reached limits.<//>`;
  return html`<${Table} caption="Contacts" items=${items} keyOf=${(one) => `${one.role}${one.email}${one.name}`} columns=${[
    { name: "Name", cell: (one) => one.name ?? html`<span class="quiet">erased</span>` },
    { name: "For", cell: (one) => one.role },
    { name: "Address", cell: (one) => (one.email ? html`<a href=${`mailto:${one.email}`}>${one.email}</a>` : html`<span
      class="quiet">erased</span>`) },
  ]} />`;
}
