// The design system on one page: its tokens and each component, as they are.
import { html, useState } from "../lib/ui.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Chart } from "../components/Chart.mjs";
import { CopyId, CopyOnce } from "../components/Copy.mjs";
import { Dialog } from "../components/Dialog.mjs";
import { Conflict, Diff } from "../components/Diff.mjs";
import { Checks, Choice, Count, Moment, Text } from "../components/Field.mjs";
import { Used } from "../components/Limits.mjs";
import { Facts, Figure, Page, Section } from "../components/Page.mjs";
import { Zone } from "../components/Range.mjs";
import { Empty, Failure, Loading } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { tell } from "../components/Toast.mjs";
import { Receipt } from "../components/Write.mjs";

const TOKENS = ["ground", "surface", "sunken", "hover", "text", "quiet", "line", "edge", "accent", "accent-fill", "good", "good-line", "good-fill", "warn", "warn-line", "warn-fill", "bad", "bad-line", "bad-fill"];
const BEGAN = Date.parse("2026-03-08T00:00:00Z");
const times = Array.from({ length: 48 }, (_, at) => new Date(BEGAN + at * 1_800_000).toISOString());
const wave = (size, shift) => times.map((_, at) => Math.round(size * (1 + Math.sin((at + shift) / 6))));

export default function DesignPage() {
  return html`<${Page} title="Design"
    about="What pages are made of. A page that needs something else makes it a component, and shows it here.">
    <${Section} title="Tokens" about="Each has a value for light and one for dark; nothing else names a colour."><div
      class="swatches">${TOKENS.map((name) => html`<${Swatch} name=${name} />`)}</div><//>
    <div class="columns">
      <${Buttons} /><${Words} /><${Fields} /><${States} /><${Tables} /><${Changes} />
      <${Section} wide title="Charts" about="Lines over time, never the only way to read a number: the table is behind them.">
        <${Chart} label="An example" times=${times}
          series=${[{ label: "Allowed", tone: "good", values: wave(60, 0) }, { label: "Over a limit", tone: "warn", values: wave(12, 9) }, { label: "Not let in", tone: "bad", values: wave(3, 3) }]} /><//>
    </div>
  <//>`;
}

function Swatch({ name }) {
  const paint = (element) => element?.style.setProperty("--shown", `var(--${name})`);
  return html`<div class="swatch" ref=${paint}>--${name}</div>`;
}

function Buttons() {
  const [open, setOpen] = useState(false);
  return html`<${Section} title="Buttons, toasts, dialogs">
    <div class="row wrap"><${Act} kind="main" onClick=${() => tell("It is done.")}>Main<//><${Act}
      onClick=${() => tell("It is suspended.", { undo: { label: "Reinstate", run: () => tell("It is reinstated.") } })}>Plain, with undo<//>
      <${Act} kind="danger" onClick=${() => setOpen(true)}>Dangerous<//><${Act} kind="quiet">Quiet<//><${Act}
        refusal="This needs the permission key.issue, which you do not hold.">Not yours<//><span class="example"><${Act} busy>Busy<//>
        </span></div>
    <p class="quiet small">What one may not do stays in its place and says why. What can be undone offers it; what cannot asks for the name and shows whom it would touch.</p>
    ${open && html`<${Dialog} title="A dialog" onClose=${() => setOpen(false)}><p>It keeps the focus and gives it back.</p><div
      class="row end"><${Act} kind="main" onClick=${() => setOpen(false)}>Close<//></div><//>`}
  <//>`;
}

function Words() {
  return html`<${Section} title="Words">
    <div class="row wrap">${["active", "suspended", "revoked", "shadow", "enforce", "rate_limited", "retired"].map((word) => html`<${Badge}
      word=${word} />`)}</div>
    <${Facts} items=${[["A moment", html`<${Time}
      at=${new Date(Date.now() - 7_200_000).toISOString()} both />`], ["An identifier", html`<${CopyId}
      id="cli_01h8x0c7vz3k9m2n4p6q8r0s2t" />`], ["Of a limit", html`<${Used} used=${870}
      limit=${1000} />`], ["Of times", html`<${Zone} />`]]} />
    <div class="figures"><${Figure} label="A figure" value="12,345" note="with a note" /><${Figure} label="That warns" value="17"
      tone="warn" /></div>
  <//>`;
}

function Fields() {
  const [value, setValue] = useState({ name: "", kind: "a", count: 5, at: null, some: ["prod"] });
  const set = (changes) => setValue({ ...value, ...changes });
  return html`<${Section} title="Fields"><form class="form" onSubmit=${(event) => event.preventDefault()}>
    <${Text} label="Text" required value=${value.name} onInput=${(name) => set({ name })} hint="With a hint."
      error=${value.name ? null : "And what is wrong with it."} />
    <${Choice} label="Choice" required value=${value.kind} onInput=${(kind) => set({ kind })} options=${[["a", "One"], ["b", "Another"]]} />
    <${Count} label="Count" required value=${value.count} onInput=${(count) => set({ count })} />
    <${Moment} label="Moment" value=${value.at} onInput=${(at) => set({ at })} />
    <${Checks} label="Several" options=${["prod", "sandbox"]} value=${value.some} onInput=${(some) => set({ some })} />
  </form><//>`;
}

function States() {
  return html`<${Section} title="States"><div class="example"><${Loading} /></div><${Empty}
    title="No client is registered yet.">What to do about it is said here.<//>
    <${Failure} error=${{ message: "The server cannot be reached. Check the connection, then try again." }}
      retry=${() => tell("Tried again.")} /><//>`;
}

function Tables() {
  const items = [{ id: "1", name: "Acme Travel", calls: 12_345 }, { id: "2", name: "Fulfilment", calls: 678 }];
  return html`<${Section} title="Tables" about="The arrow keys go from row to row.">
    <${Table} caption="An example" items=${items} columns=${[{ name: "Name", cell: (item) => html`<a
      href="#/design">${item.name}</a>` }, { name: "Calls", kind: "number", cell: (item) => item.calls }]} />
    <${Receipt} receipt=${{ applied: true, position: 42, reason: null, nodes: [{ node: "gw-1", environment: "prod", boot: "b", position: 42, state: "live", applied_ms: 12 }] }} />
  <//>`;
}

function Changes() {
  const [shown, setShown] = useState(false);
  return html`<${Section} title="Changes and secrets"><${Diff}
    items=${[{ field: "requests", from: 100, to: 50 }, { field: "scopes", from: ["orders:read"], to: ["orders:read", "orders:write"] }]} />
    <${Conflict} base=${{ version: 3, name: "Acme" }} theirs=${{ version: 4, name: "Acme Travel" }} mine=${{ name: "Acme Ltd" }}
      onMine=${() => tell("Changed.")} onTheirs=${() => tell("Looked again.")} />
    <div class="row"><${Act} onClick=${() => setShown(true)}>A secret that is shown once<//></div>
    ${shown && html`<${CopyOnce} secret="tg_prod_an_example_that_opens_nothing" onStored=${() => setShown(false)} />`}<//>`;
}
