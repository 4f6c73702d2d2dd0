// Whose secret is it that was found where none belongs? What is pasted here goes to the server in the body of one request, and is nowhere else:
// not in the address, not in storage, not in curl; the field is empty again before the answer comes.
import { html, useState } from "../lib/ui.mjs";
import { send } from "../lib/api.mjs";
import { Act } from "../components/Act.mjs";
import { ENTRY_COLUMNS } from "../components/audit/AuditTable.mjs";
import { AuditWays } from "../components/audit/AuditWays.mjs";
import { Text } from "../components/Field.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Failure } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";

const PATH = "/v1/audit/search-secret";

export default function SearchSecretPage() {
  const [secret, setSecret] = useState("");
  const [state, setState] = useState(/** @type {{ busy?: boolean, error?: any, found?: Api["SecretSearch"] }} */ ({}));
  const submit = async (event) => {
    event.preventDefault();
    if (state.busy || !secret.trim()) return;
    const asked = secret.trim();
    setSecret("");
    setState({ busy: true });
    try {
      setState({ found: (await send({ method: "POST", path: PATH, body: { secret: asked } })).body });
    } catch (error) {
      setState({ error });
    }
  };
  return html`<${Page} title="Whose secret is it?" trail=${[["Audit log", "#/audit"]]} calls=${[{ method: "POST", path: PATH, body: { secret: "" } }]}
    about="For a key or a token that was found where none belongs. It does not matter what has become of it since: rotated away, revoked or expired, it is found.">
    <${AuditWays} />
    <${Section} title="Search">
      <form class="form" onSubmit=${submit}>
        <div class="state waits wide"><p class="strong">This field takes a secret that may still work.</p>
          <p>It is compared by its digest and kept nowhere, here or there. That you searched, and what was found, is on record before the answer.</p>
          </div>
        <${Text} label="The secret" type="password" mono required wide value=${secret} onInput=${setSecret} hint="As it was found, whole." />
        <div class="row end"><${Act} type="submit" kind="main" busy=${state.busy} refusal=${secret.trim() ? null : "Paste it first."}>Search<//></div>
      </form>
      <${Failure} error=${state.error} />
    <//>
    ${state.found && html`<${Found} result=${state.found} />`}
  <//>`;
}

/** @param {{ result: Api["SecretSearch"] }} props */
function Found({ result }) {
  if (!result.found) return html`<div role="status"><${Empty}
    title="It is nobody's.">Or of somebody whom you do not see. All that is on record was looked at.<//></div>`;
  const { id, type, secret_version: version } = result.found;
  return html`<${Section} title="It is known">
    <div role="status"><${Facts} items=${[
      [type === "api_key" ? "Key" : "Token of", html`<${Ref} id=${id} />`],
      ["Which of its secrets", version === null || version === undefined ? html`<span
        class="quiet">the one in the settings</span>` : `version ${version}`],
      type === "api_key" && ["What to do", html`<a href=${`#/keys/${id}`}>Rotate or revoke it on its page</a>`],
    ]} /></div>
    <h3>The newest entries about it</h3>
    <${Table} caption="Entries about it" columns=${ENTRY_COLUMNS} items=${result.items} keyOf=${(entry) => String(entry.position)} />
  <//>`;
}
