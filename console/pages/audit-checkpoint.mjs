// The signed statement of the log's size and root: verified here, held to the one that this browser saw before, and the keys that sign it.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { AuditWays } from "../components/audit/AuditWays.mjs";
import { Export, Identities, Keys, Other } from "../components/audit/Checkpoints.mjs";
import { Growth } from "../components/audit/Growth.mjs";
import { keysCall } from "../components/audit/Proof.mjs";
import { CopyButton } from "../components/Copy.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";

const call = { path: "/v1/audit/checkpoint" };

export default function CheckpointPage() {
  const newest = useRead(call, { every: 15 });
  const keys = useRead(keysCall);
  return html`<${Page} title="Checkpoint" trail=${[["Audit log", "#/audit"]]} calls=${[call, keysCall]}
    about="Who keeps a checkpoint holds the log to its past: nothing that it covers can be changed or taken away without being found out.">
    <${AuditWays} />
    <${Shown} read=${keys}>${() => (newest.error?.code === "not_signed_yet" ? html`<${Empty}
      title="Nothing is signed yet.">The log is signed within two seconds of its first event.<//>` : html`<${Shown}
      read=${newest}>${() => html`<${Body} checkpoint=${newest.data} keys=${keys.data} />`}<//>`)}<//>
  <//>`;
}

/** @param {{ checkpoint: Api["Checkpoint"], keys: Api["CheckpointKeys"] }} props */
function Body({ checkpoint, keys }) {
  return html`
    <${Section} title="The newest" actions=${html`<${CopyButton} text=${checkpoint.note} what="checkpoint">Copy the note<//>`}>
      <${Facts} items=${[
        ["Log", html`<code class="id">${checkpoint.origin}</code>`],
        ["Events", String(checkpoint.size)],
        ["Signed", html`<${Time} at=${checkpoint.signed_at} seconds both />`],
        ["Root", html`<code class="breaks">${checkpoint.root}</code>`],
      ]} />
      <code class="pre">${checkpoint.note}</code>
      <${Growth} checkpoint=${checkpoint} keys=${keys} />
    <//>
    <${Other} checkpoint=${checkpoint} keys=${keys} />
    <${Keys} keys=${keys} />
    <${Identities} items=${keys.identities} />
    <${Export} size=${checkpoint.size} />`;
}
