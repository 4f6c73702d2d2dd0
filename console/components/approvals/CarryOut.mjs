// Giving an approved request again, to the letter, where all of its letters are known.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { Act } from "../Act.mjs";
import { CopyOnce } from "../Copy.mjs";
import { Dialog } from "../Dialog.mjs";
import { tell } from "../Toast.mjs";
import { WriteStatus } from "../Write.mjs";

/** What stands in the place of people's names and addresses, which are not kept with a request. */
const LEFT_OUT = '"(personal)"';

/**
 * The request as it was given, as far as it is kept; a reason where it cannot be given again from here.
 * @param {Api["Approval"]} approval @returns {{ why?: string, call?: any, version?: number }}
 */
export function requestOf(approval) {
  const asked = /** @type {any} */ (approval.asked);
  if (!asked?.dry_run || (asked.body === null && approval.method !== "DELETE" && asked.dry_run.events.length === 0)) return { why: "What was asked is not kept: give the same request again by the API or the command line." };
  if (JSON.stringify(asked.body ?? null).includes(LEFT_OUT)) return { why: "It names people, whose names and addresses are not kept here. Whoever proposed it gives the same request again where they gave it." };
  // A request of these methods names the version that it was decided on, which is the one before its own events.
  const versioned = ["PATCH", "DELETE"].includes(approval.method);
  const call = { method: approval.method, path: approval.path, ...(asked.body === null || asked.body === undefined ? {} : { body: asked.body }), approval: approval.id };
  return { call: versioned ? { ...call, ifMatch: asked.dry_run.version - asked.dry_run.events.length } : call, version: asked.dry_run.version - asked.dry_run.events.length };
}

/** @param {{ approval: Api["Approval"], onDone: () => void }} props */
export function CarryOut({ approval, onDone }) {
  const write = useWrite();
  const [secret, setSecret] = useState("");
  const { call, why, version } = requestOf(approval);
  const run = async () => {
    let answer = await write.run(call);
    // Whether it named a version is not kept, but that is one of two.
    if (!answer && call.ifMatch === undefined && version > 0) answer = await write.run({ ...call, ifMatch: version });
    if (!answer) return;
    const shown = answer.body?.secret ?? answer.body?.token;
    if (shown) setSecret(shown);
    else finished();
  };
  const finished = () => {
    setSecret("");
    tell("It is carried out.");
    onDone();
  };
  return html`<${Act} kind="main" busy=${write.busy} refusal=${why ?? null} onClick=${run}>Carry it out<//>
    ${why && html`<p class="small quiet">${why}</p>`}
    <${WriteStatus} write=${write} />
    ${secret && html`<${Dialog} locked title="It is carried out" onClose=${finished}><${CopyOnce} secret=${secret} onStored=${finished} /><//>`}`;
}
