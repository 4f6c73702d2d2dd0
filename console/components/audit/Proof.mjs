// The proof that an entry is in the signed log: asked for, and checked here.
import { html, useEffect, useState } from "../../lib/ui.mjs";
import { open, send } from "../../lib/api.mjs";
import { auditedOf, contradictionsOf } from "../../lib/audited.mjs";
import { Unproven } from "../../lib/proof.mjs";
import { pinned } from "../../lib/pins.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { step, verifyBytes, verifyInclusion } from "../../lib/verify.mjs";
import { Act } from "../Act.mjs";
import { Loading, Shown } from "../States.mjs";
import { Steps } from "./Steps.mjs";

export const proofCall = (position) => ({ path: `/v1/audit/${position}/proof` });
export const keysCall = { path: "/v1/audit/keys" };

export const askConsistency = async (from, to) => (await send({ path: "/v1/audit/consistency", query: { from, to } })).body;

/** The keys that a checkpoint is held to: the one that was pinned here, or those that the server names. */
export const keysOf = (served) => (pinned().vkey ? [pinned().vkey] : served.keys.map((key) => key.vkey));

/** @param {{ entry: Api["AuditEntry"] }} props */
export function Proof({ entry }) {
  const proof = useRead(proofCall(entry.position));
  const keys = useRead(keysCall);
  // An entry is signed within two seconds; until then there is nothing to prove.
  const early = proof.error?.code === "not_signed_yet";
  useEffect(() => {
    if (!early) return undefined;
    const timer = setInterval(proof.reload, 1000);
    return () => clearInterval(timer);
  }, [early]);
  if (early) return html`<${Loading} what="Waiting until the log is signed…" />`;
  return html`<${Shown} read=${proof}>${() => html`<${Shown} read=${keys}>${() => html`<${Checked} entry=${entry} proof=${proof.data}
    keys=${keys.data} />`}<//>`}<//>`;
}

function Checked({ entry, proof, keys }) {
  const [steps, setSteps] = useState(/** @type {import("../../lib/verify.mjs").Step[] | null} */ (null));
  const [more, setMore] = useState(/** @type {import("../../lib/verify.mjs").Step[]} */ ([]));
  const [busy, setBusy] = useState(false);
  const { refusal } = useMay();
  useEffect(() => {
    setMore([]);
    verifyInclusion(proof, keysOf(keys), askConsistency).then(setSteps);
  }, [proof]);
  const words = async () => {
    setBusy(true);
    setMore(await audited(entry, proof));
    setBusy(false);
  };
  if (!steps) return html`<${Loading} what="Checking…" />`;
  return html`<${Steps} steps=${[...steps, ...more]}
    passed=${more.length ? "This entry, as it is shown, is in the signed log." : "This entry is in the signed log."}
    failed="This entry is not proven: do not trust it before it is known why." />
    <p class="small quiet">Checked by this browser: the server was asked for the proof, and not whether it holds. ${pinned().vkey ? "Held to the key that was pinned here." : html`Held to the keys that the server names; <a
      href="#/audit/checkpoint">pin one that you got elsewhere</a>.`}</p>
    ${more.length === 0 && html`<div class="row wrap"><${Act} onClick=${words} busy=${busy}
      refusal=${refusal("audit.export")}>Check the words, too<//>
      <span class="small quiet">Takes the audited bytes out and hashes them here. That is an export, and is on record.</span></div>`}
    <details><summary>The checkpoint and the hashes</summary><code class="pre">${proof.checkpoint}</code>
      <ol class="small">${[proof.leaf_hash, ...proof.hashes].map((hash, at) => html`<li><code
        class="breaks">${hash}</code>${at === 0 && html` <span class="quiet">the leaf</span>`}</li>`)}</ol></details>`;
}

/** That the bytes behind the leaf are there, and say what is shown. */
async function audited(entry, proof) {
  const { position } = entry;
  let found = /** @type {any} */ (null);
  const taken = await step("Audited bytes", async () => {
    const file = await open({ path: "/v1/audit/export", query: { from: position, until: position, personal: "false" }, accept: "application/jsonl" });
    found = auditedOf(await file.text(), position);
    return "";
  });
  if (!found) return [taken];
  return [await verifyBytes(found.bytes, proof.leaf_hash), await step("Words", async () => {
    const wrong = contradictionsOf(entry, found.event);
    if (wrong.length > 0) throw new Unproven(`The entry is shown with another ${wrong.join(", ")} than was audited.`);
    return "Action, subject, time, actor, grant, request and reason are shown as they were audited.";
  })];
}
