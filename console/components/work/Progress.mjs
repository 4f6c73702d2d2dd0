// How far an operation is.
import { html } from "../../lib/ui.mjs";
import { number, percent } from "../../lib/format.mjs";

/** @param {{ one: Api["Operation"] }} props */
export function Progress({ one }) {
  return html`<span class="used"><progress max=${Math.max(1, one.items_total)} value=${one.items_done} aria-label=${`${one.items_done} of ${one.items_total}`}></progress>
    <span class="small nowrap">${number(one.items_done)} of ${number(one.items_total)} <span class="quiet">(${percent(one.items_done, one.items_total)})</span></span></span>`;
}

/** Whether it goes on still. */
export const goesOn = (one) => one.status === "planned" || one.status === "running";

/** What cancelling needs besides, by what was ordered. */
export const NEEDS = { revoke_keys: "key.revoke", suspend_keys: "key.suspend", import_keys: "key.import", replay_webhook: "webhook.write", export_report: "report.export" };
