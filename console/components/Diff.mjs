// What differs between two or three states of one thing, field by field.
import { html } from "../lib/ui.mjs";

const shown = (value) => {
  if (value === null || value === undefined) return html`<span class="quiet">nothing</span>`;
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.length ? value.join(", ") : html`<span
    class="quiet">empty</span>`;
  return typeof value === "object" ? html`<code class="pre">${JSON.stringify(value, null, 1)}</code>` : String(value);
};

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** @param {{ items: { field: string, from?: unknown, to: unknown }[] }} props `from`: where it is known */
export function Diff({ items }) {
  if (items.length === 0) return html`<p class="quiet">Nothing differs.</p>`;
  return html`<dl class="diff">${items.map((item) => html`<div><dt>${item.field}</dt>
    <dd>${"from" in item && html`<del><span class="hidden">was </span>${shown(item.from)}</del> `}<ins><span
      class="hidden">is </span>${shown(item.to)}</ins></dd></div>`)}</dl>`;
}

/** What a form would change of what was read. */
export function changesOf(before, after) {
  return Object.keys(after).filter((field) => !same(before[field], after[field])).map((field) => ({ field, from: before[field], to: after[field] }));
}

/**
 * A conflict of optimistic locks: what was read, what somebody else made of it, and what is asked for.
 * @param {{ base: any, theirs: any, mine: any, onMine: () => void, onTheirs: () => void }} props
 */
export function Conflict({ base, theirs, mine, onMine, onTheirs }) {
  const fields = Object.keys(mine).filter((field) => !same(base[field], theirs[field]) || !same(base[field], mine[field]));
  const both = fields.filter((field) => !same(base[field], theirs[field]) && !same(base[field], mine[field]) && !same(theirs[field], mine[field]));
  return html`<div class="state conflict" role="alert">
    <p class="strong">Somebody changed this while you did.</p>
    <p>${both.length === 0 ? "You changed different things, so both can stand." : `You both changed: ${both.join(", ")}.`} You read version ${base.version}; it is version ${theirs.version} now.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="What differs"><table><thead><tr><th scope="col">Field</th><th
      scope="col">You read</th><th scope="col">It is now</th><th scope="col">You ask for</th></tr></thead>
      <tbody>${fields.map((field) => html`<tr data-tone=${both.includes(field) ? "bad" : null}><th scope="row">${field}</th>
        <td>${shown(base[field])}</td><td>${shown(theirs[field])}</td><td>${shown(mine[field])}</td></tr>`)}</tbody></table></div>
    <div class="row wrap">
      <button type="button" class="button" onClick=${onTheirs}>Take what is there, and look again</button>
      <button type="button" class="button" data-kind="main" onClick=${onMine}>Change what is there as I asked</button>
    </div>
  </div>`;
}
