// A client as it stood at a moment: itself, its keys, what bound it and what it could call. Read only.
import { html } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { list } from "../../lib/format.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Badge } from "../Badge.mjs";
import { Diff, changesOf } from "../Diff.mjs";
import { KEY_COLUMNS_OF_CLIENT } from "../keys/KeyTable.mjs";
import { Facts, Page, Section } from "../Page.mjs";
import { Ref } from "../Ref.mjs";
import { Empty, Shown } from "../States.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { AccessTable } from "./AccessTable.mjs";
import { AsOf } from "./AsOf.mjs";

/** @param {{ id: string, asOf: string }} props */
export function ClientThen({ id, asOf }) {
  const { may } = useMay();
  const call = { path: `/v1/clients/${id}`, query: { as_of: asOf } };
  const now = useRead({ path: `/v1/clients/${id}` });
  const then = useRead(call);
  const of = { client_id: id, as_of: asOf };
  const calls = { keys: may("key.read") && { path: "/v1/keys", query: { ...of, limit: 100 } }, assignments: may("policy.read") && { path: "/v1/assignments", query: { ...of, limit: 100 } }, access: may("report.read") && { path: "/v1/access-report", query: { ...of, limit: 50 } } };
  const one = /** @type {Api["Client"] | null} */ (then.data);
  const absent = then.error?.status === 404;
  return html`<${Page} title=${one?.name ?? now.data?.name ?? "Client"}
    trail=${[["Clients", "#/clients"], [now.data?.name ?? "Now", `#/clients/${id}`]]} badges=${html`<${Badge} word="as_of"
    tone="warn">as of<//>${one && html` <${Badge} word=${one.status} />`}`} calls=${[call, ...Object.values(calls)]}>
    <${AsOf} asOf=${asOf} begin=${now.data?.created_at} query=${{ client_id: id }} />
    ${absent ? html`<${Empty} title="It was not there.">It was registered later.<//>` : html`<${Shown} read=${then}>${() => html`<${Body}
      then=${one} now=${now.data} calls=${calls} />`}<//>`}
  <//>`;
}

/** @param {{ then: Api["Client"], now: Api["Client"] | null, calls: any }} props */
function Body({ then, now, calls }) {
  return html`<div class="columns">
    <${Section} title="Who it was"><${Facts} items=${[
      ["State", html`<${Badge} word=${then.status} />`], ["Kind", then.kind],
      ["Owner", html`${then.owner.team}<span class="item quiet">${then.owner.email ?? "address erased"}</span>`],
      ["Environments", list(then.environments)], ["Scopes", list(then.scopes)],
      ["Labels", list(Object.entries(then.labels).map(([name, value]) => `${name}=${value}`))],
      ["Contacts", then.contacts.length === 0 ? html`<span class="quiet">nobody</span>` : then.contacts.map((one) => html`<span
        class="item">${one.name ?? "erased"} <span class="quiet">${one.role}</span></span>`)],
      ["Changed last", html`<${Time} at=${then.updated_at} seconds />`],
    ]} /><//>
    <${Section} title="What has become of it since">${now && html`<${Diff} items=${changesOf(plain(then), plain(now))} />`}<//>
    ${calls.keys && html`<${Section} wide title="Its keys"><${Then} call=${calls.keys} empty="It had no key." columns=${KEYS}
      caption="Keys, as they were" /><//>`}
    ${calls.assignments && html`<${Section} wide title="What named it"
      about="Assignments of this client. What binds everyone is in the limits below."><${Then} call=${calls.assignments}
      empty="No assignment named it." columns=${ASSIGNED} caption="Assignments, as they were" /><//>`}
    ${calls.access && html`<${Section} wide title="What it could call"><${Access} call=${calls.access} /><//>`}
  </div>`;
}

/** What differs of a thing that differs by more than its counters. */
const plain = ({ version: _, updated_at: __, ...rest }) => rest;

// Use is in no event: what was used when is not told of the past.
const KEYS = KEY_COLUMNS_OF_CLIENT.filter((column) => column.name !== "Last used");

const ASSIGNED = [
  { name: "Policy", cell: (one) => html`<${Ref} id=${one.policy_id} />` },
  { name: "Route", cell: (one) => html`<${Ref} id=${one.route_id} none="every route" />` },
  { name: "Environment", cell: (one) => one.environment ?? html`<span class="quiet">every one</span>` },
  { name: "From", cell: (one) => html`<${Time} at=${one.from} none="the beginning" />` },
  { name: "Until", cell: (one) => html`<${Time} at=${one.until} none="it is ended" />` },
];

function Then({ call, empty, columns, caption }) {
  const read = useRead(call);
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0 ? html`<${Empty} title=${empty} />` : html`<${Table}
    caption=${caption} columns=${columns} items=${read.data.items} />`)}<//>`;
}

function Access({ call }) {
  const read = useRead(call);
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0 && !read.data.next_cursor ? html`<${Empty}
    title="Nothing.">It had no key that could be used, or no route fitted its scopes.<//>` : html`<${AccessTable}
    items=${read.data.items} />`)}<//>`;
}
