// Changing a policy: rehearsed as one types, now or at a time ahead, and never over somebody else's change unseen.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { differing, useEdit } from "../lib/edit.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go, to } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Curl } from "../components/Curl.mjs";
import { changesOf, Conflict, Diff } from "../components/Diff.mjs";
import { Moment, Text, wrongAt } from "../components/Field.mjs";
import { Page, Section } from "../components/Page.mjs";
import { bodyOf, formOf, PolicyFields, Rehearsed, useRehearsal } from "../components/policies/PolicyForm.mjs";
import { Shown } from "../components/States.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function EditPolicyPage({ params }) {
  const policy = useRead({ path: `/v1/policies/${params.id}` });
  return html`<${Page} title=${policy.data ? `Change ${policy.data.name}` : "Change a policy"}
    trail=${[["Policies", "#/policies"], [policy.data?.name ?? "Policy", `#/policies/${params.id}`]]}>
    <${Shown} read=${policy}>${() => html`<${Form} policy=${policy.data} />`}<//>
  <//>`;
}

const FIELDS = ["name", "mode", "counting", "thresholds", "rates", "quotas"];

function patchOf(base, mine) {
  const patch = differing(bodyOf(formOf(base)), bodyOf(mine), FIELDS);
  if (Object.keys(patch).length === 0) return patch;
  const { reason, effective_at, effective_until } = mine;
  return { ...patch, ...(reason?.trim() ? { reason: reason.trim() } : {}), ...(effective_at ? { effective_at } : {}), ...(effective_until ? { effective_until } : {}) };
}

function Form({ policy }) {
  const [value, setValue] = useState(() => ({ ...formOf(policy), reason: "", effective_at: null, effective_until: null }));
  const { refusal } = useMay();
  const path = `/v1/policies/${policy.id}`;
  const saved = (body) => {
    tell(value.effective_at ? "The change is planned." : `${body?.name ?? value.name} is changed.`);
    go(`policies/${policy.id}`);
  };
  const edit = useEdit({ path, base: policy, patchOf, onSaved: saved });
  const set = (changes) => setValue({ ...value, ...changes });
  const patch = patchOf(edit.base, value);
  const nothing = Object.keys(patch).length === 0;
  const rehearsal = useRehearsal(nothing ? null : { method: "PATCH", path, body: patch, ifMatch: edit.base.version });
  useEffect(() => { if (edit.write.error?.status === 412) edit.look(value); }, [edit.write.error]);
  const submit = (event) => {
    event.preventDefault();
    if (!nothing && !edit.write.busy) edit.save(value);
  };
  const refused = refusal("policy.write") ?? (nothing ? "Nothing is changed yet." : null);
  const fields = Object.fromEntries(FIELDS.filter((field) => field in patch).map((field) => [field, patch[field]]));
  return html`<${Section} title="What it allows" actions=${html`<a href=${to("policies/what-if", { policy_id: policy.id })}>What if…</a>`}>
    <form class="form" onSubmit=${submit}>
    <${PolicyFields} value=${value} onInput=${(next) => set(next)} error=${edit.write.error ?? rehearsal.error} />
    <${Moment} label="From" value=${value.effective_at} onInput=${(effective_at) => set({ effective_at })} hint="In UTC. Empty: now."
      error=${wrongAt(edit.write.error, "/effective_at")} />
    <${Moment} label="Until" value=${value.effective_until} onInput=${(effective_until) => set({ effective_until })}
      hint="When it says again what it says now. Empty: never." error=${wrongAt(edit.write.error, "/effective_until")} />
    <${Text} label="Reason" required=${Boolean(value.effective_at || value.effective_until)} value=${value.reason}
      onInput=${(reason) => set({ reason })} error=${wrongAt(edit.write.error, "/reason")} />
    <div class="wide"><h3>What differs</h3><${Diff}
      items=${changesOf(bodyOf(formOf(edit.base)), { ...bodyOf(formOf(edit.base)), ...fields })} /></div>
    <div class="wide"><${Rehearsed} rehearsal=${rehearsal} idle="Change something, and the server says whom it would touch." /></div>
    ${edit.conflict ? html`<${Conflict} ...${edit.conflict} onMine=${edit.insist}
      onTheirs=${() => setValue({ ...value, ...formOf(edit.yieldTo()) })} />` : html`<${WriteStatus} write=${edit.write}
      onDone=${(answer) => saved(answer.body)} />`}
    <div class="row end"><${Act} href=${`#/policies/${policy.id}`}>Cancel<//><${Act} type="submit" kind="main" busy=${edit.write.busy}
      refusal=${refused}>Save<//></div>
  </form>
  <${Curl} calls=${[{ method: "PATCH", path, body: patch, ifMatch: edit.base.version }]} /><//>`;
}
