// One scheduled change: what it does when, what became of it, and calling it off.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { capital, words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Diff } from "../components/Diff.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { tell } from "../components/Toast.mjs";
import { PLANS } from "../components/work/plans.mjs";

export default function ScheduledChangePage({ params }) {
  const [open, setOpen] = useState(false);
  const { may, refusal } = useMay();
  const call = { path: `/v1/scheduled-changes/${params.id}` };
  const read = useRead(call, { every: 5 });
  const one = /** @type {Api["ScheduledChange"] | null} */ (read.data);
  const permission = PLANS.find(([kind]) => kind === one?.kind)?.[2];
  const refused = permission && !may(permission) ? refusal(permission) : null;
  const cancelled = () => { setOpen(false); tell("It is called off."); read.reload(); };
  const ahead = one && (one.status === "pending" || (one.status === "applied" && one.due_at));
  return html`<${Page} title=${one ? capital(words(one.kind)) : "Change"} trail=${[["Scheduled changes", "#/scheduled-changes"]]} calls=${[call]}
    badges=${one && html`<${Badge} word=${one.status} />`}
    actions=${ahead && html`<${Act} kind="danger" refusal=${refused} onClick=${() => setOpen(true)}>${one.status === "pending" ? "Cancel it" : "Cancel its end"}<//>`}>
    <${Shown} read=${read}>${() => html`<${Body} one=${one} />`}<//>
    ${open && one && html`<${Confirm} danger title=${one.status === "pending" ? "Cancel this change" : "Cancel its end"} verb="Cancel it"
      about=${one.status === "pending" ? "It does not happen." : "What it did stays."}
      call=${(reason) => ({ method: "POST", path: `${call.path}/cancel`, body: { reason } })} onClose=${() => setOpen(false)} onDone=${cancelled} />`}
  <//>`;
}

/** @param {{ one: Api["ScheduledChange"] }} props */
function Body({ one }) {
  const { may } = useMay();
  const change = /** @type {any} */ (one.change);
  return html`<div class="columns">
    ${one.failure && html`<p class="blast wide" data-tone="bad"><span
      class="strong">It failed <${Time} at=${one.failure.at} both />:</span> ${one.failure.message} <code>${one.failure.code}</code></p>`}
    <${Section} wide title="What happens when"><${Facts} items=${[
      one.client_id && ["Client", html`<${Ref} id=${one.client_id} />`],
      one.key_id && ["Key", html`<${Ref} id=${one.key_id} />`],
      one.policy_id && ["Policy", html`<${Ref} id=${one.policy_id} />`],
      change.route_id && ["Route", html`<${Ref} id=${change.route_id} />`],
      change.environment && ["Environment", change.environment],
      ["At", html`<${Time} at=${one.at} both />`],
      ["Undone", html`<${Time} at=${one.until} none="it stays" both />`],
      ["Next", html`<${Time} at=${one.due_at} none="nothing" both />`],
      ["Reason", one.reason],
      ["Planned by", html`<${Principal} id=${one.requested_by} />`],
      ["Planned", html`<${Time} at=${one.planned_at} both />`],
      one.applied_at && ["Applied", html`<${Time} at=${one.applied_at} both />`],
      one.ended_at && ["Ended", html`<${Time} at=${one.ended_at} both />`],
      ["Identifier", html`<${CopyId} id=${one.id} what="change's identifier" />`],
    ]} /><//>
    ${change.revision && html`<${Section} wide title="What the policy says then"><${Diff}
      items=${Object.entries(change.revision).map(([field, next]) => ({ field, to: next }))} /><//>`}
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { correlation_id: one.correlation_id })}>All that it set in motion</a>`}><${History} query=${{ correlation_id: one.correlation_id }} /><//>`}
  </div>`;
}
