// All that was sent to webhooks and by e-mail; and what was given up.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { to } from "../lib/router.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { DELIVERY_COLUMNS, STATE_FILTER, toneOf } from "../components/webhooks/Deliveries.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  STATE_FILTER,
  { name: "channel", label: "By", kind: "choice", options: options("Either", ["webhook", "email"]) },
  { name: "type", label: "Type", kind: "search" },
  { name: "client_id", label: "Client's identifier" },
];

export default function DeliveriesPage({ query }) {
  const call = { path: "/v1/deliveries", query };
  const read = usePage(call, { every: 5 });
  const dead = query.state === "dead";
  const filtered = FILTERS.some((filter) => query[filter.name]);
  return html`<${Page} title="Deliveries"
    about="What was told to whom, by webhook and by e-mail, the newest first. What fails is tried again for three days and then given up." calls=${[call]}>
    <nav class="tabs" aria-label="Which"><a href=${to("deliveries")} aria-current=${!dead ? "page" : null}>All</a><a
      href=${to("deliveries", { state: "dead" })} aria-current=${dead ? "page" : null}>Given up</a></nav>
    <${Section} title=${dead ? "Given up" : "Sent, and to be sent"}
      about=${dead ? "To a webhook, each may be sent again from its page; or many by a replay of the webhook." : null}>
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Deliveries" columns=${DELIVERY_COLUMNS} rowTone=${toneOf} empty=${dead ? html`<${Empty} title="Nothing was given up." />` : filtered
        ? html`<${Empty} title="No delivery fits these filters." />` : html`<${Empty}
          title="Nothing was sent yet.">Webhooks and notification rules say what is told to whom.<//>`} />
    <//>
  <//>`;
}
