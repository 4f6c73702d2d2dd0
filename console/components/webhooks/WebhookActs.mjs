// What can be done to a webhook: test, verify, rotate its secret, replay, stop and go on, delete.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { go } from "../../lib/router.mjs";
import { Act } from "../Act.mjs";
import { Confirm, why } from "../Confirm.mjs";
import { Danger } from "../Danger.mjs";
import { Choice, Field, wrongAt } from "../Field.mjs";
import { tell } from "../Toast.mjs";
import { TYPES } from "./events.mjs";
import { Replay } from "./Replay.mjs";
import { WebhookSecret } from "./Secret.mjs";

const OVERLAPS = [["86400", "24 hours"], ["0", "Not at all"], ["3600", "1 hour"], ["604800", "7 days"]];

/** What a webhook asks of whoever changes it: the permission where it is told of. */
export const factsOfWebhook = (hook) => (hook.scope.kind === "all" ? null : { team: hook.scope.team ?? undefined, environments: hook.scope.environments ?? [] });

/** @param {{ hook: Api["Webhook"], reload: () => void }} props */
export function WebhookActs({ hook, reload }) {
  const [open, setOpen] = useState("");
  const { refusal } = useMay();
  const verify = useWrite();
  const undo = useWrite();
  const path = `/v1/webhooks/${hook.id}`;
  const refused = refusal("webhook.write", factsOfWebhook(hook));
  const close = () => setOpen("");
  const after = (text, options = {}) => () => { close(); tell(text, options); reload(); };
  const challenge = async () => {
    const answer = await verify.run({ method: "POST", path: `${path}/verify` });
    tell(answer ? "A challenge is on its way." : verify.error?.message ?? "The challenge could not be sent.");
    reload();
  };
  const enable = async () => {
    await undo.run({ method: "POST", path: `${path}/enable`, body: { reason: "disabling taken back" } });
    reload();
  };
  const offered = html`
    <${Act} kind="main" refusal=${refused ?? (hook.verified ? null : "Nobody has answered its challenge yet.")} onClick=${() => setOpen("test")}>Send a test<//>
    ${!hook.verified && html`<${Act} refusal=${refused} busy=${verify.busy} onClick=${challenge}>Verify again<//>`}
    <${Act} href=${`#/webhooks/${hook.id}/edit`} refusal=${refused}>Change<//>
    <${Act} refusal=${refused} onClick=${() => setOpen("rotate")}>Rotate secret<//>
    <${Act} refusal=${refused} onClick=${() => setOpen("replay")}>Replay<//>
    ${hook.status === "disabled" ? html`<${Act} refusal=${refused} onClick=${() => setOpen("enable")}>Enable<//>` : html`<${Act} refusal=${refused}
      onClick=${() => setOpen("disable")}>Disable<//>`}
    <${Act} kind="danger" refusal=${refused} onClick=${() => setOpen("delete")}>Delete<//>`;
  // A dialog stays until it is closed, whatever has become of the webhook meanwhile.
  return html`${hook.status !== "deleted" && offered}
    ${open === "test" && html`<${Test} hook=${hook} onClose=${close}
      onDone=${(answer) => { tell("The test is on its way."); go(`webhooks/${hook.id}/deliveries/${answer.body.id}`); }} />`}
    ${open === "rotate" && html`<${Rotate} hook=${hook} onClose=${() => { close(); reload(); }} />`}
    ${open === "replay" && html`<${Replay} hook=${hook} onClose=${close} />`}
    ${open === "enable" && html`<${Confirm} title=${`Enable ${hook.name}`} verb="Enable" reason="optional"
      about="What was held meanwhile is delivered." call=${(reason) => ({ method: "POST", path: `${path}/enable`, body: why(reason) })}
      onClose=${close} onDone=${after(`${hook.name} is enabled.`)} />`}
    ${open === "disable" && html`<${Confirm} title=${`Disable ${hook.name}`} verb="Disable" reason="optional"
      about="What it would be told is held until it is enabled: at most 100,000 deliveries, each for 30 days."
      call=${(reason) => ({ method: "POST", path: `${path}/disable`, body: why(reason) })} onClose=${close}
        onDone=${after(`${hook.name} is disabled.`, { undo: { label: "Enable", run: enable } })} />`}
    ${open === "delete" && html`<${Danger} title=${`Delete ${hook.name}`} verb="Delete for good" name=${hook.name} reasonNeeded=${false}
      about="It is told nothing any more, what is on its way included, and it does not come back. What was recorded of it stays."
      call=${(reason) => ({ method: "DELETE", path, query: { reason }, ifMatch: hook.version })} onClose=${close} onDone=${reload} />`}`;
}

function Test({ hook, onClose, onDone }) {
  const [type, setType] = useState("");
  return html`<${Confirm} title=${`Send a test to ${hook.name}`} verb="Send" reason="none"
    about="An event that is made up, marked with “test”: true, and signed like all that is sent."
    call=${() => ({ method: "POST", path: `/v1/webhooks/${hook.id}/test`, body: type ? { event_type: type } : {} })} onClose=${onClose} onDone=${onDone}
    extra=${(error) => html`<${Field} label="Type" error=${wrongAt(error, "/event_type")}
      hint="Empty: the first that it subscribes to.">${(given) => html`<input ...${given} class="mono" list="test-types"
      value=${type} spellcheck="false" onInput=${(event) => setType(event.target.value.trim())} />
      <datalist id="test-types">${TYPES.map((one) => html`<option value=${one}></option>`)}</datalist>`}<//>`} />`;
}

function Rotate({ hook, onClose }) {
  const [overlap, setOverlap] = useState("86400");
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  if (answer) return html`<${WebhookSecret} title="The webhook has a new secret" secret=${answer.body.secret}
    onClose=${onClose}>${overlap !== "0" && html`<p>The secret before signs beside it meanwhile, so that a receiver can move without missing anything.</p>`}<//>`;
  return html`<${Confirm} title=${`Rotate the secret of ${hook.name}`} verb="Rotate" reason="none" onClose=${onClose} onDone=${setAnswer}
    about="A new secret signs from now on. It is shown once."
    call=${() => ({ method: "POST", path: `/v1/webhooks/${hook.id}/rotate-secret`, body: { overlap_seconds: Number(overlap) } })}
    extra=${(error) => html`<${Choice} label="How long the secret before signs beside it" required value=${overlap} onInput=${setOverlap}
      options=${OVERLAPS} error=${wrongAt(error, "/overlap_seconds")} />`} />`;
}
