// The ways between the pages of the audit log.
import { html } from "../../lib/ui.mjs";
import { Tabs } from "../Tabs.mjs";

export const AuditWays = () => html`<${Tabs} label="Audit" items=${[
  ["audit", "Entries"], ["audit/checkpoint", "Checkpoint"], ["audit/search-secret", "Whose secret?"],
]} />`;
