// What can be done to a person: disable and enable, tokens of whoever claimed the installation, and the glass.
import { html, useContext, useState } from "../../lib/ui.mjs";
import { Signed, useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Confirm, why } from "../Confirm.mjs";
import { Danger } from "../Danger.mjs";
import { Count, wrongAt } from "../Field.mjs";
import { tell } from "../Toast.mjs";
import { RotateToken } from "./Token.mjs";

/** @param {{ person: Api["Person"], reload: () => void }} props */
export function PersonActs({ person, reload }) {
  const [open, setOpen] = useState("");
  const { refusal } = useMay();
  const signed = useContext(Signed);
  const self = signed?.who.id === person.id;
  const path = `/v1/principals/${person.id}`;
  const name = person.name ?? person.id;
  const close = () => setOpen("");
  const done = (text) => () => { close(); tell(text); reload(); };
  const post = (verb) => (reason) => ({ method: "POST", path: `${path}/${verb}`, body: { reason } });
  const broken = person.break_glass_until && Date.parse(person.break_glass_until) > Date.now();
  const glass = self ? refusal("break_glass.open") : "Nobody breaks the glass for another.";
  return html`
    ${broken ? html`<${Act} kind="main" refusal=${self ? null : "Nobody closes the glass for another: disabling the person ends it."}
      onClick=${() => setOpen("close")}>Close the glass<//>`
      : html`<${Act} refusal=${glass} onClick=${() => setOpen("break")}>Break the glass<//>`}
    ${person.claimed && html`<${Act}
      refusal=${self ? refusal("principal.write") : "Nobody makes a token for another, who would then be somebody else."} onClick=${() => setOpen("rotate")}>Rotate token<//>
      ${(person.token || person.previous) && html`<${Act} kind="danger" refusal=${refusal("principal.disable")} onClick=${() => setOpen("revoke")}>Revoke token<//>`}`}
    ${person.status === "disabled" ? html`<${Act} kind="main" refusal=${refusal("principal.write")} onClick=${() => setOpen("enable")}>Enable<//>`
      : html`<${Act} kind="danger" refusal=${self ? "It is you." : refusal("principal.disable")} onClick=${() => setOpen("disable")}>Disable<//>`}
    ${open === "break" && html`<${Break} path=${path} onClose=${close} onDone=${done("You are an administrator for now, and everybody who watches is told.")} />`}
    ${open === "close" && html`<${Confirm} title="Close the glass" verb="Close it" reason="optional"
      about="You may do again what your grants say, and no more."
      call=${(reason) => ({ method: "POST", path: `${path}/break-glass/close`, body: why(reason) })} onClose=${close} onDone=${done("The glass is closed.")} />`}
    ${open === "rotate" && html`<${RotateToken} path=${path} name=${name} onClose=${() => { close(); reload(); }} />`}
    ${open === "revoke" && html`<${Danger} title=${`Revoke the tokens of ${name}`} verb="Revoke" name=${name} about="They open nothing from now on."
      call=${post("revoke-token")} onClose=${close} onDone=${reload} />`}
    ${open === "enable" && html`<${Confirm} title=${`Enable ${name}`} verb="Enable" about="They may sign in again, and do what their grants say."
      call=${post("enable")} onClose=${close} onDone=${done(`${name} is enabled.`)} />`}
    ${open === "disable" && html`<${Danger} title=${`Disable ${name}`} verb="Disable" name=${name}
      about="They are signed out everywhere and let in no more. Their grants stay, for when they are enabled." call=${post("disable")} onClose=${close} onDone=${reload} />`}`;
}

function Break({ path, onClose, onDone }) {
  const [minutes, setMinutes] = useState(30);
  return html`<${Confirm} danger title="Break the glass" verb="Break it" onClose=${onClose} onDone=${onDone}
    about="In an emergency: you are an administrator for so long. Security officers are told at once, and everything that you do meanwhile says so in the audit log."
    missing=${minutes ? null : "Say for how long."} call=${(reason) => ({ method: "POST", path: `${path}/break-glass`, body: { reason, minutes } })}
    extra=${(error) => html`<${Count} label="For how many minutes" required min=${1} max=${240} value=${minutes} onInput=${setMinutes}
      hint="1 to 240; then it closes by itself." error=${wrongAt(error, "/minutes")} />`} />`;
}
