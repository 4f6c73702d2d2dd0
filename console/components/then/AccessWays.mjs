// The ways between the two forms of the access report.
import { html } from "../../lib/ui.mjs";
import { Tabs } from "../Tabs.mjs";

export const AccessWays = () => html`<${Tabs} label="Access report" items=${[["access-report", "At a moment"],
  ["access-report/changes", "Between two"]]} />`;
