// A button that saves an answer as a file, says how far it is, and what became of it.
import { html, useState } from "../lib/ui.mjs";
import { save } from "../lib/download.mjs";
import { bytesText } from "../lib/format.mjs";
import { Act } from "./Act.mjs";
import { tell } from "./Toast.mjs";

/** @param {{ call: import("../lib/api.mjs").Call, children?: unknown, name?: string, label?: string, refusal?: string | null, kind?: "plain" | "main" | "quiet" }} props */
export function Download({ call, children = "CSV", name, label, refusal = null, kind = "plain" }) {
  const [busy, setBusy] = useState(/** @type {number | null} */ (null));
  const press = async () => {
    setBusy(0);
    try {
      const saved = await save(call, { name, onBytes: setBusy });
      tell(`${saved.name} is saved: ${bytesText(saved.bytes)}.`);
    } catch (error) {
      tell(`Not saved: ${error.message}`);
    }
    setBusy(null);
  };
  return html`<${Act} onClick=${press} busy=${busy !== null} refusal=${refusal} kind=${kind}
    label=${label}>${busy ? `${bytesText(busy)}…` : children}<//>`;
}

/** As CSV, with the permission that takes it away. */
export const asCsv = (call) => ({ ...call, query: { ...call.query, limit: "", cursor: "" }, accept: "text/csv" });
