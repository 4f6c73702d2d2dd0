// That the newest checkpoint is signed, and that the log has only grown since this browser saw it last.
import { html, useEffect, useState } from "../../lib/ui.mjs";
import { moment } from "../../lib/format.mjs";
import { pin, pinned } from "../../lib/pins.mjs";
import { allPassed, signatureStep, verifyGrowth } from "../../lib/verify.mjs";
import { Act } from "../Act.mjs";
import { Loading } from "../States.mjs";
import { askConsistency, keysOf } from "./Proof.mjs";
import { Steps } from "./Steps.mjs";

/** @param {{ checkpoint: Api["Checkpoint"], keys: Api["CheckpointKeys"] }} props */
export function Growth({ checkpoint, keys }) {
  const [steps, setSteps] = useState(/** @type {import("../../lib/verify.mjs").Step[] | null} */ (null));
  const look = () => check(checkpoint.note, keysOf(keys)).then(setSteps);
  useEffect(() => { look(); }, [checkpoint.note, keys]);
  if (!steps) return html`<${Loading} what="Checking…" />`;
  const forget = () => {
    pin({ note: null, at: null });
    look();
  };
  const held = steps.length > 1;
  return html`<${Steps} steps=${steps} passed=${held ? "It is signed, and the log has only grown." : "It is signed."}
    failed="This is not the log that it says it is. Keep both checkpoints, and tell whoever audits." />
    ${held && html`<p class="small quiet">Held to the checkpoint that this browser verified last, ${moment(pinned().at, { seconds: true })}.</p>`}
    ${!held && allPassed(steps) && html`<p class="small quiet">This browser remembers it: from now on the log is held to it.</p>`}
    ${held && !allPassed(steps) && html`<details><summary>The checkpoint that this browser verified last</summary><code class="pre">${pinned().note}</code></details>
      <div class="row wrap"><${Act} kind="danger" onClick=${forget}>Forget it, and hold the log to the new one<//>
        <span class="small quiet">Where it is known why, as after an operator has abandoned what was signed.</span></div>`}`;
}

async function check(note, vkeys) {
  const before = pinned();
  const steps = [await signatureStep(note, vkeys)];
  // It was verified when it was kept, perhaps by a key that does not sign any more.
  if (before.note) steps.push(await verifyGrowth(before.note, note, null, askConsistency));
  // What did not hold is not what a later one is to be held to; and the same one is not seen anew.
  if (allPassed(steps) && before.note !== note) pin({ note, at: new Date().toISOString() });
  return steps;
}
