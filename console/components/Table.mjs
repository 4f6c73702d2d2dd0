// A table of a page of things: sorted by the server, walked through by the arrow keys.
import { html, useRef, useState } from "../lib/ui.mjs";
import { number } from "../lib/format.mjs";
import { setQuery, usePlace } from "../lib/router.mjs";
import { Empty, Failure, Loading } from "./States.mjs";

/**
 * @typedef {object} Column
 * @property {unknown} name
 * @property {(item: any) => unknown} cell
 * @property {string} [sort] the field that the server sorts by
 * @property {"number" | "id" | "tight" | "long" | "wide"} [kind]
 */

/** Rows that are drawn at once: as many as scroll smoothly. An answer may have 10,000, which are leafed through here. */
export const ROWS = 200;

/**
 * @param {{ caption: string, columns: Column[], items: any[], keyOf?: (item: any) => string, sortable?: boolean, rowTone?: (item: any) => string | null }} props
 */
export function Table({ caption, columns, items, keyOf = (item) => item.id, sortable = false, rowTone }) {
  const [wanted, setWanted] = useState(0);
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  // Fewer may be there than when the page was chosen.
  const first = Math.min(wanted, Math.floor(Math.max(0, items.length - 1) / ROWS) * ROWS);
  const leaf = (at) => {
    setWanted(at);
    place.current?.scrollIntoView({ block: "start" });
  };
  return html`<div ref=${place} class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table onKeyDown=${walk}>
      <caption class="hidden">${caption}</caption>
      <thead><tr>${columns.map((column) => html`<${Head} column=${column} sortable=${sortable} />`)}</tr></thead>
      <tbody>${items.slice(first, first + ROWS).map((item) => html`<tr key=${keyOf(item)} data-tone=${rowTone?.(item)}>
        ${columns.map((column, at) => html`<${at === 0 ? "th" : "td"} scope=${at === 0 ? "row" : undefined}
          class=${column.kind}>${column.cell(item)}<//>`)}
      </tr>`)}</tbody>
    </table>
  </div>
  ${items.length > ROWS && html`<${Leaves} caption=${caption} first=${first} of=${items.length} leaf=${leaf} />`}`;
}

/** The way through an answer of more rows than are drawn at once. */
function Leaves({ caption, first, of, leaf }) {
  const last = Math.floor((of - 1) / ROWS) * ROWS;
  const to = (at, name) => html`<button type="button" class="button" disabled=${at < 0 || at > last || at === first}
    onClick=${() => leaf(at)}>${name}</button>`;
  return html`<nav class="pager row" aria-label=${`Rows: ${caption}`}>
    ${to(0, "First rows")}${to(first - ROWS, "Rows before")}${to(first + ROWS, "Rows after")}${to(last, "Last rows")}
    <span class="quiet small" role="status">Rows ${number(first + 1)} to ${number(Math.min(first + ROWS, of))} of ${number(of)}</span>
  </nav>`;
}

function Head({ column, sortable }) {
  const { query } = usePlace();
  if (!sortable || !column.sort) return html`<th scope="col" class=${column.kind}>${column.name}</th>`;
  const [up, down] = [column.sort, `-${column.sort}`];
  const now = query.sort === up ? "ascending" : query.sort === down ? "descending" : "none";
  // Once: upwards. Again: downwards. Once more: as the server lists them.
  const next = now === "none" ? up : now === "ascending" ? down : "";
  return html`<th scope="col" class=${column.kind} aria-sort=${now}>
    <button type="button" class="sort" onClick=${() => setQuery({ sort: next })}>${column.name}<span
      aria-hidden="true">${now === "ascending" ? " ↑" : now === "descending" ? " ↓" : ""}</span></button>
  </th>`;
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** Up and down go from row to row, Home and End to the first and the last one. */
function walk(event) {
  if (event.target.matches("input, select, textarea")) return;
  const rows = [...event.currentTarget.tBodies[0].rows];
  const at = rows.findIndex((row) => row.contains(event.target));
  const wanted = { Home: 0, End: rows.length - 1 }[event.key] ?? (event.key in STEPS ? at + STEPS[event.key] : null);
  if (wanted === null) return;
  const target = rows[wanted]?.querySelector("a, button, input");
  if (!target) return;
  event.preventDefault();
  target.focus();
}

/**
 * A page of a list with everything that belongs to it: states, and the way to the next page.
 * @param {{ read: any, empty: unknown, caption: string, columns: Column[], keyOf?: (item: any) => string, sortable?: boolean, rowTone?: (item: any) => string | null }} props
 */
export function Listing({ read, empty, ...table }) {
  const { query } = usePlace();
  if (read.error && !read.data) return html`<${Failure} error=${read.error} retry=${read.reload} />`;
  if (!read.data) return html`<${Loading} />`;
  return html`<div aria-busy=${read.loading}>
    ${read.error && html`<${Failure} error=${read.error} retry=${read.reload} what="This may be out of date." />`}
    ${read.empty ? (typeof empty === "string" ? html`<${Empty} title=${empty} />` : empty) : html`<${Table} key=${query.cursor} ...${table}
      items=${read.items} />`}
    <${Pager} next=${read.next} shown=${read.items.length} />
  </div>`;
}

/** Pages go forwards by the cursor; backwards goes the browser, whose history has them. */
export function Pager({ next, shown }) {
  const { query } = usePlace();
  if (!next && !query.cursor) return shown > 0 ? html`<p
    class="pager quiet small">${shown === 1 ? "1 in all" : `${shown} in all`}</p>` : null;
  return html`<nav class="pager row" aria-label="Pages">
    <button type="button" class="button" disabled=${!query.cursor} onClick=${() => setQuery({ cursor: "" })}>First page</button>
    <button type="button" class="button" disabled=${!query.cursor} onClick=${() => history.back()}>Previous</button>
    <button type="button" class="button" disabled=${!next} onClick=${() => setQuery({ cursor: next })}>Next page</button>
    <span class="quiet small">${shown} on this page</span>
  </nav>`;
}
