// What each role holds, by the table that the server decides by.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { words } from "../lib/format.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";

const held = html`<span aria-hidden="true">●</span><span class="hidden">holds it</span>`;
const columns = (roles) => [
  { name: "Permission", kind: /** @type {"wide"} */ ("wide"), cell: (one) => html`<code>${one.permission}</code><span class="item small quiet">${one.says}${one.for_people && " People alone."}</span>` },
  ...roles.map((role) => ({ name: words(role.role), cell: (one) => role.permissions.includes(one.permission) && held })),
];

export default function RolesPage() {
  const call = { path: "/v1/roles" };
  const read = useRead(call);
  return html`<${Page} title="Roles" trail=${[["Grants", "#/grants"]]} calls=${[call]}>
    <${Shown} read=${read}>${() => html`
      <${Section} title="What they are for"><dl class="facts">${read.data.roles.map((role) => html`<div><dt>${words(role.role)}</dt><dd>${role.says}</dd></div>`)}</dl><//>
      <${Section} title="What they hold"><${Table} caption="Permissions of each role" columns=${columns(read.data.roles)}
        items=${read.data.permissions} keyOf=${(one) => one.permission} /><//>`}<//>
  <//>`;
}
