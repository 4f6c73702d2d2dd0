// The ways between the reports.
import { html } from "../../lib/ui.mjs";
import { Tabs } from "../Tabs.mjs";

export const ReportWays = () => html`<${Tabs} label="Reports" items=${[
  ["reports", "Usage"], ["reports/top-endpoints", "Top endpoints"], ["reports/quotas", "Quotas"], ["reports/shadow", "Shadow"],
    ["reports/addresses", "Addresses"], ["reports/hygiene", "Hygiene"], ["reports/exports", "Files"],
]} />`;
