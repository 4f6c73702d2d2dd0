// One rule: what it tells, about what, to whom and when; what it would have told; and what happened to it.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { list, words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { CopyId } from "../components/Copy.mjs";
import { About } from "../components/notices/About.mjs";
import { Preview, previewCall } from "../components/notices/Preview.mjs";
import { bodyOf, formOf } from "../components/notices/RuleForm.mjs";
import { Recipient } from "../components/notices/Recipient.mjs";
import { cadenceText, NOTICES } from "../components/notices/words.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { tell } from "../components/Toast.mjs";

export default function RulePage({ params }) {
  const [ending, setEnding] = useState(false);
  const { may, refusal } = useMay();
  const call = { path: `/v1/notification-rules/${params.id}` };
  const read = useRead(call, { every: 15 });
  const rule = /** @type {Api["NotificationRule"] | null} */ (read.data);
  const refused = rule?.status === "ended" ? "It is ended." : may("notification_rule.write") ? null : refusal("notification_rule.write");
  const ended = () => { setEnding(false); tell(`${rule?.name} is ended.`); read.reload(); };
  return html`<${Page} title=${rule?.name ?? "Rule"} trail=${[["Notices", "#/notification-rules"]]} calls=${[call, rule && previewCall(bodyOf(formOf(rule)))]}
    badges=${rule && html`<${Badge} word=${rule.status} tone=${rule.status === "in_force" ? "good" : "plain"} />`}
    actions=${rule && html`<${Act} href=${`#/notification-rules/${rule.id}/edit`} refusal=${refused}>Change<//><${Act} kind="danger"
      refusal=${refused} onClick=${() => setEnding(true)}>End<//>`}>
    <${Shown} read=${read}>${() => html`<${Body} rule=${rule} />`}<//>
    ${ending && rule && html`<${Confirm} danger title=${`End ${rule.name}`} verb="End it" reason="optional" about="Nobody is told by it any more. What is on its way arrives."
      call=${(reason) => ({ method: "DELETE", path: call.path, query: { reason }, ifMatch: rule.version })} onClose=${() => setEnding(false)} onDone=${ended} />`}
  <//>`;
}

/** @param {{ rule: Api["NotificationRule"] }} props */
function Body({ rule }) {
  const { may } = useMay();
  const quotas = rule.notices.some((one) => one.startsWith("quota_"));
  return html`<div class="columns">
    <${Section} title="What it tells"><dl class="facts">${rule.notices.map((one) => html`<div><dt>${words(one)}</dt><dd>when ${NOTICES[one]}</dd></div>`)}</dl><//>
    <${Section} title="To whom, about what"><${Facts} items=${[
      ["About", html`<${About} about=${rule.about} />`],
      ["Recipients", rule.recipients.map((one) => html`<${Recipient} one=${one} />`)],
      ["Letters go out", cadenceText(rule.cadence)],
      "team_zones" in rule.cadence && Object.keys(rule.cadence.team_zones ?? {}).length > 0 && ["Zones of teams", Object.entries(rule.cadence.team_zones ?? {}).map(([team, zone]) => html`<span
        class="item">${team}: ${zone}</span>`)],
      quotas && ["Thresholds", rule.thresholds.length ? `${list(rule.thresholds)} %` : "the policy's, or 50, 80, 90 and 100 %"],
      rule.notices.includes("key_expiring") && ["Days before", list(rule.days_before)],
      rule.report && ["Usage report", `each ${rule.report.every} as ${rule.report.form}, ${rule.report.time_zone}`],
      ["Identifier", html`<${CopyId} id=${rule.id} what="rule's identifier" />`],
      ["Made", html`<${Time} at=${rule.created_at} both />`],
      ["Changed", html`<${Time} at=${rule.updated_at} both />`],
    ]} /><//>
    <${Section} wide title="What it would have told" about="Over the last 30 days, if it had been in force as it is now, as things stand now.">${may("notification_rule.write")
      ? html`<${Preview} body=${bodyOf(formOf(rule))} />` : html`<${Empty} title="A preview needs the permission notification_rule.write." />`}<//>
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { subject_id: rule.id })}>In the audit log</a>`}><${History} query=${{ subject_id: rule.id }} /><//>`}
  </div>`;
}
