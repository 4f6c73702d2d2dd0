// What is to be tidied up: keys, scopes, routes and policies that are there and that nobody uses.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Filters } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { LISTS } from "../components/reports/hygiene.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { ReportWays } from "../components/reports/ReportWays.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";

const FIRST = "never_used";
/** @type {import("../components/Filters.mjs").Filter[]} */
const OWNED = [{ name: "owner_team", label: "Owner team" }, { name: "environment", label: "Environment" }];

export default function HygienePage({ query }) {
  const { may, refusal } = useMay();
  const names = Object.keys(LISTS).filter((name) => may(LISTS[name].permission));
  const name = names.includes(query.list) ? query.list : names[0] ?? FIRST;
  const one = LISTS[name];
  const call = { path: one.path, query: { ...one.query, ...chosen(query, one.takes), limit: 100, cursor: query.cursor } };
  /** @type {import("../components/Filters.mjs").Filter[]} */
  const filters = [
    { name: "list", label: "Show", kind: "choice", options: names.map((key) => [key === names[0] ? "" : key, LISTS[key].label]) },
    ...(one.takes.includes("days") ? [{ name: "days", label: "Days" }] : []),
  ];
  return html`<${Page} title="Hygiene" trail=${[["Reports", "#/reports"]]} calls=${[call]}
    about="What is there and nobody uses is what somebody else may."
    actions=${html`<${Download} call=${{ ...asCsv(call), query: call.query }} name="hygiene.csv"
      refusal=${refusal("report.export")}>This page as CSV<//>`}>
    <${ReportWays} />
    <${Section} title=${one.label} about=${one.about}>
      <${Filters} filters=${filters} />
      ${one.takes.includes("client_id") && html`<${Of} whose="clients" known=${["client_id"]} filters=${OWNED} />`}
      ${may(one.permission) ? html`<${List} key=${name} one=${one} call=${call} />` : html`<${Empty} title="Nothing of this is yours to see." />`}
    <//>
  <//>`;
}

/** Its own component for each list: what was read of one is not to be shown in the columns of another. */
function List({ one, call }) {
  const read = usePage(call);
  return html`<${Listing} read=${read} caption=${one.label} columns=${one.columns}
    keyOf=${(item) => [item.key_id, item.client_id, item.scope, item.route_id, item.policy_id].join()}
    empty=${read.next ? html`<${Empty} title="Nothing among these.">So many are looked at for one page; go on to the next.<//>`
      : html`<${Empty} title=${one.clean} />`} />`;
}
