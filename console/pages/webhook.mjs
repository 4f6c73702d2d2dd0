// One webhook: its state and health, what it is told of, and what was delivered.
import { html } from "../lib/ui.mjs";
import { usePage, useRead } from "../lib/hooks.mjs";
import { count, words } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Filters } from "../components/Filters.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Scope } from "../components/Scope.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { DELIVERY_COLUMNS_OF_WEBHOOK, STATE_FILTER, toneOf } from "../components/webhooks/Deliveries.mjs";
import { WebhookActs } from "../components/webhooks/WebhookActs.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [STATE_FILTER, { name: "type", label: "Type", kind: "search" }];
const BECAUSE = { by_hand: "Somebody disabled it.", gone: "It answered 410: whoever received wants nothing more.", failing: "Every try had failed for five days." };

export default function WebhookPage({ params, query }) {
  const call = { path: `/v1/webhooks/${params.id}` };
  const read = useRead(call, { every: 5 });
  const sent = { path: `${call.path}/deliveries`, query };
  const hook = /** @type {Api["Webhook"] | null} */ (read.data);
  if (hook) remember([hook]);
  return html`<${Page} title=${hook?.name ?? "Webhook"} trail=${[["Webhooks", "#/webhooks"]]} calls=${[call, sent]}
    badges=${hook && html`<${Badge} word=${hook.status} tone=${hook.status === "unverified" ? "warn" : undefined} />`}
      actions=${hook && html`<${WebhookActs} hook=${hook} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} hook=${hook} sent=${sent} filtered=${Boolean(query.state || query.type)} />`}<//>
  <//>`;
}

function Body({ hook, sent, filtered }) {
  const { may } = useMay();
  const deliveries = usePage(sent, { every: 3 });
  return html`<div class="columns">
    ${hook.status === "unverified" && html`<p class="blast wide" data-tone="bad"><span
      class="strong">Not verified:</span> whoever answers at the URL has not echoed the challenge, so it is told nothing, and what it would be told is held.</p>`}
    ${hook.disabled_because && html`<p class="blast wide" data-tone="bad"><span
      class="strong">Disabled:</span> ${BECAUSE[hook.disabled_because]} What it would be told is held until it is enabled.</p>`}
    <${Section} wide title="What it is"><${Facts} items=${[
      ["URL", html`<code>${hook.url}</code>`],
      ["Events", hook.events.map((one) => html`<code class="item">${one}</code>`)],
      ["Told of", html`<${Scope} scope=${hook.scope} />`],
      ["Health", html`<${Health} health=${hook.health} />`],
      ["Secret", html`version ${hook.secret_version}${hook.previous_until && html`<span
        class="item quiet">the one before signs until <${Time} at=${hook.previous_until} both /></span>`}`],
      ["Identifier", html`<${CopyId} id=${hook.id} what="webhook's identifier" />`],
      ["Made", html`<${Time} at=${hook.created_at} both />`],
      ["Changed", html`<${Time} at=${hook.updated_at} both />`],
    ]} /><//>
    <${Section} wide title="Deliveries"
      about="At least once, and they may overtake each other. What fails is tried again after 5 s, 5 min, 30 min, 2 h, … and given up after three days."
      actions=${may("audit.read") && html`<a href=${`#/webhooks/${hook.id}/events`}>Pull its events</a>`}>
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${deliveries} caption="Deliveries" columns=${DELIVERY_COLUMNS_OF_WEBHOOK} rowTone=${toneOf} empty=${filtered ? html`<${Empty}
        title="No delivery fits these filters." />` : html`<${Empty} title="Nothing was sent yet.">Send a test, or wait for something to happen.<//>`} /><//>
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { subject_id: hook.id })}>In the audit log</a>`}><${History} query=${{ subject_id: hook.id }} /><//>`}
  </div>`;
}

function Health({ health }) {
  if (!health?.last_success_at && !health?.last_failure_at) return html`<span class="quiet">nothing was sent yet</span>`;
  return html`${health.failing_since ? html`<span
    class="wrong">${count(health.consecutive_failures, "failure")} in a row, since <${Time} at=${health.failing_since} both /></span>` : words("well")}
    <span class="item quiet">last reached <${Time} at=${health.last_success_at} relative
      none="never" />, last failed <${Time} at=${health.last_failure_at} relative none="never" /></span>`;
}
