// What a rule tells about: a client, some of them, or everything.
import { html } from "../../lib/ui.mjs";
import { Ref } from "../Ref.mjs";
import { aboutText } from "./words.mjs";

/** @param {{ about: any }} props */
export function About({ about }) {
  if (!about.client_id) return aboutText(about) || html`<span class="quiet">everything</span>`;
  return html`<${Ref} id=${about.client_id} />${aboutText(about) && ` (${aboutText(about)})`}`;
}
