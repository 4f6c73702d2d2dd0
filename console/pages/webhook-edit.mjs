// Changing a webhook. Whoever changed it meanwhile is not overwritten unseen.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { differing, useEdit } from "../lib/edit.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Curl } from "../components/Curl.mjs";
import { Conflict } from "../components/Diff.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { tell } from "../components/Toast.mjs";
import { bodyOf, formOf, WebhookFields } from "../components/webhooks/WebhookForm.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function EditWebhookPage({ params }) {
  const hook = useRead({ path: `/v1/webhooks/${params.id}` });
  return html`<${Page} title=${hook.data ? `Change ${hook.data.name}` : "Change a webhook"} trail=${[["Webhooks", "#/webhooks"], [hook.data?.name ?? "Webhook", `#/webhooks/${params.id}`]]}>
    <${Shown} read=${hook}>${() => html`<${Form} hook=${hook.data} />`}<//>
  <//>`;
}

const patchOf = (base, mine) => differing(bodyOf(formOf(base)), bodyOf(mine), ["name", "url", "events", "scope"]);

function Form({ hook }) {
  const [value, setValue] = useState(() => formOf(hook));
  const [turn, setTurn] = useState(0);
  const { may, refusal } = useMay();
  const path = `/v1/webhooks/${hook.id}`;
  const saved = () => {
    tell(`${value.name} is changed.`);
    go(`webhooks/${hook.id}`);
  };
  const edit = useEdit({ path, base: hook, patchOf, onSaved: saved });
  const patch = patchOf(edit.base, value);
  const nothing = Object.keys(patch).length === 0;
  useEffect(() => { if (edit.write.error?.status === 412) edit.look(value); }, [edit.write.error]);
  const submit = (event) => {
    event.preventDefault();
    if (!nothing && !edit.write.busy) edit.save(value);
  };
  const takeTheirs = () => {
    setValue(formOf(edit.yieldTo()));
    setTurn(turn + 1);
  };
  const refused = (may("webhook.write") ? null : refusal("webhook.write")) ?? (nothing ? "Nothing is changed yet." : null);
  return html`<${Section} title="Who is told of what">
    <form class="form" onSubmit=${submit}>
      <${WebhookFields} key=${turn} value=${value} onInput=${setValue} error=${edit.write.error} moved=${"url" in patch} />
      ${edit.conflict ? html`<${Conflict} ...${edit.conflict} onMine=${edit.insist} onTheirs=${takeTheirs} />` : html`<${WriteStatus} write=${edit.write} onDone=${saved} />`}
      <div class="row end"><${Act} href=${`#/webhooks/${hook.id}`}>Cancel<//><${Act} type="submit" kind="main" busy=${edit.write.busy} refusal=${refused}>Save<//></div>
    </form>
    <${Curl} calls=${[{ method: "PATCH", path, body: patch, ifMatch: edit.base.version }]} />
  <//>`;
}
