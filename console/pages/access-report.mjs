// Who can call what: each key that can be used, with each route that its scopes open and the limits that bind such calls; now, or then.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { setQuery } from "../lib/router.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { ACCESS_COLUMNS, ACCESS_FILTERS, ACCESS_TYPED, lineKey } from "../components/then/AccessTable.mjs";
import { AccessWays } from "../components/then/AccessWays.mjs";
import { AsOf, momentAgo } from "../components/then/AsOf.mjs";
import { Badge } from "../components/Badge.mjs";

export default function AccessReportPage({ query }) {
  const { refusal } = useMay();
  const call = { path: "/v1/access-report", query: { ...chosen(query, [...ACCESS_FILTERS, "as_of", "cursor"]), limit: 50 } };
  const read = usePage(call);
  const past = Boolean(query.as_of);
  return html`<${Page} title="Access report" badges=${past && html`<${Badge} word="as_of" tone="warn">as of<//>`} calls=${[call]}
    about="Who can call what, by what, within which limits. What counts is what the gateways decide by: state, expiry, scopes, addresses."
    actions=${html`${!past && html`<button type="button" class="button"
      onClick=${() => setQuery({ as_of: momentAgo() })}>As of…</button>`}<${Download} call=${asCsv(call)} name="access.csv"
      refusal=${refusal("report.export")}>CSV<//>`}>
    <${AccessWays} />
    ${past && html`<${AsOf} asOf=${query.as_of} query=${query.client_id ? { client_id: query.client_id } : {}} />`}
    <${Section} title=${past ? "Who could call what" : "Who can call what"}>
      <${Of} whose="keys" filters=${ACCESS_TYPED} />
      <${Listing} read=${read} caption="Who can call what" columns=${ACCESS_COLUMNS} keyOf=${lineKey}
        empty=${read.next ? html`<${Empty} title="Nothing among these keys.">So many are looked at for one page; go on to the next.<//>`
          : html`<${Empty} title=${past ? "Nobody could call anything of this." : "Nobody can call anything of this."} />`} />
    <//>
  <//>`;
}
