// Planning a change: rehearsed before it is given, so that whom it would touch is seen.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Area, Choice, Moment, wrongAt } from "../components/Field.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Rehearsed, useRehearsal } from "../components/policies/PolicyForm.mjs";
import { tell } from "../components/Toast.mjs";
import { EMPTY_PLAN, PlanFields, planOf } from "../components/work/PlanFields.mjs";
import { PLANS } from "../components/work/plans.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function PlanPage({ query }) {
  const { may } = useMay();
  const plans = PLANS.filter(([, , permission]) => may(permission));
  const [value, setValue] = useState({ ...EMPTY_PLAN, ...query, kind: query.kind ?? plans[0]?.[0] ?? EMPTY_PLAN.kind, at: null, until: null, reason: "" });
  const write = useWrite();
  const set = (changes) => setValue({ ...value, ...changes });
  const change = planOf(value);
  const call = { method: "POST", path: "/v1/scheduled-changes", body: { change, reason: value.reason.trim(), ...(value.at ? { at: value.at } : {}), ...(value.until ? { until: value.until } : {}) } };
  const ready = change && (value.at || value.until);
  const rehearsal = useRehearsal(ready ? { ...call, body: { ...call.body, reason: call.body.reason || "not said yet" } } : null);
  const missing = !change ? "Choose what it is about." : !value.at && !value.until ? "Say when." : !value.reason.trim() ? "Say why." : null;
  const done = (answer) => {
    if (!answer) return;
    tell("The change is planned.");
    go(`scheduled-changes/${answer.body.id}`);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!missing && !write.busy) done(await write.run(call));
  };
  return html`<${Page} title="Plan a change" trail=${[["Scheduled changes", "#/scheduled-changes"]]} calls=${[call]}>
    <${Section} title="What happens when"><form class="form" onSubmit=${submit}>
      <${Choice} label="What" required value=${value.kind} onInput=${(kind) => set({ kind })} options=${plans.map(([kind, name]) => [kind, name])} />
      <${PlanFields} value=${value} onInput=${set} />
      <${Moment} label="At" value=${value.at} onInput=${(at) => set({ at })} hint="In UTC. Empty: now, and it ends by itself."
        error=${wrongAt(write.error, "/at") ?? wrongAt(rehearsal.error, "/at")} />
      ${value.kind !== "revoke_key" && value.kind !== "unassign_policy" && html`<${Moment} label="Undone at" value=${value.until}
        onInput=${(until) => set({ until })} hint="In UTC. Empty: it stays." error=${wrongAt(write.error, "/until") ?? wrongAt(rehearsal.error, "/until")} />`}
      <${Area} wide label="Reason" required rows=${2} value=${value.reason} onInput=${(reason) => set({ reason })} hint="It is on record."
        error=${wrongAt(write.error, "/reason")} />
      <div class="wide"><${Rehearsed} rehearsal=${rehearsal} idle="Say what and when, and the server says whom it would touch." /></div>
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row end"><${Act} href="#/scheduled-changes">Cancel<//><${Act} type="submit" kind="main" busy=${write.busy} refusal=${missing}>Plan it<//></div>
    </form><//>
  <//>`;
}
