// The ways between what is about refusals.
import { html } from "../../lib/ui.mjs";
import { Tabs } from "../Tabs.mjs";
import { useMay } from "../../lib/permissions.mjs";

export function ThrottlingWays() {
  const { may } = useMay();
  return html`<${Tabs} label="Throttling" items=${[["throttling", "By limit"], ...(may("decision.read") ? [["decisions", "Decisions"],
    ["explain", "Explain a call"]] : [])]} />`;
}
