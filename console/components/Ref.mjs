// A thing by its name, which leads to it. Where the name is not to be seen the identifier is.
import { html } from "../lib/ui.mjs";
import { placeOfId, useName } from "../lib/names.mjs";

/** @param {{ id: string | null | undefined, none?: string, name?: string | null }} props */
export function Ref({ id, none = "–", name = null }) {
  const found = useName(name ? null : id);
  if (!id) return html`<span class="quiet">${none}</span>`;
  const said = name ?? found;
  const text = said ?? html`<code class="id">${shortened(id)}</code>`;
  const place = placeOfId(id);
  return place ? html`<a href=${place} title=${id}>${text}</a>` : html`<span title=${id}>${text}</span>`;
}

/** `cli_01h…9x2k`: enough to tell two apart. */
export const shortened = (id) => (id.length > 16 ? `${id.slice(0, 7)}…${id.slice(-4)}` : id);
