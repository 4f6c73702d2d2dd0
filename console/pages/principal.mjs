// One person: who they are, what they may do, where they are signed in, and what they did.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { GrantsOf } from "../components/access/GrantsOf.mjs";
import { PersonActs } from "../components/access/PersonActs.mjs";
import { Sessions } from "../components/access/Sessions.mjs";
import { tokenFacts } from "../components/access/Token.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";

export default function PrincipalPage({ params }) {
  const call = { path: `/v1/principals/${params.id}` };
  const read = useRead(call, { every: 10 });
  const one = /** @type {Api["Person"] | null} */ (read.data);
  return html`<${Page} title=${one?.name ?? "Person"} trail=${[["People", "#/principals"]]}
    calls=${[call, { path: "/v1/grants", query: { principal_id: params.id } }, { path: "/v1/sessions", query: { principal_id: params.id } }]}
    badges=${one && html`<${Badge} word=${one.status} />${one.break_glass_until && html`<${Badge} word="glass broken" tone="bad" />`}`}
      actions=${one && html`<${PersonActs} person=${one} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} one=${one} />`}<//>
  <//>`;
}

const erased = html`<span class="quiet">erased</span>`;

/** @param {{ one: Api["Person"] }} props */
function Body({ one }) {
  const { may, refusal } = useMay();
  return html`<div class="columns">
    ${one.break_glass_until && html`<p class="blast wide" data-tone="bad"><span
      class="strong">The glass is broken:</span> an administrator until <${Time} at=${one.break_glass_until} both />.</p>`}
    <${Section} wide title="Who it is"><${Facts} items=${[
      ["Name", one.name ?? erased],
      ["Address", one.email ?? erased],
      ["Identity", one.identity ? html`${one.identity.issuer}<span class="item quiet">${one.identity.subject ?? "subject erased"}</span>` : html`<span
        class="quiet">none: no provider knows them</span>`],
      ...(one.claimed ? tokenFacts(one) : []),
      ["Claimed the installation", one.claimed ? "yes" : "no"],
      ["Identifier", html`<${CopyId} id=${one.id} what="person's identifier" />`],
      ["Added", html`<${Time} at=${one.created_at} both />`],
    ]} /><//>
    <${GrantsOf} id=${one.id} name=${one.name ?? one.id} />
    ${!refusal("principal.read") && html`<${Section} wide title="Sessions"><${Sessions} query=${{ principal_id: one.id }} empty="Not signed in anywhere." /><//>`}
    ${may("audit.read") && html`<${Section} wide title="What they did" actions=${html`<a
      href=${to("audit", { actor: one.id })}>In the audit log</a>`}><${History} query=${{ actor: one.id }} /><//>`}
  </div>`;
}
