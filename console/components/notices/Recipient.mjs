// Who is told, in a word; a webhook by its name, where one may see it.
import { html } from "../../lib/ui.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Ref } from "../Ref.mjs";
import { recipientText } from "./words.mjs";

/** @param {{ one: any }} props */
export function Recipient({ one }) {
  const { may } = useMay();
  return html`<span class="item">${one.webhook_id && may("webhook.read") ? html`<${Ref} id=${one.webhook_id} />` : recipientText(one)}</span>`;
}
