// Registering a client.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { factsOfClient, useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { ClientFields, EMPTY_CLIENT } from "../components/clients/ClientForm.mjs";
import { Page, Section } from "../components/Page.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function NewClientPage() {
  const [value, setValue] = useState(EMPTY_CLIENT);
  const write = useWrite();
  const { refusal } = useMay();
  const call = { method: "POST", path: "/v1/clients", body: value };
  const done = (answer) => {
    if (!answer) return;
    tell(`${value.name} is registered.`);
    go(`clients/${answer.body.id}`);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run(call));
  };
  const refused = value.owner.team && value.environments.length > 0 ? refusal("client.write", factsOfClient(/** @type {any} */ (value))) : null;
  return html`<${Page} title="Register a client" trail=${[["Clients", "#/clients"]]} calls=${[call]}>
    <${Section} title="Who it is">
      <form class="form" onSubmit=${submit}>
        <${ClientFields} value=${value} onInput=${setValue} error=${write.error} fresh />
        <${WriteStatus} write=${write} onDone=${done} />
        <div class="row end"><${Act} href="#/clients">Cancel<//><${Act} type="submit" kind="main" busy=${write.busy}
          refusal=${refused}>Register<//></div>
      </form>
    <//>
  <//>`;
}
