// Of which calls a report is: clients and routes by their names, the rest by what one types. All in the address.
import { html } from "../../lib/ui.mjs";
import { setQuery, usePlace } from "../../lib/router.mjs";
import { Filters } from "../Filters.mjs";
import { Find } from "../Find.mjs";

const KNOWN = {
  client_id: { what: "clients", label: "Client", none: "Every client" },
  route_id: { what: "routes", label: "Route", none: "Every route" },
  policy_id: { what: "policies", label: "Policy", none: "Every policy" },
};

/** @param {{ known?: ("client_id" | "route_id" | "policy_id")[], filters?: import("../Filters.mjs").Filter[], whose?: string }} props */
export function Of({ known = ["client_id", "route_id"], filters = [], whose = "calls" }) {
  const { query } = usePlace();
  const used = [...known, ...filters.map((filter) => filter.name)].filter((name) => query[name]).length;
  return html`<details open=${used > 0}><summary>${used > 0 ? `Of some ${whose} (${used})` : `Of all ${whose}`}</summary>
    <div class="form">${known.map((name) => html`<${Find} ...${KNOWN[name]} value=${query[name] ?? ""}
      onInput=${(id) => setQuery({ [name]: id ?? "" })} />`)}</div>
    ${filters.length > 0 && html`<${Filters} filters=${filters} />`}
  </details>`;
}

/** Those of the address that a report understands. @param {Record<string, string>} query @param {string[]} names */
export const chosen = (query, names) => Object.fromEntries(names.map((name) => [name, query[name]]).filter(([, value]) => value));
