// One decision: what was answered, by which limits, and who had set them.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { lasting, words } from "../lib/format.mjs";
import { to } from "../lib/router.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { RestsOn, Stood } from "../components/decisions/Stood.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";

export default function DecisionPage({ params }) {
  const call = { path: `/v1/decisions/${params.id}` };
  const read = useRead(call);
  const one = /** @type {Api["ExplainedDecision"] | null} */ (read.data);
  const again = one && { ...(one.key_id ? { key_id: one.key_id } : { client_id: one.client_id }), method: one.method, route_id: one.route_id, environment: one.environment };
  return html`<${Page} title="Decision" trail=${[["Throttling", "#/throttling"], ["Decisions", "#/decisions"]]}
    badges=${one && html`<${Badge} word=${one.outcome} />`} calls=${[call]}
    actions=${one?.client_id && html`<a class="button" href=${to("explain", again)}>What would it be now?</a>`}>
    <${Shown} read=${read}>${() => html`<${Body} one=${one} />`}<//>
  <//>`;
}

/** @param {{ one: Api["ExplainedDecision"] }} props */
function Body({ one }) {
  return html`<div class="columns">
    <${Section} wide title="The call"><${Facts} items=${[
      ["When", html`<${Time} at=${one.at} seconds both />`],
      ["Why", one.reason ? words(one.reason) : html`<span class="quiet">it was allowed</span>`],
      ["To be tried again after", one.retry_after_seconds ? lasting(one.retry_after_seconds) : html`<span class="quiet">nothing was said</span>`],
      ["Client", html`<${Ref} id=${one.client_id} none="not authenticated" />`],
      ["Key", html`<${Ref} id=${one.key_id} none="none that is genuine" />${one.secret_version && html` <span
        class="quiet">secret ${one.secret_version}</span>`}`],
      ["Route", html`<${Ref} id=${one.route_id} none="not come to, or none" />`],
      ["Method", html`<code>${one.method}</code>`],
      ["Environment", one.environment],
      ["From the network", one.network ?? html`<span class="quiet">not known</span>`],
      ["Gateway", one.node],
      ["Rested on", html`the log up to ${one.position}${one.stale && html` <${Badge} word="stale" />`}`],
      ["Identifier", html`<${CopyId} id=${one.id} what="decision" />`],
    ]} /><//>
    <${Section} wide title="Limits that were looked at" about="As the decision left them."><${Stood} items=${one.limits} /><//>
    <${Section} wide title="What it rested on"><${RestsOn} items=${one.events} /><//>
  </div>`;
}
