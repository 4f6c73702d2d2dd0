// The editor of a policy: what is typed is rehearsed by the server as one goes, so that refusals, warnings and the blast radius
// are seen before anything is changed.
import { html, useEffect } from "../../lib/ui.mjs";
import { useSettled, useWrite } from "../../lib/hooks.mjs";
import { Blast } from "../Blast.mjs";
import { Choice, Text, wrongAt } from "../Field.mjs";
import { Failure, Loading } from "../States.mjs";
import { Warnings } from "../Write.mjs";
import { LimitFields, NEW_RATE, quotaBody, rateBody } from "./LimitFields.mjs";

export const EMPTY_POLICY = { name: "", mode: "shadow", counting: "client", thresholds: [50, 80, 90, 100], rates: [NEW_RATE], quotas: [] };
export const formOf = ({ name, mode, counting, thresholds, rates, quotas }) => ({ name, mode, counting, thresholds, rates: rates.map((one) => ({ ...one })), quotas: quotas.map((one) => ({ ...one })) });
export const bodyOf = (value) => ({ ...value, rates: value.rates.map(rateBody), quotas: value.quotas.map(quotaBody) });

const MODES = [["shadow", "Shadow"], ["enforce", "Enforce"]];

/** @param {{ value: any, onInput: (value: any) => void, error: any }} props */
export function PolicyFields({ value, onInput, error }) {
  const set = (changes) => onInput({ ...value, ...changes });
  const thresholds = (text) => set({ thresholds: text.split(/[\s,%]+/).filter(Boolean).map(Number) });
  return html`
    <${Text} label="Name" required value=${value.name} onInput=${(name) => set({ name })} error=${wrongAt(error, "/name")} />
    <${Choice} label="Mode" required value=${value.mode} onInput=${(mode) => set({ mode })} options=${MODES}
      hint="In shadow it is judged and recorded, and refuses nothing: begin there." error=${wrongAt(error, "/mode")} />
    <${Text} label="Thresholds" value=${value.thresholds.join(", ")} onInput=${thresholds}
      hint="Percent of a quota at which its use is worth a notice." error=${wrongAt(error, "/thresholds")} />
    <${LimitFields} value=${value} onInput=${onInput} error=${error} />`;
}

/** What the server would say to a write. @param {import("../../lib/api.mjs").Call | null} call */
export function useRehearsal(call) {
  const write = useWrite();
  const asked = useSettled(call ? JSON.stringify(call) : "", 500);
  useEffect(() => {
    if (asked) write.run({ ...JSON.parse(asked), dryRun: true });
    else write.reset();
  }, [asked]);
  return write;
}

/** @param {{ rehearsal: any, idle: string }} props */
export function Rehearsed({ rehearsal, idle }) {
  if (rehearsal.error && !rehearsal.error.pointer) return html`<${Failure} error=${rehearsal.error} what="This would be refused." />`;
  if (rehearsal.error) return html`<p class="wrong" role="status">This would be refused: ${rehearsal.error.message}</p>`;
  if (rehearsal.busy && !rehearsal.answer) return html`<${Loading} what="Rehearsing…" />`;
  if (!rehearsal.answer) return html`<p class="quiet">${idle}</p>`;
  const { blast_radius, warnings, approval_required } = rehearsal.answer.body;
  return html`<${Blast} radius=${blast_radius} /><${Warnings} items=${warnings} />${approval_required && html`<p
    class="strong">It will wait for a second person.</p>`}`;
}
