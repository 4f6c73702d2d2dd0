// The state of a thing in a word. The word says it; the colour repeats it.
import { html } from "../lib/ui.mjs";
import { words } from "../lib/format.mjs";

const TONES = {
  good: ["active", "allowed", "live", "enforce", "delivered", "applied", "won", "enabled", "approved", "current", "passed", "added", "finished", "succeeded"],
  warn: ["suspended", "shadow", "silent", "pending", "waiting", "previous", "quarantined", "rate_limited", "changed", "held", "assumed", "planned", "running"],
  bad: ["revoked", "quota_exceeded", "unauthenticated", "forbidden", "stale", "dead", "failed", "refused", "missing", "denied", "disabled", "declined"],
};

const toneOf = (word) => Object.keys(TONES).find((tone) => TONES[tone].includes(word)) ?? "plain";

/** @param {{ word: string, tone?: "good" | "warn" | "bad" | "plain", children?: unknown }} props */
export function Badge({ word, tone, children }) {
  return html`<span class="badge" data-tone=${tone ?? toneOf(word)}>${children ?? words(word)}</span>`;
}
