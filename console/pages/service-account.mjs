// One service account: its token, what it may do, and what it did.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { GrantsOf } from "../components/access/GrantsOf.mjs";
import { RotateToken, tokenFacts } from "../components/access/Token.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Danger } from "../components/Danger.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { tell } from "../components/Toast.mjs";

export default function ServiceAccountPage({ params }) {
  const call = { path: `/v1/service-accounts/${params.id}` };
  const read = useRead(call, { every: 10 });
  const one = /** @type {Api["ServiceAccount"] | null} */ (read.data);
  return html`<${Page} title=${one?.name ?? "Service account"} trail=${[["Service accounts", "#/service-accounts"]]}
    calls=${[call, { path: "/v1/grants", query: { principal_id: params.id } }]}
    badges=${one && html`<${Badge} word=${one.status} />`} actions=${one && html`<${Acts} one=${one} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} one=${one} />`}<//>
  <//>`;
}

/** @param {{ one: Api["ServiceAccount"], reload: () => void }} props */
function Acts({ one, reload }) {
  const [open, setOpen] = useState("");
  const { refusal } = useMay();
  const path = `/v1/service-accounts/${one.id}`;
  const close = () => setOpen("");
  const post = (verb) => (reason) => ({ method: "POST", path: `${path}/${verb}`, body: { reason } });
  const enabled = () => { close(); tell(`${one.name} is enabled.`); reload(); };
  return html`
    <${Act} kind="main" refusal=${one.status === "disabled" ? "It is disabled." : refusal("service_account.write")} onClick=${() => setOpen("rotate")}>Rotate token<//>
    ${(one.token || one.previous) && html`<${Act} kind="danger" refusal=${refusal("principal.disable")} onClick=${() => setOpen("revoke")}>Revoke token<//>`}
    ${one.status === "disabled" ? html`<${Act} refusal=${refusal("service_account.write")}
      onClick=${() => setOpen("enable")}>Enable<//>` : html`<${Act} kind="danger" refusal=${refusal("principal.disable")} onClick=${() => setOpen("disable")}>Disable<//>`}
    ${open === "rotate" && html`<${RotateToken} path=${path} name=${one.name} onClose=${() => { close(); reload(); }} />`}
    ${open === "revoke" && html`<${Danger} title=${`Revoke the token of ${one.name}`} verb="Revoke" name=${one.name}
      about="The program is let in no more, until its token is rotated." call=${post("revoke-token")} onClose=${close} onDone=${reload} />`}
    ${open === "enable" && html`<${Confirm} title=${`Enable ${one.name}`} verb="Enable" about="Its tokens open again what its grants say."
      call=${post("enable")} onClose=${close} onDone=${enabled} />`}
    ${open === "disable" && html`<${Danger} title=${`Disable ${one.name}`} verb="Disable" name=${one.name}
      about="Its tokens open nothing until it is enabled." call=${post("disable")} onClose=${close} onDone=${reload} />`}`;
}

/** @param {{ one: Api["ServiceAccount"] }} props */
function Body({ one }) {
  const { may } = useMay();
  return html`<div class="columns">
    <${Section} wide title="What it is"><${Facts} items=${[
      ["Team", one.team],
      ["Last used", html`<${Time} at=${one.last_used_at} both none="never" />`],
      ...tokenFacts(one),
      ["Identifier", html`<${CopyId} id=${one.id} what="service account's identifier" />`],
      ["Made", html`<${Time} at=${one.created_at} both />`],
    ]} /><//>
    <${GrantsOf} id=${one.id} name=${one.name} account />
    ${may("audit.read") && html`<${Section} wide title="What it did" actions=${html`<a
      href=${to("audit", { actor: one.id })}>In the audit log</a>`}><${History} query=${{ actor: one.id }} /><//>`}
  </div>`;
}
