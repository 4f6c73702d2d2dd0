// What a page says while it reads, when there is nothing, and when something went wrong.
import { html } from "../lib/ui.mjs";
import { Refused, Unreached } from "../lib/api.mjs";

export function Loading({ what = "Reading…" }) {
  return html`<p class="state loading" role="status"><span class="spinner" aria-hidden="true"></span>${what}</p>`;
}

/** @param {{ title: string, children?: unknown, action?: unknown }} props */
export function Empty({ title, children, action }) {
  return html`<div class="state empty"><p class="strong">${title}</p>${children && html`<p>${children}</p>`}${action}</div>`;
}

const SAID = {
  403: "You may not do this here.",
  404: "There is no such thing, or it is not yours to see.",
  429: "Too many requests. Wait a moment, then try again.",
};

/** @param {{ error: any, retry?: () => void, what?: string }} props */
export function Failure({ error, retry, what }) {
  if (!error) return null;
  const title = what ?? (error instanceof Unreached ? "The server was not reached." : SAID[error.status] ?? "The server said no.");
  return html`<div class="state failure" role="alert">
    <p class="strong">${title}</p>
    <p>${error.message}</p>
    ${error instanceof Refused && html`<p class="quiet small">
      <code>${error.code}</code>${error.pointer && html` at <code>${error.pointer}</code>`}${error.requestId && html` · request <code>${error.requestId}</code>`}
    </p>`}
    ${retry && html`<button type="button" class="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

/**
 * Shows what was read, or why there is nothing to show.
 * @param {{ read: { data: any, error: any, loading: boolean, reload?: () => void }, children: () => unknown }} props
 */
export function Shown({ read, children }) {
  if (read.error && !read.data) return html`<${Failure} error=${read.error} retry=${read.reload} />`;
  if (!read.data) return html`<${Loading} />`;
  return html`${read.error && html`<${Failure} error=${read.error} retry=${read.reload} what="This may be out of date." />`}${children()}`;
}
