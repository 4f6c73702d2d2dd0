// One report of a leaked secret, and what can be done about its key.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { KeyActs } from "../components/keys/KeyActs.mjs";
import { KeyState } from "../components/keys/KeyTable.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";

const SAID = { revoked: "It was revoked at once.", quarantined: "It was put in quarantine: it opens slowly, and only from where it was known.", none: "Nothing was done: the secret opened nothing any more." };

export default function LeakPage({ params }) {
  const { may } = useMay();
  const call = { path: `/v1/leaks/${params.id}` };
  const read = useRead(call);
  const leak = /** @type {Api["Leak"] | null} */ (read.data);
  const key = useRead(leak && may("key.read") ? { path: `/v1/keys/${leak.key_id}` } : null, { every: 5 });
  const client = useRead(key.data ? { path: `/v1/clients/${key.data.client_id}` } : null).data;
  return html`<${Page} title="A leaked secret" trail=${[["Leaks", "#/leaks"]]} calls=${[call]} badges=${leak && html`<${Badge} word=${leak.action}
    tone=${leak.action === "none" ? "plain" : undefined} />`}
    actions=${key.data && html`<${KeyActs} item=${key.data} client=${client} reload=${key.reload} />`}>
    <${Shown} read=${read}>${() => html`<div class="columns">
      <${Section} wide title="What was found" about=${SAID[leak?.action ?? "none"]}><${Facts} items=${[
        ["Key", html`<${Ref} id=${leak?.key_id} /> ${key.data && html`<${KeyState} item=${key.data} />`}`],
        ["Secret", `version ${leak?.secret_version}${key.data ? `, the key is at ${key.data.secret_version}` : ""}`],
        ["Client", html`<${Ref} id=${leak?.client_id} />`],
        ["Reported", html`<${Time} at=${leak?.reported_at} both />`],
        ["By", leak?.receiver],
        ["Found in", leak?.source ?? html`<span class="quiet">not said</span>`],
        leak?.url && ["Where", html`<code>${leak.url}</code><span class="item quiet">Somebody else's words: follow it with care.</span>`],
        may("audit.read") && ["Position", html`<a href=${`#/audit/${leak?.position}`}>${leak?.position}</a>`],
        ["Identifier", html`<${CopyId} id=${leak?.id ?? ""} what="report's identifier" />`],
      ]} /><//>
      ${may("audit.read") && html`<${Section} wide title="What happened to the key"><${History} query=${{ subject_id: leak?.key_id ?? "" }} /><//>`}
    </div>`}<//>
  <//>`;
}
