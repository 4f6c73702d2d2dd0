// Filters of a list. They are in the address of the place, so a filtered list can be kept and sent.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { fromInput, noMoment, toInput } from "../lib/format.mjs";
import { setQuery, usePlace } from "../lib/router.mjs";

/**
 * @typedef {object} Filter
 * @property {string} name the query's parameter, which is the API's
 * @property {string} label
 * @property {"search" | "text" | "choice" | "moment"} [kind] moments are in UTC
 * @property {[string, string][]} [options] of a choice; "" is no filter
 */

/** @param {{ filters: Filter[] }} props */
export function Filters({ filters }) {
  const { query } = usePlace();
  const used = filters.some((filter) => query[filter.name]);
  const clear = () => setQuery(Object.fromEntries(filters.map((filter) => [filter.name, ""])));
  return html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
    ${filters.map((filter) => html`<${KINDS[filter.kind] ?? Typed} filter=${filter} value=${query[filter.name] ?? ""} />`)}
    ${used && html`<button type="button" class="button" data-kind="quiet" onClick=${clear}>Clear filters</button>`}
  </form>`;
}

function Pick({ filter, value }) {
  return html`<label class="filter"><span>${filter.label}</span>
    <select value=${value} onChange=${(event) => setQuery({ [filter.name]: event.target.value })}>
      ${filter.options.map(([key, name]) => html`<option value=${key} selected=${key === value}>${name}</option>`)}
    </select></label>`;
}

/** Where the API takes a position of the log, too, it may be in the address and is no moment. The server refuses what is neither. */
function At({ filter, value }) {
  const unread = /^\d+$/.test(value) ? null : noMoment(value);
  return html`<label class="filter"><span>${filter.label}${unread && html` <span class="wrong">${unread}</span>`}</span>
    <input type="datetime-local" value=${toInput(value)} aria-invalid=${unread ? "true" : null}
      onChange=${(event) => setQuery({ [filter.name]: fromInput(event.target.value) ?? "" })} /></label>`;
}

function Typed({ filter, value }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => setQuery({ [filter.name]: text.trim() }, { replace: true }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<label class="filter"><span>${filter.label}</span>
    <input type="search" value=${text} data-search=${filter.kind === "search" ? "" : null} spellcheck="false" autocomplete="off"
      onInput=${(event) => setText(event.target.value)} /></label>`;
}

const KINDS = { choice: Pick, moment: At };

/** `["active", "suspended"]` as options of a choice, the first of which is no filter. */
export const options = (all, names) => [["", all], ...names.map((name) => [name, name.replaceAll("_", " ")])];
