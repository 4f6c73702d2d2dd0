// A button that does something. What one may not do stays in its place and says why not, so that nobody looks for it.
import { html, useRef } from "../lib/ui.mjs";

let made = 0;

/**
 * @param {{ onClick?: (event: Event) => void, refusal?: string | null, kind?: "plain" | "main" | "danger" | "quiet", busy?: boolean,
 *   type?: "button" | "submit", children?: unknown, label?: string, href?: string }} props
 */
export function Act({ onClick, refusal = null, kind = "plain", busy = false, type = "button", children, label, href }) {
  const id = useRef(`why-${++made}`);
  if (href && !refusal) return html`<a class="button" data-kind=${kind} href=${href} aria-label=${label}>${children}</a>`;
  const stopped = Boolean(refusal) || busy;
  const press = (event) => (stopped ? event.preventDefault() : onClick?.(event));
  return html`<span class="act">
    <button type=${type} class="button" data-kind=${kind} aria-disabled=${stopped ? "true" : null} aria-busy=${busy ? "true" : null}
      aria-describedby=${refusal ? id.current : null} aria-label=${label} title=${refusal ?? undefined}
        onClick=${press}>${children}</button>
    ${refusal && html`<span class="hidden" id=${id.current}>${refusal}</span>`}
  </span>`;
}
