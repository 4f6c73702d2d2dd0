// Taking entries out: all that the filters find, as a file. That it was taken is on record itself.
import { html, useState } from "../../lib/ui.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Download } from "../Download.mjs";

const FORMATS = [["csv", "CSV"], ["jsonl", "JSON lines"], ["ocsf", "OCSF"]];

/** @param {{ query: Record<string, string> }} props */
export function TakeOut({ query }) {
  const [format, setFormat] = useState("csv");
  const [proofs, setProofs] = useState(false);
  const { refusal } = useMay();
  const { cursor: _, limit: __, sort: ___, ...filters } = query;
  const call = { path: "/v1/audit", query: { ...filters, format, ...(proofs ? { proofs: "true" } : {}) }, accept: format === "csv" ? "text/csv" : "application/x-ndjson" };
  return html`
    <label class="filter"><span class="hidden">Format</span><select aria-label="Format" value=${format}
      onChange=${(event) => setFormat(event.target.value)}>
      ${FORMATS.map(([key, name]) => html`<option value=${key} selected=${key === format}>${name}</option>`)}</select></label>
    <label class="check"><input type="checkbox" checked=${proofs} onChange=${(event) => setProofs(event.target.checked)} /> with proofs</label>
    <${Download} call=${call} name=${`tollgate-audit.${format === "csv" ? "csv" : "jsonl"}`}
      refusal=${refusal("audit.export")}>Take out what is found<//>`;
}
