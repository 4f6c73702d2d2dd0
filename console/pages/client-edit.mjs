// Changing a client. Whoever changed it meanwhile is not overwritten unseen.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { differing, useEdit } from "../lib/edit.mjs";
import { useRead } from "../lib/hooks.mjs";
import { factsOfClient, useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { ClientFields, formOf } from "../components/clients/ClientForm.mjs";
import { Curl } from "../components/Curl.mjs";
import { Conflict } from "../components/Diff.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function EditClientPage({ params }) {
  const client = useRead({ path: `/v1/clients/${params.id}` });
  return html`<${Page} title=${client.data ? `Change ${client.data.name}` : "Change a client"}
    trail=${[["Clients", "#/clients"], [client.data?.name ?? "Client", `#/clients/${params.id}`]]}>
    <${Shown} read=${client}>${() => html`<${Form} client=${client.data} />`}<//>
  <//>`;
}

/** A merge patch: a label that is gone is null, lists are whole. */
function patchOf(base, mine) {
  const patch = differing(formOf(base), mine, ["name", "owner", "contacts", "environments", "scopes", "labels"]);
  if (patch.labels) {
    const gone = Object.keys(base.labels).filter((name) => !(name in mine.labels));
    patch.labels = { ...mine.labels, ...Object.fromEntries(gone.map((name) => [name, null])) };
  }
  return patch;
}

function Form({ client }) {
  const [value, setValue] = useState(() => formOf(client));
  const [turn, setTurn] = useState(0);
  const { refusal } = useMay();
  const path = `/v1/clients/${client.id}`;
  const saved = (body) => {
    tell(`${body?.name ?? value.name} is changed.`);
    go(`clients/${client.id}`);
  };
  const edit = useEdit({ path, base: client, patchOf, onSaved: saved });
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
  const refused = refusal("client.write", factsOfClient(client)) ?? (nothing ? "Nothing is changed yet." : null);
  return html`<${Section} title="What is said of it">
    <form class="form" onSubmit=${submit}>
      <${ClientFields} key=${turn} value=${value} onInput=${setValue} error=${edit.write.error} />
      ${edit.conflict ? html`<${Conflict} ...${edit.conflict} onMine=${edit.insist} onTheirs=${takeTheirs} />` : html`<${WriteStatus}
        write=${edit.write} onDone=${(answer) => saved(answer.body)} />`}
      <div class="row end"><${Act} href=${`#/clients/${client.id}`}>Cancel<//><${Act} type="submit" kind="main" busy=${edit.write.busy}
        refusal=${refused}>Save<//></div>
    </form>
    <${Curl} calls=${[{ method: "PATCH", path, body: patch, ifMatch: edit.base.version }]} />
  <//>`;
}
