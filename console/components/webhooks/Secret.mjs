// The secret of a webhook, as it is shown once.
import { html } from "../../lib/ui.mjs";
import { Act } from "../Act.mjs";
import { CopyOnce } from "../Copy.mjs";
import { Dialog } from "../Dialog.mjs";

/** @param {{ title: string, secret: string | null | undefined, onClose: () => void, children?: unknown }} props */
export function WebhookSecret({ title, secret, onClose, children }) {
  if (!secret) {
    return html`<${Dialog} title=${title} onClose=${onClose}><p>Its secret was in the first answer to this request, and is nowhere else. If that answer was lost, rotate it.</p>
      <div class="row end"><${Act} kind="main" onClick=${onClose}>Close<//></div><//>`;
  }
  return html`<${Dialog} title=${title} locked onClose=${onClose}>
    <${CopyOnce} secret=${secret} onStored=${onClose} />
    ${children}
    <p class="small quiet">Whoever receives verifies the field webhook-signature with it, as Standard Webhooks say.</p>
  <//>`;
}
