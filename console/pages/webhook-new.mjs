// Making a webhook: its secret is shown once, then whoever answers there is asked to echo a challenge.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Page, Section } from "../components/Page.mjs";
import { tell } from "../components/Toast.mjs";
import { bodyOf, EMPTY_WEBHOOK, WebhookFields } from "../components/webhooks/WebhookForm.mjs";
import { WebhookSecret } from "../components/webhooks/Secret.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function NewWebhookPage() {
  const [value, setValue] = useState(EMPTY_WEBHOOK);
  const write = useWrite();
  const { may, refusal } = useMay();
  const call = { method: "POST", path: "/v1/webhooks", body: bodyOf(value) };
  const submit = (event) => {
    event.preventDefault();
    if (!write.busy) write.run(call);
  };
  const made = write.answer?.body;
  const closed = () => {
    tell(`${value.name} is made.`);
    go(`webhooks/${made.webhook.id}`);
  };
  return html`<${Page} title="Make a webhook" trail=${[["Webhooks", "#/webhooks"]]} calls=${[call]}
    about="It goes on when whoever made it has gone home. It is told what a grant in its scope would see in the audit log, and never a secret.">
    <${Section} title="Who is told of what">
      <form class="form" onSubmit=${submit}>
        <${WebhookFields} value=${value} onInput=${setValue} error=${write.error} />
        <${WriteStatus} write=${write} />
        <div class="row end"><${Act} href="#/webhooks">Cancel<//><${Act} type="submit" kind="main" busy=${write.busy}
          refusal=${may("webhook.write") ? null : refusal("webhook.write")}>Make it<//></div>
      </form>
    <//>
    ${made && html`<${WebhookSecret} title=${`${value.name} is made`} secret=${made.secret}
      onClose=${closed}><p>A challenge is on its way to the URL. Nothing else is sent before it is echoed.</p><//>`}
  <//>`;
}
