// Decisions, a line each.
import { html } from "../../lib/ui.mjs";
import { words } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Ref } from "../Ref.mjs";
import { Time } from "../Time.mjs";

/** The limits that refused a call. */
const refusing = (one) => one.limits.filter((limit) => limit.refused && limit.mode === "enforce");

export const DECISION_COLUMNS = [
  { name: "When", cell: (one) => html`<a href=${`#/decisions/${one.id}`}><${Time} at=${one.at} seconds /></a>` },
  { name: "Outcome", cell: (one) => html`<${Badge} word=${one.outcome} />` },
  { name: "Why", cell: (one) => (refusing(one).length > 0
    ? refusing(one).map((limit) => html`<span class="item">${limit.name} <span class="quiet">of</span> <${Ref}
      id=${limit.policy_id} /> <span class="quiet nowrap">rev. ${limit.policy_revision}</span></span>`)
    : one.reason ? words(one.reason) : html`<span class="quiet">–</span>`) },
  { name: "Client", cell: (one) => html`<${Ref} id=${one.client_id} none="not authenticated" />` },
  { name: "Key", cell: (one) => html`<${Ref} id=${one.key_id} none="–" />` },
  { name: "Route", cell: (one) => html`<${Ref} id=${one.route_id} none="not come to" />` },
  { name: "Environment", cell: (one) => one.environment },
  { name: "Gateway", cell: (one) => one.node },
];
