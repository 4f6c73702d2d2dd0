// One policy: its limits, whom it binds, what is contradictory about it, what it refuses, and what happened.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { number, quotaText, rateText } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Danger } from "../components/Danger.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Planned } from "../components/Planned.mjs";
import { Assign, Assignments } from "../components/policies/Assignments.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { Warnings } from "../components/Write.mjs";

export default function PolicyPage({ params }) {
  const call = { path: `/v1/policies/${params.id}` };
  const read = useRead(call, { every: 15 });
  const policy = read.data;
  if (policy) remember([policy]);
  return html`<${Page} title=${policy?.name ?? "Policy"} trail=${[["Policies", "#/policies"]]}
    calls=${[call, { path: `${call.path}/findings` }]}
    badges=${policy && html`<${Badge} word=${policy.status} /><${Badge} word=${policy.mode} />`}
    actions=${policy && html`<${Acts} policy=${policy} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} policy=${policy} reload=${read.reload} />`}<//>
  <//>`;
}

function Acts({ policy, reload }) {
  const [open, setOpen] = useState("");
  const { may, refusal } = useMay();
  const assigned = (done) => {
    setOpen("");
    if (done) reload();
  };
  return html`
    ${policy.status === "active" && html`
      ${may("report.read") && html`<${Act} href=${to("policies/what-if", { policy_id: policy.id })}>What if…<//>`}
      <${Act} href=${`#/policies/${policy.id}/edit`} refusal=${refusal("policy.write")}>Change<//>
      <${Act} kind="main" refusal=${refusal("policy.assign")} onClick=${() => setOpen("assign")}>Assign<//>
      <${Act} kind="danger" refusal=${refusal("policy.write") ?? (policy.assignments.length ? "It binds somebody still: end its assignments first." : null)}
        onClick=${() => setOpen("retire")}>Retire<//>`}
    ${open === "assign" && html`<${Assign} policy=${policy} onClose=${assigned} />`}
    ${open === "retire" && html`<${Danger} title=${`Retire ${policy.name}`} verb="Retire for good" name=${policy.name} reasonNeeded=${false}
      about="It binds nobody, and nobody can be bound by it any more. It does not come back."
      call=${(reason) => ({ method: "POST", path: `/v1/policies/${policy.id}/retire`, body: reason ? { reason } : {} })}
        onClose=${() => setOpen("")} onDone=${reload} />`}`;
}

function Body({ policy, reload }) {
  const { may } = useMay();
  return html`<div class="columns">
    <${Section} title="Limits"><${Facts} items=${[
      ...policy.rates.map((rate) => [`Rate ${rate.name}`, rateText(rate)]),
      ...policy.quotas.map((quota) => [`Quota ${quota.name}`, quotaText(quota)]),
      ["Counts", { client: "each client by itself", key: "each key by itself", shared: "all together" }[policy.counting]],
      ["Notices at", policy.thresholds.map((one) => `${one} %`).join(", ") || "no threshold"],
    ]} /><//>
    <${Section} title="What it is"><${Facts} items=${[
      ["Identifier", html`<${CopyId} id=${policy.id} what="policy's identifier" />`],
      ["Revision", number(policy.revision)],
      ["Defined", html`<${Time} at=${policy.created_at} both />`],
      ["Changed", html`<${Time} at=${policy.updated_at} both />`],
    ]} /><//>
    <${Planned} query=${{ policy_id: policy.id }} reload=${reload} />
    <${Section} wide title="Assignments"><${Assignments} policy=${policy} reload=${reload} /><//>
    <${Section} wide title="Contradictions"><${Findings} id=${policy.id} version=${policy.version} /><//>
    ${may("report.read") && html`<${Section} wide title=${policy.mode === "shadow" ? "What it would have refused" : "What it refused"}
      actions=${html`<${Range} zone=${false} />`}><${Refused} policy=${policy} /><//>`}
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { subject_id: policy.id })}>In the audit log</a>`}><${History} query=${{ subject_id: policy.id }} /><//>`}
  </div>`;
}

function Findings({ id, version }) {
  const read = useRead({ path: `/v1/policies/${id}/findings`, query: {} }, { every: 30 });
  return html`<${Shown} read=${read} key=${version}>${() => (read.data.items.length === 0 ? html`<p
    class="quiet">None was found.</p>` : html`<${Warnings} items=${read.data.items} /><p
    class="about">None of them is refused: each can be meant.</p>`)}<//>`;
}

const number_ = /** @type {"number"} */ ("number");

function Refused({ policy }) {
  const range = useRange();
  const period = { from: range.from, until: range.until, policy_id: policy.id };
  const shadow = policy.mode === "shadow";
  const read = useRead(shadow
    ? { path: "/v1/reports/shadow", query: { ...period, granularity: "total", group_by: "limit,client" } }
    : { path: "/v1/reports/throttling", query: { ...period, limit: 50 } }, { every: 15 });
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0
    ? html`<${Empty} title=${shadow ? "It judged no call in this time." : "It refused no call in this time."} />`
    : html`<${Table} caption="Refused by limit and client" items=${read.data.items}
      keyOf=${(one) => [one.client_id, one.limit, one.route_id, one.environment, one.policy_revision].join()} columns=${[
      { name: "Client", cell: (one) => html`<${Ref} id=${one.client_id} none="not authenticated" />` },
      { name: "Limit", cell: (one) => one.limit ?? "–" },
      ...(shadow ? [{ name: "Judged", kind: number_, cell: (one) => number(one.calls) }, { name: "Would have refused", kind: number_,
        cell: (one) => number(one.refused) }]
        : [{ name: "Refused", kind: number_, cell: (one) => number(one.calls) }, { name: "Last", cell: (one) => html`<${Time}
          at=${one.last_at} relative />` }]),
    ]} />`)}<//>`;
}
