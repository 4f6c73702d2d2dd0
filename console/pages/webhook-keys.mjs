// What the Ed25519 signatures of all webhooks are checked with.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";

const COLUMNS = [
  { name: "Public key", cell: (key) => html`<${CopyId} id=${key.public_key} what="public key" />` },
  { name: "Signs", cell: (key) => (key.signs ? html`<${Badge} word="current" />` : html`<${Badge} word="previous" tone="plain" />`) },
];

export default function WebhookKeysPage() {
  const call = { path: "/v1/webhooks/keys" };
  const read = useRead(call);
  return html`<${Page} title="Signing keys" trail=${[["Webhooks", "#/webhooks"]]} calls=${[call]}
    about="Beside the HMAC under its own secret, every message has an Ed25519 signature, v1a, of the installation. Take what any of these keys has signed: they change with the installation's pepper.">
    <${Section} title="Public keys"><${Shown} read=${read}>${() => html`<${Table} caption="Public keys" columns=${COLUMNS} items=${read.data.keys}
      keyOf=${(key) => key.public_key} />`}<//><//>
  <//>`;
}
