// What became of a change: refused, waiting for a second person, or applied by each gateway node.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { lasting, words } from "../lib/format.mjs";
import { Badge } from "./Badge.mjs";
import { CopyId } from "./Copy.mjs";
import { Failure } from "./States.mjs";
import { Time } from "./Time.mjs";

/** Refusals and approvals of a change, under the form that asked for it. @param {{ write: any, onDone?: (answer: any) => void }} props */
export function WriteStatus({ write, onDone }) {
  if (write.approval) return html`<${Waits} write=${write} onDone=${onDone} />`;
  return write.error && html`<${Failure} error=${write.error} what=${SAID[write.error.code]} />`;
}

const SAID = {
  version_conflict: "Somebody changed it meanwhile.",
  permission_denied: "You may not do this.",
  approval_required: "This needs a second person.",
};

/** While a second person is asked: whoever stays sees the decision come, and carries it out. */
function Waits({ write, onDone }) {
  const { approval } = write;
  const read = useRead({ path: `/v1/approvals/${approval.id}` }, { every: 3 });
  const now = read.data ?? approval;
  const carryOut = async () => {
    const answer = await write.redeem(approval.id);
    if (answer) onDone?.(answer);
  };
  return html`<div class="state waits" role="status">
    <p class="strong">A second person has to approve this. <${Badge} word=${now.status} /></p>
    <p>Nothing has been changed yet. Somebody else who may do it, too, finds it among the approvals as <${CopyId} id=${approval.id}
      what="approval" />
      until <${Time} at=${approval.expires_at} />.</p>
    ${now.decided_because && html`<p>They said: ${now.decided_because}</p>`}
    ${now.status === "approved" && html`<button type="button" class="button" data-kind="main" aria-busy=${write.busy}
      onClick=${carryOut}>Carry it out now</button>`}
    <p class="small quiet">You may close this: it can be carried out later from <a
      href=${`#/approvals/${approval.id}`}>the approval</a>.</p>
    ${write.error && html`<${Failure} error=${write.error} />`}
  </div>`;
}

/**
 * Which gateway nodes have applied a change. Where some had not when the answer came, whoever stays sees them catch up.
 * @param {{ receipt: Api["Receipt"] | undefined }} props
 */
export function Receipt({ receipt }) {
  const late = Boolean(receipt && !receipt.applied && receipt.position);
  const read = useRead(late ? { path: "/v1/gateway/nodes" } : null, { every: 2 });
  if (!receipt) return null;
  const now = new Map((read.data?.items ?? []).map((node) => [`${node.node} ${node.boot}`, node]));
  const nodes = receipt.nodes.map((node) => caughtUp(node, now.get(`${node.node} ${node.boot}`), receipt.position));
  const all = receipt.applied || (nodes.length > 0 && nodes.every((node) => node.done || node.state === "left"));
  return html`<div class="receipt" data-tone=${all ? "good" : "warn"}>
    <p class="strong" role="status">${all ? "Every gateway node has applied it." : `Not every gateway node has applied it yet${receipt.reason ? `: ${words(receipt.reason)}` : ""}.`}</p>
    ${nodes.length > 0 && html`<ul class="plain">${nodes.map((node) => html`<li class="row wrap">
      <${Badge} word=${node.done ? "applied" : node.state} /><strong>${node.node}</strong><span class="quiet">${node.environment}</span>
        <span>${node.said}</span></li>`)}</ul>`}
    ${receipt.position !== null && html`<p class="quiet small">Position ${receipt.position} of the log.</p>`}
  </div>`;
}

function caughtUp(node, now, position) {
  const { applied_ms } = node;
  if (typeof applied_ms === "number") return { ...node, done: true, said: `after ${applied_ms < 1000 ? `${applied_ms} ms` : lasting(applied_ms / 1000)}` };
  const at = Math.max(node.position, now?.position ?? 0);
  return { ...node, state: now?.state ?? node.state, done: at >= position, said: at >= position ? "meanwhile" : `at position ${at}` };
}

/** Warnings that go with a write or its rehearsal. @param {{ items: Api["Warning"][] | undefined }} props */
export function Warnings({ items }) {
  if (!items?.length) return null;
  return html`<ul class="warnings">${items.map((item) => html`<li><span class="badge"
    data-tone="warn">Worth knowing</span> ${item.message}${item.pointer && html` <code>${item.pointer}</code>`}</li>`)}</ul>`;
}
