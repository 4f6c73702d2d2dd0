// A dialog above the page: the browser keeps the focus in it and gives it back.
import { html, useLayoutEffect, useRef } from "../lib/ui.mjs";

let made = 0;

/**
 * @param {{ title: string, onClose: () => void, children?: unknown, locked?: boolean, wide?: boolean }} props
 *   `locked`: it cannot be left by Escape, because something would be lost
 */
export function Dialog({ title, onClose, children, locked = false, wide = false }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useRef(`dialog-${++made}`).current;
  // What is moved within the page, because something beside it went, is not above it any more: looked at after each drawing.
  useLayoutEffect(() => {
    const shown = box.current;
    if (!shown || shown.matches(":modal")) return;
    shown.close();
    shown.showModal();
  });
  useLayoutEffect(() => {
    const shown = box.current;
    return () => shown?.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    if (!locked) onClose();
  };
  // Chromium closes a dialog at the second Escape whatever was said at the first one.
  const keys = (event) => { if (event.key === "Escape" && locked) event.preventDefault(); };
  return html`<dialog ref=${box} class=${wide ? "wide" : null} aria-labelledby=${id} onCancel=${cancel} onKeyDown=${keys}>
    <header class="row spread"><h2 id=${id}>${title}</h2>
      ${!locked && html`<button type="button" class="button" data-kind="quiet" aria-label="Close" onClick=${onClose}>×</button>`}</header>
    ${children}
  </dialog>`;
}
