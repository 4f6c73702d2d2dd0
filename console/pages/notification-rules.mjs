// Who is told what: the rules. Without one nobody is told anything.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { About } from "../components/notices/About.mjs";
import { Recipient } from "../components/notices/Recipient.mjs";
import { cadenceText } from "../components/notices/words.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [{ name: "status", label: "Status", kind: "choice", options: options("Any", ["in_force", "ended"]) }];

const COLUMNS = [
  { name: "Name", cell: (rule) => html`<a href=${`#/notification-rules/${rule.id}`}>${rule.name}</a>` },
  { name: "Status", cell: (rule) => html`<${Badge} word=${rule.status} tone=${rule.status === "in_force" ? "good" : "plain"} />` },
  { name: "Notices", cell: (rule) => html`${rule.notices.slice(0, 4).map((one) => html`<span
    class="item">${words(one)}</span>`)}${rule.notices.length > 4 && html`<span class="quiet">and ${rule.notices.length - 4} more</span>`}` },
  { name: "About", cell: (rule) => html`<${About} about=${rule.about} />` },
  { name: "To", cell: (rule) => rule.recipients.map((one) => html`<${Recipient} one=${one} />`) },
  { name: "Letters", cell: (rule) => cadenceText(rule.cadence) },
];

export default function RulesPage({ query }) {
  const { may, refusal } = useMay();
  const call = { path: "/v1/notification-rules", query };
  const rules = usePage(call);
  const refused = may("notification_rule.write") ? null : refusal("notification_rule.write");
  return html`<${Page} title="Notices" about="What somebody is told without having asked: an expiring key, a quota near its end. Rules say what goes to whom." calls=${[call]}
    actions=${html`<${Act} href="#/mail-addresses">Addresses that bounced<//><${Act} kind="main" href="#/notification-rules/new" refusal=${refused}>Make a rule<//>`}>
    <${Section} title="Rules">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${rules} caption="Rules" columns=${COLUMNS} empty=${query.status
        ? html`<${Empty} title="No rule fits this filter." />`
        : html`<${Empty} title="No rule yet." action=${!refused && html`<a class="button" data-kind="main"
          href="#/notification-rules/new">Make the first one</a>`}>Nobody is told of expiring keys or reached limits until there is one.<//>`} />
    <//>
  <//>`;
}
