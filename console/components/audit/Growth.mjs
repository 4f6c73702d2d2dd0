// That the newest checkpoint is signed, and that the log has only grown since this browser saw it last.
import { html, useEffect, useState } from "../../lib/ui.mjs";
import { moment } from "../../lib/format.mjs";
import { pin, pinned } from "../../lib/pins.mjs";
import { allPassed, signatureStep, verifyGrowth } from "../../lib/verify.mjs";
import { Loading } from "../States.mjs";
import { askConsistency, keysOf } from "./Proof.mjs";
import { Steps } from "./Steps.mjs";

/** @param {{ checkpoint: Api["Checkpoint"], keys: Api["CheckpointKeys"] }} props */
export function Growth({ checkpoint, keys }) {
  const [steps, setSteps] = useState(/** @type {import("../../lib/verify.mjs").Step[] | null} */ (null));
  useEffect(() => { check(checkpoint.note, keysOf(keys)).then(setSteps); }, [checkpoint.note, keys]);
  if (!steps) return html`<${Loading} what="Checking…" />`;
  return html`<${Steps} steps=${steps} passed=${steps.length > 1 ? "It is signed, and the log has only grown." : "It is signed."}
    failed="This is not the log that it says it is. Keep both checkpoints, and tell whoever audits." />
    <p class="small quiet">${steps.length > 1 ? `Held to the checkpoint that this browser verified last, ${moment(pinned().at, { seconds: true })}.` : "This browser remembers it: from now on the log is held to it."}</p>`;
}

async function check(note, vkeys) {
  const before = pinned();
  const steps = [await signatureStep(note, vkeys)];
  if (before.note) steps.push(await verifyGrowth(before.note, note, vkeys, askConsistency));
  // What did not hold is not what a later one is to be held to; and the same one is not seen anew.
  if (allPassed(steps) && before.note !== note) pin({ note, at: new Date().toISOString() });
  return steps;
}
