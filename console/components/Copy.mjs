// Copying, with a word that is heard; and a secret that is shown once.
import { html, useEffect, useRef, useState } from "../lib/ui.mjs";
import { tell } from "./Toast.mjs";

async function copied(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(`${what} copied.`);
    return true;
  } catch {
    tell("The browser did not let it be copied. Select it and copy by hand.");
    return false;
  }
}

/** @param {{ text: string, what?: string, children?: unknown }} props */
export function CopyButton({ text, what = "Text", children = "Copy" }) {
  return html`<button type="button" class="button small" data-kind="quiet" aria-label=${`Copy ${what}`} onClick=${() => copied(text, what)}>${children}</button>`;
}

/** An identifier that can be taken along. */
export function CopyId({ id, what = "Identifier" }) {
  return html`<span class="copyid"><code class="id">${id}</code><${CopyButton} text=${id} what=${what} /></span>`;
}

/**
 * A secret as it is shown once. Whoever leaves says first that it is stored.
 * @param {{ secret: string, what?: string, onStored: () => void }} props
 */
export function CopyOnce({ secret, what = "Secret", onStored }) {
  const [stored, setStored] = useState(false);
  const [said, setSaid] = useState("");
  const field = useRef(null);
  useEffect(() => { field.current?.focus(); field.current?.select(); }, []);
  const copy = async () => setSaid((await copied(secret, what)) ? "Copied to the clipboard." : "Not copied: select it and copy by hand.");
  return html`<section class="once" aria-labelledby="once-title">
    <h3 id="once-title">${what}: shown once, now</h3>
    <p>It is stored nowhere in a form that could be shown again. If it is lost, rotate.</p>
    <div class="row">
      <input ref=${field} class="mono grow" readonly value=${secret} aria-label=${what} spellcheck="false" autocomplete="off" onFocus=${(event) => event.target.select()} />
      <button type="button" class="button" data-kind="main" onClick=${copy}>Copy</button>
    </div>
    <p class="small" role="status">${said}</p>
    <label class="check"><input type="checkbox" checked=${stored} onChange=${(event) => setStored(event.target.checked)} /> I stored it where it will be used from.</label>
    <button type="button" class="button" data-kind="main" disabled=${!stored} onClick=${onStored}>Done</button>
  </section>`;
}
