// One entry of the audit log: what it changed, who did it and why, what came of it, and that it is in the signed log.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { differencesOf } from "../lib/patch.mjs";
import { to } from "../lib/router.mjs";
import { Badge } from "../components/Badge.mjs";
import { Chain, chainCall } from "../components/audit/Chain.mjs";
import { Proof, keysCall, proofCall } from "../components/audit/Proof.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Diff } from "../components/Diff.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { said } from "../components/Timeline.mjs";

export default function AuditEntryPage({ params }) {
  const position = Number(params.position);
  const call = { path: `/v1/audit/${params.position}` };
  const read = useRead(call);
  const entry = /** @type {Api["AuditEntry"] | null} */ (read.data);
  return html`<${Page} title=${entry ? said(entry.action) : "Entry"} trail=${[["Audit log", "#/audit"]]} badges=${entry && html`<${Badge}
    word=${entry.outcome} tone=${entry.outcome === "succeeded" ? "good" : "bad"} /> <span class="quiet">position ${entry.position}</span>`}
    calls=${[call, chainCall(params.position), proofCall(params.position), keysCall]}
    actions=${html`${position > 1 && html`<a class="button" href=${`#/audit/${position - 1}`}>The one before</a>`}<a class="button"
      href=${`#/audit/${position + 1}`}>The next one</a>`}>
    <${Shown} read=${read}>${() => html`<${Body} entry=${entry} />`}<//>
  <//>`;
}

/** @param {{ entry: Api["AuditEntry"] }} props */
function Body({ entry }) {
  return html`<div class="columns">
    <${Section} wide title="What changed">${entry.changes
      ? html`<${Changes} items=${entry.changes} />`
      : html`<${Empty} title="It is not known what this changed.">An event before it was left out, so there is nothing to hold it against.<//>`}<//>
    <${Section} title="Who, when, why"><${Facts} items=${[
      ["Actor", html`<${CopyId} id=${entry.actor.id} what="actor" /><span
        class="item quiet">${entry.actor.kind.replaceAll("_", " ")}, by ${entry.actor.authenticated_by.replaceAll("_", " ")}</span>`],
      entry.actor.on_behalf_of && ["On behalf of", html`<code class="id">${entry.actor.on_behalf_of}</code>`],
      ["Allowed by", html`<code class="id">${entry.actor.allowed_by}</code>`],
      ["Decided", html`<${Time} at=${entry.occurred_at} seconds both />`],
      ["Recorded", html`<${Time} at=${entry.recorded_at} seconds />`],
      ["From", html`${entry.address ?? html`<span class="quiet">nowhere, or erased</span>`}<span
        class="item quiet">${entry.user_agent ?? ""}</span>`],
      ["Reason", entry.reason ?? html`<span class="quiet">none was given</span>`],
    ]} /><//>
    <${Section} title="Of what"><${Facts} items=${[
      ["Thing", html`<${Ref} id=${entry.subject.id} /><span class="item quiet">${entry.subject.type.replaceAll("_", " ")}</span>`],
      entry.client_id && ["Client concerned", html`<${Ref} id=${entry.client_id} />`],
      ["Its other entries", html`<a href=${to("audit", { subject_id: entry.subject.id })}>All about this thing</a>`],
      ["Of the same request", html`<a href=${to("audit", { request_id: entry.request_id })}><code class="id">${entry.request_id}</code></a>`],
      ["Of the same chain", html`<a href=${to("audit", { correlation_id: entry.correlation_id })}><code class="id">${entry.correlation_id}</code></a>`],
      ["Event", html`<${CopyId} id=${entry.event_id} what="event" />`],
      ["Command", html`<code class="id">${entry.command_id}</code>`],
    ]} /><//>
    <${Section} wide title="Proof" about="That this entry is in the log, and that the log is the one that is signed."><${Proof}
      key=${entry.position} entry=${entry} /><//>
    <${Section} wide title="Cause and effect" about="All that the same request has set in motion, each beneath its cause."><${Chain}
      position=${entry.position} /><//>
    <${Section} wide title="The event"><details><summary>As it is stored, without anything that helps to find or prove a secret</summary>
      <code class="pre">${JSON.stringify(entry.data, null, 2)}</code></details><//>
  </div>`;
}

function Changes({ items }) {
  const shown = differencesOf(/** @type {any} */ (items));
  if (shown.length === 0) return html`<${Empty} title="Nothing.">It is on record that it happened; it changed no state.<//>`;
  const began = items.some((change) => /** @type {any} */ (change).path === "");
  return html`${began && html`<p class="small quiet">The thing began with this: all of it is new.</p>`}<${Diff} items=${shown} />`;
}
