// Decisions that are kept one by one: refusals, and a sample of allowed calls.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { count } from "../lib/format.mjs";
import { DECISION_COLUMNS } from "../components/decisions/DecisionTable.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { ThrottlingWays } from "../components/decisions/ThrottlingWays.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";

const REASONS = ["missing_secret", "malformed_secret", "unknown_secret", "secret_retired", "key_not_yet_valid", "key_expired", "key_revoked", "key_suspended", "key_quarantined", "client_suspended", "client_archived",
  "wrong_environment", "address_not_allowed", "bad_path", "unknown_route", "missing_scope", "rate_limited", "quota_exceeded", "quota_unavailable", "stale_configuration"];

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "outcome", label: "Outcome", kind: "choice", options: options("Any",
    ["allowed", "unauthenticated", "forbidden", "rate_limited", "quota_exceeded"]) },
  { name: "reason", label: "Reason", kind: "choice", options: options("Any", REASONS) },
  { name: "from", label: "From (UTC)", kind: "moment" },
  { name: "until", label: "Until (UTC)", kind: "moment" },
];
/** @type {import("../components/Filters.mjs").Filter[]} */
const MORE = [{ name: "environment", label: "Environment" }, { name: "key_id", label: "Key" }];
const NAMES = [...FILTERS, ...MORE].map((filter) => filter.name);

export default function DecisionsPage({ query }) {
  const call = { path: "/v1/decisions", query: chosen(query, [...NAMES, "client_id", "cursor"]) };
  const read = usePage(call, { every: query.cursor ? 0 : 5 });
  const left = read.data?.left_out ?? { proven: 0, unproven: 0 };
  return html`<${Page} title="Decisions" trail=${[["Throttling", "#/throttling"]]} calls=${[call]}
    about="What gateways answered to single calls: refusals, as far as there were not too many at once, and a sample of what was allowed. Reports count all of them.">
    <${ThrottlingWays} />
    <${Section} title="Kept one by one">
      <${Filters} filters=${FILTERS} />
      <${Of} known=${["client_id"]} filters=${MORE} />
      <${Listing} read=${read} caption="Decisions" columns=${DECISION_COLUMNS} empty=${html`<${Empty}
        title="No decision that is kept fits.">Choose another time or another outcome.<//>`} />
      ${left.proven + left.unproven > 0 && html`<p
        class="small">Of this time ${count(left.proven + left.unproven, "decision was", "decisions were")} too many at once to be kept: ${left.proven} about holders of a genuine secret, ${left.unproven} about others.</p>`}
    <//>
  <//>`;
}
