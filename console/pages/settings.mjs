// Who one is, how things are to look, how the installation is, and where to read on.
import { html, useContext } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { words } from "../lib/format.mjs";
import { Signed } from "../lib/permissions.mjs";
import { setPref, usePrefs } from "../lib/prefs.mjs";
import { Claim } from "../components/access/Claim.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Zone } from "../components/Range.mjs";
import { Said } from "../components/Said.mjs";
import { Scope } from "../components/Scope.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

const LOOKS = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];
const GRANTS = [
  { name: "Role", cell: (grant) => words(grant.role) },
  { name: "Reaches", cell: (grant) => html`<${Scope} scope=${grant.scope} />` },
  { name: "Until", cell: (grant) => html`<${Time} at=${grant.until} none="no end" />` },
  { name: "On record as", cell: (grant) => html`<code>${grant.allowed_by}</code>` },
];
const PARTS = [
  { name: "Part", cell: (part) => part.name },
  { name: "State", cell: (part) => html`<${Badge} word=${part.ready ? "ready" : "not ready"} tone=${part.ready ? "good" : "bad"} />` },
  { name: "What it says", cell: (part) => html`<${Said} text=${part.detail} />` },
];

export default function SettingsPage() {
  const { who, byToken } = /** @type {import("../lib/session.mjs").SignedIn} */ (useContext(Signed));
  const { theme } = usePrefs();
  return html`<${Page} title="Settings" calls=${[{ path: "/v1/whoami" }, { path: "/readyz" }]}>
    ${who.authenticated_by === "bootstrap_token" && html`<${Section} title="Claim this installation"
      about="You are signed in by the token that the installation began with. Make yourself its first administrator: that token opens nothing from then on."><${Claim} /><//>`}
    <${Section} title="Who you are"><${Facts} items=${[
      ["Name", html`<${Principal} id=${who.id} />`],
      ["Identifier", html`<${CopyId} id=${who.id} />`],
      ["Kind", words(who.kind)],
      ["Signed in by", `${words(who.authenticated_by)}${byToken ? ", kept in this page's memory alone" : ""}`],
      who.break_glass_until && ["The glass is broken until", html`<${Time} at=${who.break_glass_until} both />`],
    ]} />
    ${who.grants.length === 0 ? html`<${Empty} title="You hold no grant." />` : html`<${Table} caption="What you hold" columns=${GRANTS}
      items=${who.grants} keyOf=${(grant) => `${grant.id} ${grant.allowed_by}`} />`}
    <p class="small"><a href="#/roles">What each role holds</a></p><//>
    <${Section} title="How it looks" about="Kept by this browser."><div class="filters">
      <label class="filter"><span>Look</span><select value=${theme}
        onChange=${(event) => setPref("theme", event.target.value)}>${LOOKS.map(([key, name]) => html`<option value=${key}
        selected=${key === theme}>${name}</option>`)}</select></label>
      <${Zone} label="Times in" /></div><//>
    <${Health} />
    <${Section} title="To read on"><ul class="plain">
      <li><a href="/openapi.json">The API's document</a>, OpenAPI 3.1: all that this console does is done by it.</li>
      <li><a href="/metrics">Metrics</a> of this process, with a token that holds metrics.read.</li>
      <li><a href="#/design">The design system</a> of this console.</li>
      <li><code>tollgate --help</code>: everything here can be done on a command line, too.</li></ul><//>
  <//>`;
}

function Health() {
  const ready = useRead({ path: "/readyz" }, { every: 10 });
  const version = useRead({ path: "/openapi.json" }).data?.info?.version;
  return html`<${Section} title="How the installation is" actions=${html`<span class="quiet small">API version ${version ?? "…"}</span>`}>
    <${Shown} read=${ready}>${() => {
      const parts = Object.entries(ready.data.parts).map(([name, part]) => ({ id: name, name, .../** @type {any} */ (part) }));
      return html`<p>${ready.data.ready ? "Every part of this process can do its work." : "Some parts of this process cannot do their work."}</p>
        <${Table} caption="Parts" columns=${PARTS} items=${parts} rowTone=${(part) => (part.ready ? null : "bad")} />`;
    }}<//>
  <//>`;
}
