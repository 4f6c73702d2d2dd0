// Reports that were written to files: how far each is, and the file once it is whole.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { bytesText, list, number } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyButton } from "../components/Copy.mjs";
import { Download } from "../components/Download.mjs";
import { Page, Section } from "../components/Page.mjs";
import { ReportWays } from "../components/reports/ReportWays.mjs";
import { shortened } from "../components/Ref.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

export default function ExportsPage({ query }) {
  const call = { path: "/v1/operations", query: { kind: "export_report", cursor: query.cursor } };
  const operations = usePage(call, { every: 2 });
  return html`<${Page} title="Files" trail=${[["Reports", "#/reports"]]} calls=${[call]}
    about="Reports that are too large to be waited for. A file is kept for a day by the node that wrote it.">
    <${ReportWays} />
    <${Section} title="Written and being written" actions=${html`<a href="#/reports">Write another one</a>`}>
      <${Listing} read=${operations} caption="Exports of reports" columns=${COLUMNS} empty=${html`<${Empty}
        title="No report was written to a file.">Ask a usage report, then “Write to a file”.<//>`} />
    <//>
  <//>`;
}

const COLUMNS = [
  { name: "Ordered", cell: (one) => html`<${Time} at=${one.created_at} seconds /><span class="item quiet">by ${shortened(one.ordered_by)}</span>` },
  { name: "What", cell: (one) => html`${one.export.report}, by ${one.export.granularity}${one.export.group_by.length > 0 && html`<span
    class="item quiet">${list(one.export.group_by.map((group) => group.replaceAll("_", " ")))}</span>`}` },
  { name: "Time", cell: (one) => html`<${Time} at=${one.export.from} /><span class="item quiet">until <${Time} at=${one.export.until} /></span>` },
  { name: "State", cell: (one) => html`<${Progress} operation=${one} />` },
  { name: "File", cell: (one) => html`<${File} operation=${one} />` },
];

function Progress({ operation }) {
  const { status, items_done: done, items_total: all, export: report, cancelled_because: why } = operation;
  if (status === "finished" || status === "cancelled") return html`<${Badge} word=${status} />${why && html` <span
    class="quiet">${why}</span>`}<span class="item quiet">${number(report.rows_written)} rows</span>`;
  return html`<${Badge} word=${status} /> <progress max=${all} value=${done} aria-label=${`${done} of ${all} stretches are written`}></progress>
    <span class="item quiet">${number(report.rows_written)} rows so far</span>`;
}

function File({ operation }) {
  const { file, format } = operation.export;
  const { refusal } = useMay();
  if (!file) return html`<span class="quiet">${format === "parquet" ? "Parquet" : "CSV"}, not yet</span>`;
  if (Date.parse(file.kept_until) < Date.now()) return html`<span class="quiet">removed <${Time} at=${file.kept_until} relative /></span>`;
  const name = `usage-${operation.id.slice(-6)}.${format === "parquet" ? "parquet" : "csv"}`;
  return html`<${Download} call=${{ path: file.url, accept: "*/*" }} name=${name} label=${`Download ${name}`}
    refusal=${refusal("report.export")}>${format === "parquet" ? "Parquet" : "CSV"}, ${bytesText(file.bytes)}<//>
    <span class="item quiet small">SHA-256 <code title=${file.content_hash}>${file.content_hash.slice(0, 8)}…</code> <${CopyButton}
      text=${file.content_hash} what="SHA-256" /> at ${file.node}</span>`;
}
