// The tracker of a rotation: who still uses the old secret, and whether it may go. Live while somebody looks.
import { html, useState } from "../../lib/ui.mjs";
import { useRead, useWrite } from "../../lib/hooks.mjs";
import { capital, count, number } from "../../lib/format.mjs";
import { Act } from "../Act.mjs";
import { Badge } from "../Badge.mjs";
import { Danger } from "../Danger.mjs";
import { Dialog } from "../Dialog.mjs";
import { Choice, Text } from "../Field.mjs";
import { Said } from "../Said.mjs";
import { Shown } from "../States.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { tell } from "../Toast.mjs";
import { WriteStatus } from "../Write.mjs";

// Two counts that do not go into each other: a call may present a secret that opens nothing any more, or not yet.
const VERSIONS = [
  { name: "Secret", cell: (one) => html`version ${one.version} ${one.hint && html`<code class="id">${one.hint}</code>`}` },
  { name: "State", cell: (one) => html`<${Badge} word=${one.status} />` },
  { name: "Calls it opened, 24 h", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.calls_last_24h) },
  { name: "Calls that presented it, in all", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.calls) },
  { name: "Last used", cell: (one) => html`<${Time} at=${one.last_used_at} relative none="never" />` },
  { name: "Last presented", cell: (one) => html`<${Time} at=${one.last_presented_at} relative none="never" />` },
  { name: "Ends", cell: (one) => html`<${Time} at=${one.until} both none=${one.status === "retired" ? "ended" : "–"} />` },
];

/** @param {{ item: Api["Key"], refused: string | null, reload: () => void }} props */
export function Tracker({ item, refused, reload }) {
  const read = useRead({ path: `/v1/keys/${item.id}/rotation` }, { every: 3 });
  const [open, setOpen] = useState(/** @type {"" | "retire" | "retire-used" | "extend"} */ (""));
  const again = () => {
    read.reload();
    reload();
  };
  return html`<${Shown} read=${read}>${() => html`
    ${item.previous && html`<${Verdict} tracker=${read.data} refused=${refused} onOpen=${setOpen} />`}
    <${Table} caption="Secrets of this key" columns=${VERSIONS} items=${read.data.versions} keyOf=${(one) => one.version} />
    ${read.data.versions.filter((one) => one.status !== "retired").map((one) => html`<${Seen} use=${one} />`)}`}<//>
    ${open.startsWith("retire") && html`<${Retire} item=${item} safe=${open === "retire"} onClose=${() => setOpen("")} reload=${again} />`}
    ${open === "extend" && html`<${Extend} item=${item} onClose=${(done) => { setOpen(""); if (done) again(); }} />`}`;
}

/** @param {{ tracker: Api["RotationTracker"], refused: string | null, onOpen: (what: "retire" | "retire-used" | "extend") => void }} props */
function Verdict({ tracker, refused, onOpen }) {
  const { safe, explanation, since } = tracker.safe_to_retire;
  const why = html`<${Said} text=${capital(explanation)} />${/[.!]$/.test(explanation) ? "" : "."}`;
  // Of a secret that has ended there is to tell that it is tried still, and nothing to be done.
  if (!tracker.versions.some((one) => one.status === "previous")) return html`<p role="status">${why}</p>`;
  return html`<div class="blast" data-tone=${safe ? "good" : "bad"}>
    <p class="strong" role="status">${safe ? "Safe to retire." : "Not safe to retire yet."}</p>
    <p>${why}${since && html` Since <${Time} at=${since} both />.`}</p>
    <p>The old secret ends by itself <${Time}
      at=${tracker.overlap_until} both />${tracker.retire_when_idle_hours ? `, or after ${count(tracker.retire_when_idle_hours, "idle hour")}` : ""}.</p>
    <div class="row wrap">
      <${Act} kind=${safe ? "main" : "plain"} refusal=${refused}
        onClick=${() => onOpen(safe ? "retire" : "retire-used")}>Retire the old secret<//>
      <${Act} refusal=${refused} onClick=${() => onOpen("extend")}>Extend the overlap<//>
    </div>
  </div>`;
}

/** @param {{ item: Api["Key"], safe: boolean, onClose: () => void, reload: () => void }} props */
function Retire({ item, safe, onClose, reload }) {
  const retired = () => {
    tell("The old secret is retired.");
    reload();
  };
  const about = safe ? "Nobody uses it any more. It stops at once." : "Somebody still uses it. It stops at once, and they are refused.";
  return html`<${Danger} mild=${safe} title=${`Retire the old secret of ${item.name}`} verb="Retire" name=${item.name} about=${about}
    call=${(reason) => ({ method: "POST", path: `/v1/keys/${item.id}/rotation/retire`, body: { reason } })} onClose=${onClose}
      onDone=${retired} />`;
}

const LONGER = [["3600", "1 hour from now"], ["86400", "1 day from now"], ["604800", "7 days from now"], ["2592000", "30 days from now"]];

function Extend({ item, onClose }) {
  const [seconds, setSeconds] = useState("604800");
  const [reason, setReason] = useState("");
  const write = useWrite();
  const done = (answer) => {
    if (!answer) return;
    tell("The overlap is extended.");
    onClose(true);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run({ method: "POST", path: `/v1/keys/${item.id}/rotation/extend`, body: { overlap_seconds: Number(seconds), reason: reason.trim() } }));
  };
  return html`<${Dialog} title="Extend the overlap" onClose=${() => onClose(false)}><form class="form" onSubmit=${submit}>
    <${Choice} label="The old secret lives until" required value=${seconds} onInput=${setSeconds} options=${LONGER} />
    <${Text} label="Reason" required value=${reason} onInput=${setReason} />
    <${WriteStatus} write=${write} onDone=${done} />
    <div class="row spread"><${Act} onClick=${() => onClose(false)}>Cancel<//><${Act} type="submit" kind="main" busy=${write.busy}
      refusal=${reason.trim() ? null : "Say why first."}>Extend<//></div>
  </form><//>`;
}

/** From where a secret is presented, and by what. @param {{ use: Api["SecretVersionUse"] }} props */
function Seen({ use }) {
  if (use.addresses.length === 0 && use.user_agents.length === 0) return null;
  return html`<details class="small"><summary>Who presents version ${use.version}</summary><div class="columns">
    <${Table} caption=${`Addresses of version ${use.version}`} items=${use.addresses} keyOf=${(one) => one.address ?? "?"} columns=${[
      { name: "Address", cell: (one) => one.address ?? "not known" },
      { name: "Calls", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.calls) },
      { name: "Last", cell: (one) => html`<${Time} at=${one.last_at} relative />` }]} />
    <${Table} caption=${`Programs of version ${use.version}`} items=${use.user_agents} keyOf=${(one) => one.user_agent ?? "?"} columns=${[
      { name: "Program", cell: (one) => one.user_agent ?? "did not say" },
      { name: "Calls", kind: /** @type {"number"} */ ("number"), cell: (one) => number(one.calls) },
      { name: "Last", cell: (one) => html`<${Time} at=${one.last_at} relative />` }]} />
  </div></details>`;
}
