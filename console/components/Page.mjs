// The frame of every page: where one is, what it is called, what can be done, and the same by curl.
import { html, useEffect, useRef } from "../lib/ui.mjs";
import { Curl } from "./Curl.mjs";

let opened = false;

/**
 * @param {{ title: string, trail?: [string, string][], about?: unknown, badges?: unknown, actions?: unknown,
 *   calls?: (import("../lib/api.mjs").Call | null | false)[], children?: unknown }} props
 */
export function Page({ title, trail = [], about, badges, actions, calls = [], children }) {
  const heading = useRef(null);
  useEffect(() => { document.title = `${title} · Tollgate`; }, [title]);
  // Whoever came by a link hears where they are; a page that is opened first leaves the focus alone.
  useEffect(() => {
    const [first, at] = [!opened, document.activeElement];
    opened = true;
    if (!first && (at === document.body || at?.closest("nav, main"))) heading.current?.focus({ preventScroll: true });
  }, []);
  return html`<div class="page">
    <header class="page-head">
      ${trail.length > 0 && html`<nav class="trail" aria-label="Where you are"><ol>${trail.map(([name, href]) => html`<li><a
        href=${href}>${name}</a></li>`)}</ol></nav>`}
      <div class="row wrap spread">
        <div class="row wrap"><h1 ref=${heading} tabindex="-1">${title}</h1>${badges}</div>
        ${actions && html`<div class="row wrap actions">${actions}</div>`}
      </div>
      ${about && html`<p class="about">${about}</p>`}
    </header>
    ${children}
    <${Curl} calls=${calls} />
  </div>`;
}

/** A part of a page under a heading of its own. @param {{ title: string, actions?: unknown, about?: unknown, children?: unknown, wide?: boolean }} props */
export function Section({ title, actions, about, children, wide = false }) {
  return html`<section class=${wide ? "section wide" : "section"}>
    <div class="row wrap spread"><h2>${title}</h2>${actions && html`<div class="row wrap">${actions}</div>`}</div>
    ${about && html`<p class="about">${about}</p>`}
    ${children}
  </section>`;
}

/** Names and values of one thing. @param {{ items: [string, unknown][] }} props */
export function Facts({ items }) {
  return html`<dl class="facts">${items.filter(Boolean).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A number that stands for a page behind it. */
export function Figure({ label, value, note, href, tone }) {
  return html`<div class="figure" data-tone=${tone}>
    <p class="label">${href ? html`<a href=${href}>${label}</a>` : label}</p><p class="value">${value}</p>${note && html`<p
      class="quiet small">${note}</p>`}
  </div>`;
}
