// Addresses of one's own that are told of events as they happen.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { count } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Scope } from "../components/Scope.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [{ name: "status", label: "Status", kind: "choice", options: options("Any", ["unverified", "active", "disabled", "deleted"]) }];

const COLUMNS = [
  { name: "Name", cell: (hook) => html`<a href=${`#/webhooks/${hook.id}`}>${hook.name}</a>` },
  { name: "Status", cell: (hook) => html`<${Badge} word=${hook.status} tone=${hook.status === "unverified" ? "warn" : undefined} />` },
  { name: "Where", cell: (hook) => html`<span title="The path is shown on its page.">${hostOf(hook.url)}</span>` },
  { name: "Events", cell: (hook) => html`${hook.events.slice(0, 3).map((one) => html`<code
    class="item">${one}</code>`)}${hook.events.length > 3 && html`<span class="quiet">and ${hook.events.length - 3} more</span>`}` },
  { name: "Told of", cell: (hook) => html`<${Scope} scope=${hook.scope} />` },
  { name: "Health", cell: (hook) => html`<${Health} health=${hook.health} />` },
];

/** The path may be a secret of whoever receives, so a list does not show it. */
function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** @param {{ health: Api["WebhookHealth"] | null | undefined }} props */
function Health({ health }) {
  if (health?.failing_since) return html`<${Badge} word="failing" tone="bad" /> <span
    class="small">${count(health.consecutive_failures, "failure")}, the first <${Time} at=${health.failing_since} relative /></span>`;
  if (health?.last_success_at) return html`<span class="small">reached <${Time} at=${health.last_success_at} relative /></span>`;
  return html`<span class="quiet small">nothing was sent yet</span>`;
}

export default function WebhooksPage({ query }) {
  const { refusal, may } = useMay();
  const call = { path: "/v1/webhooks", query };
  const hooks = usePage(call, { every: 10 });
  remember(hooks.items);
  const refused = may("webhook.write") ? null : refusal("webhook.write");
  return html`<${Page} title="Webhooks" about="Addresses of yours that are told of events and notices as they happen, signed, and at least once." calls=${[call]}
    actions=${html`<${Act} href="#/webhooks/keys">Signing keys<//><${Act} kind="main" href="#/webhooks/new" refusal=${refused}>Make a webhook<//>`}>
    <${Section} title="Webhooks">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${hooks} caption="Webhooks" columns=${COLUMNS} empty=${query.status
        ? html`<${Empty} title="No webhook fits this filter." />`
        : html`<${Empty} title="No webhook yet." action=${!refused && html`<a class="button" data-kind="main"
          href="#/webhooks/new">Make the first one</a>`}>What happens is told to nobody outside until there is one.<//>`} />
    <//>
  <//>`;
}
