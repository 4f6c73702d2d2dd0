// What needs two people.
import { html, useContext, useState } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { Signed, useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { Choice, Text, wrongAt } from "../components/Field.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { tell } from "../components/Toast.mjs";

const columns = (refused, end) => [
  { name: "Permission", cell: (rule) => html`<code>${rule.permission}</code>` },
  { name: "Where", cell: (rule) => rule.environment ?? html`<span class="quiet">everywhere</span>` },
  { name: "Why", cell: (rule) => rule.reason },
  { name: "Made", cell: (rule) => html`<${Time} at=${rule.created_at} relative />` },
  { name: html`<span class="hidden">Acts</span>`, cell: (rule) => html`<${Act} kind="quiet" label=${`End the rule about ${rule.permission}`}
    refusal=${refused} onClick=${() => end(rule)}>End<//>` },
];

export default function ApprovalRulesPage({ query }) {
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const { refusal } = useMay();
  const signed = useContext(Signed);
  const call = { path: "/v1/approval-rules", query };
  const read = usePage(call);
  const refused = refusal("approval_rule.write") ?? null;
  const close = () => setOpen(null);
  const done = (text) => () => { close(); tell(text); read.reload(); };
  return html`<${Page} title="What needs two people" trail=${[["Approvals", "#/approvals"]]} calls=${[call]}
    about="What only makes less possible, as revoking, suspending or withdrawing, never waits. Ending a rule needs two people itself."
    actions=${html`<${Act} kind="main" refusal=${refused} onClick=${() => setOpen("new")}>Make a rule<//>`}>
    <${Section} title="Rules"><${Listing} read=${read} caption="Approval rules" columns=${columns(refused, setOpen)} empty=${html`<${Empty}
      title="One person is enough for everything.">A rule says what somebody else has to approve.<//>`} /><//>
    ${open === "new" && html`<${Make} roles=${signed?.roles} onClose=${close} onDone=${done("The rule is made.")} />`}
    ${open?.id && html`<${Confirm} danger title=${`End the rule about ${open.permission}`} verb="End it" about="It needs two people itself."
      call=${(reason) => ({ method: "DELETE", path: `/v1/approval-rules/${open.id}`, query: { reason }, ifMatch: open.version })} onClose=${close}
      onDone=${done("The rule is ended.")} />`}
  <//>`;
}

function Make({ roles, onClose, onDone }) {
  const [value, setValue] = useState({ permission: "", environment: "" });
  const acts = roles.permissions.filter((one) => !one.reads);
  const chosen = acts.find((one) => one.permission === value.permission);
  return html`<${Confirm} title="Make a rule" verb="Make it" missing=${value.permission ? null : "Choose what needs two people."} onClose=${onClose} onDone=${onDone}
    call=${(reason) => ({ method: "POST", path: "/v1/approval-rules", body: { permission: value.permission, reason, ...(value.environment.trim() ? { environment: value.environment.trim() } : {}) } })}
    extra=${(error) => html`
      <${Choice} label="Permission" required value=${value.permission} onInput=${(permission) => setValue({ ...value, permission })}
        hint=${chosen?.says} error=${wrongAt(error, "/permission")} options=${[["", "Choose…"], ...acts.map((one) => [one.permission, one.permission])]} />
      <${Text} label="Environment" value=${value.environment} onInput=${(environment) => setValue({ ...value, environment })}
        hint="Empty: everywhere. What names no environment, as routes and policies, lies in every one." error=${wrongAt(error, "/environment")} />`} />`;
}
