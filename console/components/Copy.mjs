// Copying, with a word that is heard; and a secret that is shown once.
import { html, useEffect, useRef, useState } from "../lib/ui.mjs";

const SAID = { yes: "Copied.", no: "Not copied: select it and copy by hand." };

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "yes";
  } catch {
    return "no";
  }
}

/** Says beside itself what became of it: news elsewhere on the page is not heard while a dialog is open. */
export function CopyButton({ text, what = "Text", children = "Copy" }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(""), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  return html`<span class="copy"><button type="button" class="button small" data-kind="quiet" aria-label=${`Copy ${what}`}
    onClick=${async () => setSaid(await copied(text))}>${said === "yes" ? "Copied" : children}</button>
    <span role="status" class=${said === "no" ? "small" : "hidden"}>${said === "yes" ? `${what} copied.` : SAID[said]}</span></span>`;
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
  const copy = async () => setSaid(SAID[await copied(secret)]);
  return html`<section class="once" aria-labelledby="once-title">
    <h3 id="once-title">${what}: shown once, now</h3>
    <p>It is stored nowhere in a form that could be shown again. If it is lost, rotate.</p>
    <div class="row">
      <input ref=${field} class="mono grow" readonly value=${secret} aria-label=${what} spellcheck="false" autocomplete="off"
        onFocus=${(event) => event.target.select()} />
      <button type="button" class="button" data-kind="main" onClick=${copy}>Copy</button>
    </div>
    <p class="small" role="status">${said}</p>
    <label class="check"><input type="checkbox" checked=${stored}
      onChange=${(event) => setStored(event.target.checked)} /> I stored it where it will be used from.</label>
    <button type="button" class="button" data-kind="main" disabled=${!stored} onClick=${onStored}>Done</button>
  </section>`;
}
