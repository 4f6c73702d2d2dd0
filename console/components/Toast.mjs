// Short news, read aloud as it comes. It stays while it is pointed at or has the focus, and may be undone where the domain can.
import { html, useEffect, useState } from "../lib/ui.mjs";

const STAYS_MS = 8000;
let listener = (_item) => {};
let count = 0;

/** @param {string} text @param {{ undo?: { label: string, run: () => unknown } }} [options] */
export function tell(text, options = {}) {
  count += 1;
  listener({ id: count, text, ...options });
}

export function Toasts() {
  const [items, setItems] = useState(/** @type {any[]} */ ([]));
  const drop = (id) => setItems((now) => now.filter((item) => item.id !== id));
  useEffect(() => {
    listener = (item) => setItems((now) => [...now.slice(-2), item]);
    return () => { listener = () => {}; };
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${items.map((item) => html`<${Toast} key=${item.id} item=${item} drop=${() => drop(item.id)} />`)}
  </div>`;
}

function Toast({ item, drop }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    // What offers something has to be reached, by keyboard too: it goes only when it is sent away.
    if (held || item.undo) return undefined;
    const timer = setTimeout(drop, STAYS_MS);
    return () => clearTimeout(timer);
  }, [held]);
  const undo = () => { item.undo.run(); drop(); };
  return html`<div class="toast" onMouseEnter=${() => setHeld(true)} onMouseLeave=${() => setHeld(false)}
    onFocusIn=${() => setHeld(true)} onFocusOut=${() => setHeld(false)}>
    <span>${item.text}</span>
    ${item.undo && html`<button type="button" class="button" data-kind="quiet" onClick=${undo}>${item.undo.label}</button>`}
    <button type="button" class="button" data-kind="quiet" aria-label="Dismiss" onClick=${drop}>×</button>
  </div>`;
}
