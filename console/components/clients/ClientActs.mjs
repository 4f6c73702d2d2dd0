// What can be done to a client as a whole: suspend, reinstate, archive.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { factsOfClient, useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Danger } from "../Danger.mjs";
import { Moment } from "../Field.mjs";
import { tell } from "../Toast.mjs";

/** @param {{ client: Api["Client"], reload: () => void }} props */
export function ClientActs({ client, reload }) {
  const [open, setOpen] = useState("");
  const { refusal } = useMay();
  const facts = factsOfClient(client);
  const undo = useWrite();
  const post = (verb, body) => ({ method: "POST", path: `/v1/clients/${client.id}/${verb}`, body });
  const undoSuspension = async () => {
    const answer = await undo.run(post("reinstate", { reason: "suspension taken back" }));
    tell(answer ? `${client.name} is reinstated.` : "It could not be taken back. Reinstate it from its page.");
    reload();
  };
  const suspended = (answer) => {
    tell(answer.status === 202 ? "The suspension is planned." : `${client.name} is suspended.`, answer.status === 202 ? {} : { undo: { label: "Reinstate", run: undoSuspension } });
    reload();
  };
  const live = client.status !== "archived";
  // A dialog stays until it is closed, whatever has become of the client meanwhile: it shows what the gateways say.
  return html`
    ${live && (client.status === "suspended"
      ? html`<${Act} kind="main" refusal=${refusal("client.suspend", facts)} onClick=${() => setOpen("reinstate")}>Reinstate<//>`
      : html`<${Act} refusal=${refusal("client.suspend", facts)} onClick=${() => setOpen("suspend")}>Suspend<//>`)}
    ${live && html`<${Act} kind="danger" refusal=${refusal("client.write", facts)} onClick=${() => setOpen("archive")}>Archive<//>`}
    ${open === "suspend" && html`<${Suspend} client=${client} post=${post} onClose=${() => setOpen("")} onDone=${suspended} />`}
    ${open === "reinstate" && html`<${Danger} mild title=${`Reinstate ${client.name}`} verb="Reinstate" name=${client.name}
      about="Its keys open again what they opened before."
      call=${(reason) => post("reinstate", { reason })} onClose=${() => setOpen("")}
        onDone=${() => { tell(`${client.name} is reinstated.`); reload(); }} />`}
    ${open === "archive" && html`<${Danger} title=${`Archive ${client.name}`} verb="Archive for good" name=${client.name}
      about="All its keys stop at once, and it does not come back. What was recorded of it stays."
      call=${(reason) => post("archive", { reason })} onClose=${() => setOpen("")} onDone=${reload} />`}`;
}

function Suspend({ client, post, onClose, onDone }) {
  const [until, setUntil] = useState(null);
  const body = (reason) => ({ reason, ...(until ? { until } : {}) });
  return html`<${Danger} mild title=${`Suspend ${client.name}`} verb="Suspend" name=${client.name}
    about="All its keys stop at once, until it is reinstated."
    call=${(reason) => post("suspend", body(reason))} changed=${until} onClose=${onClose} onDone=${onDone}
    extra=${html`<${Moment} label="Reinstate by itself at" value=${until} onInput=${setUntil}
      hint="In UTC. Empty: when somebody reinstates it." />`} />`;
}
