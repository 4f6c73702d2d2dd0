// What can be done to a key: rotate, suspend and reinstate, release from quarantine, revoke.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { factsOfKey, useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Danger } from "../Danger.mjs";
import { Moment } from "../Field.mjs";
import { tell } from "../Toast.mjs";
import { RotateKey } from "./RotateKey.mjs";

/** @param {{ item: Api["Key"], client: Api["Client"] | null, reload: () => void }} props */
export function KeyActs({ item, client, reload }) {
  const [open, setOpen] = useState("");
  const { refusal } = useMay();
  const facts = factsOfKey(item, client);
  const post = (verb, body) => ({ method: "POST", path: `/v1/keys/${item.id}/${verb}`, body });
  const close = () => setOpen("");
  const ended = item.status === "revoked" || item.status === "expired";
  const rotated = (done) => {
    close();
    if (done) reload();
  };
  const mayRotate = refusal("key.rotate", facts) ?? (item.status === "suspended" ? "It is suspended." : null);
  // A dialog stays until it is closed, whatever has become of the key meanwhile: it shows what the gateways say.
  return html`
    ${!ended && html`<${Act} kind="main" refusal=${mayRotate} onClick=${() => setOpen("rotate")}>Rotate<//>`}
    ${item.quarantine && html`<${Act} refusal=${refusal("key.suspend", facts)} onClick=${() => setOpen("release")}>Release<//>`}
    ${!ended && (item.status === "suspended"
      ? html`<${Act} refusal=${refusal("key.suspend", facts)} onClick=${() => setOpen("reinstate")}>Reinstate<//>`
      : html`<${Act} refusal=${refusal("key.suspend", facts)} onClick=${() => setOpen("suspend")}>Suspend<//>`)}
    ${item.status !== "revoked" && html`<${Act} kind="danger" refusal=${refusal("key.revoke", facts)}
      onClick=${() => setOpen("revoke")}>Revoke<//>`}
    ${open === "rotate" && html`<${RotateKey} item=${item} refused=${mayRotate} onClose=${rotated} />`}
    ${open === "release" && html`<${Danger} title=${`Release ${item.name} from quarantine`} verb="Release" name=${item.name}
      about="It opens again although it was reported as leaked. Whoever found it can use it."
      call=${(reason) => post("release", { reason })} onClose=${close} onDone=${reload} />`}
    ${open === "reinstate" && html`<${Danger} mild title=${`Reinstate ${item.name}`} verb="Reinstate" name=${item.name}
      about="It opens again what it opened before."
      call=${(reason) => post("reinstate", { reason })} onClose=${close}
        onDone=${() => { tell(`${item.name} is reinstated.`); reload(); }} />`}
    ${open === "suspend" && html`<${Suspend} item=${item} post=${post} onClose=${close} reload=${reload} />`}
    ${open === "revoke" && html`<${Revoke} item=${item} post=${post} onClose=${close} reload=${reload} />`}`;
}

function Suspend({ item, post, onClose, reload }) {
  const [until, setUntil] = useState(null);
  const undo = useWrite();
  const takeBack = async () => {
    const answer = await undo.run(post("reinstate", { reason: "suspension taken back" }));
    tell(answer ? `${item.name} is reinstated.` : "It could not be taken back. Reinstate it from its page.");
    reload();
  };
  const done = () => {
    tell(`${item.name} is suspended.`, { undo: { label: "Reinstate", run: takeBack } });
    reload();
  };
  return html`<${Danger} mild title=${`Suspend ${item.name}`} verb="Suspend" name=${item.name}
    about="It stops at once, until it is reinstated." changed=${until}
    call=${(reason) => post("suspend", { reason, ...(until ? { until } : {}) })} onClose=${onClose} onDone=${done}
    extra=${html`<${Moment} label="Reinstate by itself at" value=${until} onInput=${setUntil}
      hint="In UTC. Empty: when somebody reinstates it." />`} />`;
}

function Revoke({ item, post, onClose, reload }) {
  const [at, setAt] = useState(null);
  return html`<${Danger} title=${`Revoke ${item.name}`} verb="Revoke for good" name=${item.name}
    about="All its secrets stop and never open anything again. Rotating gives a new secret without this." changed=${at}
    call=${(reason) => post("revoke", { reason, ...(at ? { at } : {}) })} onClose=${onClose} onDone=${reload}
    extra=${html`<${Moment} label="At" value=${at} onInput=${setAt} hint="In UTC. Empty: now." />`} />`;
}
