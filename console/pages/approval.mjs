// One request that waits for a second person: what it would do, whom it binds to what, and the decision.
import { html, useContext, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { Signed, useMay } from "../lib/permissions.mjs";
import { Principal } from "../components/access/Principal.mjs";
import { Act } from "../components/Act.mjs";
import { Asked, titleOf } from "../components/approvals/Asked.mjs";
import { CarryOut } from "../components/approvals/CarryOut.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm, why } from "../components/Confirm.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { tell } from "../components/Toast.mjs";

export default function ApprovalPage({ params }) {
  const call = { path: `/v1/approvals/${params.id}` };
  const read = useRead(call, { every: 3 });
  const one = /** @type {Api["Approval"] | null} */ (read.data);
  return html`<${Page} title=${one ? titleOf(one) : "Approval"} trail=${[["Approvals", "#/approvals"]]} calls=${[call]}
    badges=${one && html`<${Badge} word=${one.status} tone=${one.status === "redeemed" ? "good" : undefined} />`}
      actions=${one?.status === "waiting" && html`<${Decide} approval=${one} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} approval=${one} reload=${read.reload} />`}<//>
  <//>`;
}

function Decide({ approval, reload }) {
  const [open, setOpen] = useState("");
  const signed = useContext(Signed);
  const { refusal } = useMay();
  const mine = approval.proposer === signed?.who.id;
  const lacks = approval.needs.map((need) => refusal(need.permission, { team: need.team ?? undefined, environments: need.environments })).find(Boolean);
  const decide = refusal("approval.decide", facts(approval)) ?? (signed?.who.kind === "person" ? null : "No service account decides: a second person has to.");
  const close = () => setOpen("");
  const done = (text) => () => { close(); tell(text); reload(); };
  const post = (verb) => (reason) => ({ method: "POST", path: `/v1/approvals/${approval.id}/${verb}`, body: why(reason) });
  return html`
    ${mine && html`<${Act} onClick=${() => setOpen("withdraw")}>Withdraw<//>`}
    <${Act} kind="main" refusal=${mine ? "You proposed it yourself: a second person has to approve it." : decide ?? lacks ?? null} onClick=${() => setOpen("approve")}>Approve<//>
    <${Act} kind="danger" refusal=${mine ? "You proposed it yourself: withdraw it." : decide} onClick=${() => setOpen("decline")}>Decline<//>
    ${open === "approve" && html`<${Confirm} title="Approve this request" verb="Approve" reason="optional"
      about="Whoever proposed it may carry it out once, to the letter." call=${post("approve")} onClose=${close} onDone=${done("It is approved.")} />`}
    ${open === "decline" && html`<${Confirm} danger title="Decline this request" verb="Decline"
      about="It comes to nothing. Whoever proposed it reads why." call=${post("decline")} onClose=${close} onDone=${done("It is declined.")} />`}
    ${open === "withdraw" && html`<${Confirm} title="Withdraw this request" verb="Withdraw" reason="optional" about="It comes to nothing."
      call=${post("withdraw")} onClose=${close} onDone=${done("It is withdrawn.")} />`}`;
}

/** Where it has to be decided: as far as what it needs goes. */
function facts(approval) {
  const [need] = approval.needs;
  return need && (need.team || need.environments.length) ? { team: need.team ?? undefined, environments: need.environments } : null;
}

function Body({ approval, reload }) {
  const mine = approval.proposer === useContext(Signed)?.who.id;
  return html`<div class="columns">
    ${approval.status === "approved" && mine && html`<${Section} wide title="It is approved"
      about=${html`Carry it out until <${Time} at=${approval.expires_at} both />.`}><${CarryOut} approval=${approval} onDone=${reload} /><//>`}
    <${Section} wide title="What it would do"><${Asked} approval=${approval} /><//>
    <${Section} wide title="What is bound"><${Facts} items=${[
      ["Proposed by", mine ? "you" : html`<${Principal} id=${approval.proposer} />`],
      ["Reason", approval.reason ?? html`<span class="quiet">none was given</span>`],
      ["Proposed", html`<${Time} at=${approval.created_at} both />`],
      ["Comes to nothing", html`<${Time} at=${approval.expires_at} both />`],
      approval.decided_by && ["Decided by", html`<${Principal} id=${approval.decided_by} />${approval.decided_because && html`<span
        class="item quiet">“${approval.decided_because}”</span>`}`],
      ["Whoever approves holds", approval.needs.map((need) => html`<span class="item"><code>${need.permission}</code> <span
        class="quiet">${[need.team, need.environments.join(", ")].filter(Boolean).join(" in ") || "over everything"}</span></span>`)],
      ["Identifier", html`<${CopyId} id=${approval.id} what="approval's identifier" />`],
      ["Request, SHA-256", html`<code class="id">${approval.command_hash}</code><span class="item quiet">No other request is allowed by it.</span>`],
    ]} /><//>
  </div>`;
}
