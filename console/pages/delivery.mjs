// One delivery to a webhook: each try, what was answered, and sending it again.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { lasting, number, words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { tell } from "../components/Toast.mjs";

const COLUMNS = [
  { name: "Try", kind: /** @type {"number"} */ ("number"), cell: (one) => one.number },
  { name: "Outcome", cell: (one) => html`<${Badge} word=${one.outcome} tone=${one.outcome === "retry" ? "warn" : undefined} />` },
  { name: "Status", cell: (one) => one.status ?? "–" },
  { name: "Took", kind: /** @type {"number"} */ ("number"), cell: (one) => (one.latency_ms === null || one.latency_ms === undefined ? "–" : one.latency_ms < 1000 ? `${number(one.latency_ms)} ms` : lasting(one.latency_ms / 1000)) },
  { name: "At", cell: (one) => html`<${Time} at=${one.at} seconds />` },
  { name: "Answer", cell: (one) => html`${one.error && html`<span class="wrong item">${words(one.error)}</span>`}${one.answer && html`<code
    class="pre small">${one.answer}</code>`}${!one.error && !one.answer && html`<span class="quiet">empty</span>`}` },
];

export default function DeliveryPage({ params }) {
  const [asking, setAsking] = useState(false);
  const { may, refusal } = useMay();
  const call = { path: `/v1/webhooks/${params.id}/deliveries/${params.delivery}` };
  const read = useRead(call, { every: 3 });
  const hook = useRead({ path: `/v1/webhooks/${params.id}` }).data;
  const one = read.data;
  const again = { method: "POST", path: `${call.path}/resend` };
  const done = () => {
    setAsking(false);
    tell("It is sent again.");
    read.reload();
  };
  return html`<${Page} title=${one?.type ?? "Delivery"} trail=${[["Webhooks", "#/webhooks"], [hook?.name ?? "Webhook", `#/webhooks/${params.id}`]]} calls=${[call]}
    badges=${one && html`<${Badge} word=${one.state} />`} actions=${one && html`<${Act} kind="main"
      refusal=${may("webhook.write") ? null : refusal("webhook.write")} onClick=${() => setAsking(true)}>Send again<//>`}>
    <${Shown} read=${read}>${() => html`<div class="columns">
      <${Section} wide title="What it is"><${Facts} items=${[
        ["Kind", words(one.kind)],
        ["About", html`<${Ref} id=${one.subject} />`],
        ["Sequence", html`${number(one.sequence)} <span class="quiet">of what is told of it</span>`],
        one.position && ["Position", may("audit.read") ? html`<a href=${`#/audit/${one.position}`}>${number(one.position)}</a>` : number(one.position)],
        ["Made", html`<${Time} at=${one.created_at} both />`],
        one.due_at && ["Next try", html`<${Time} at=${one.due_at} both />`],
        one.ended_at && ["Ended", html`<${Time} at=${one.ended_at} both />`],
        ["Message", html`<${CopyId} id=${one.message_id} what="message's identifier" />`],
        ["Delivery", html`<${CopyId} id=${one.id} what="delivery's identifier" />`],
      ]} /><//>
      <${Section} wide title="Tries">${one.tries.length === 0 ? html`<${Empty}
        title="Not tried yet.">${one.state === "held" ? "It is held until the webhook is verified and enabled." : "It goes out in a moment."}<//>` : html`<${Table}
        caption="Tries" columns=${COLUMNS} items=${one.tries} keyOf=${(item) => `${item.number} ${item.at}`} rowTone=${(item) => (item.outcome === "dead" ? "bad" : null)} />`}<//>
    </div>`}<//>
    ${asking && html`<${Confirm} title=${`Send ${one.type} again`} verb="Send" reason="none"
      about="With the identifier that it had: a receiver that remembers it drops what it knows." call=${() => again} onClose=${() => setAsking(false)} onDone=${done} />`}
  <//>`;
}
