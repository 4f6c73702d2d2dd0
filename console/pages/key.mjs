// One key: its state, its rotation as it goes on, the limits in force, its traffic, and what happened.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { list } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { factsOfKey, useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { CopyId } from "../components/Copy.mjs";
import { KeyActs } from "../components/keys/KeyActs.mjs";
import { KeyState, rotating } from "../components/keys/KeyTable.mjs";
import { Tracker } from "../components/keys/Tracker.mjs";
import { Limits } from "../components/Limits.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Planned } from "../components/Planned.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Ref } from "../components/Ref.mjs";
import { Shown } from "../components/States.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { Traffic, trafficCall } from "../components/Traffic.mjs";

export default function KeyPage({ params }) {
  const call = { path: `/v1/keys/${params.id}` };
  const read = useRead(call, { every: 5 });
  const item = /** @type {Api["Key"] | null} */ (read.data);
  const client = useRead(item && { path: `/v1/clients/${item.client_id}` }).data;
  const range = useRange();
  if (item) remember([item]);
  const trail = [["Clients", "#/clients"], ...(item ? [[client?.name ?? "Client", `#/clients/${item.client_id}`]] : [])];
  return html`<${Page} title=${item?.name ?? "Key"} trail=${trail} badges=${item && html`<${KeyState} item=${item} />`}
    calls=${[call, { path: `${call.path}/rotation` }, trafficCall({ key_id: params.id }, range)]}
    actions=${item && html`<${KeyActs} item=${item} client=${client} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} item=${item} client=${client} reload=${read.reload} />`}<//>
  <//>`;
}

function Body({ item, client, reload }) {
  const { may, refusal } = useMay();
  return html`<div class="columns">
    ${item.quarantine && html`<p class="blast wide" data-tone="bad"><span
      class="strong">In quarantine:</span> version ${item.quarantine.secret_version} was reported as leaked <${Time}
      at=${item.quarantine.since} both />. It opens slowly, and only from where it was known, until it is rotated or released.</p>`}
    <${Section} wide title="What it is"><${Facts} items=${[
      ["Identifier", html`<${CopyId} id=${item.id} what="key's identifier" />`],
      ["Client", html`<${Ref} id=${item.client_id} name=${client?.name} />`],
      ["Environment", item.environment],
      ["Secret", html`version ${item.secret_version}, ends with <code>${item.hint}</code>`],
      ["Last used", html`<${Time} at=${item.last_used_at} both none="never" />`],
      ["Expires", html`<${Time} at=${item.expires_at} both none="never" />`],
      item.not_before && ["Not before", html`<${Time} at=${item.not_before} both />`],
      item.revoke_at && [item.status === "revoked" || Date.parse(item.revoke_at) <= Date.now() ? "Revoked" : "To be revoked", html`<${Time}
        at=${item.revoke_at} both />`],
      ["Scopes", item.scopes ? list(item.scopes) : "whatever its client holds"],
      ["Allowed addresses", item.allowed_cidrs.length ? list(item.allowed_cidrs) : "any"],
      ["Issued", html`<${Time} at=${item.created_at} both />`],
      item.origin && ["Imported from", `${item.origin.source}, ${item.origin.external_id}`],
    ]} /><//>
    <${Planned} query=${{ key_id: item.id }} reload=${reload} />
    <${Section} wide title="Rotation"
      about=${opening(item)}>
      <${Tracker} item=${item} refused=${refusal("key.rotate", factsOfKey(item, client))} reload=${reload} /><//>
    ${may("gateway.read") && item.status !== "revoked" && html`<${Section} wide title="Policies in force"><${Limits}
      query=${{ key_id: item.id }} why=${{ client_id: item.client_id, environment: item.environment }} /><//>`}
    ${may("report.read") && html`<${Section} wide title="Usage" actions=${html`${may("decision.read") && html`<a
      href=${to("decisions", { key_id: item.id })}>Single decisions</a>`}<${Range} zone=${false} />`}><${Traffic}
      filter=${{ key_id: item.id }} /><//>`}
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { subject_id: item.id })}>In the audit log</a>`}><${History} query=${{ subject_id: item.id }} /><//>`}
  </div>`;
}

/** Which of its secrets open. @param {Api["Key"]} item */
function opening(item) {
  if (item.status !== "active") return `None of its secrets opens: it is ${item.status}.`;
  return rotating(item) ? "Old and new secret open side by side. This is as it is now." : "It has one secret that opens.";
}
