// Defining a policy.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Page, Section } from "../components/Page.mjs";
import { bodyOf, EMPTY_POLICY, PolicyFields, Rehearsed, useRehearsal } from "../components/policies/PolicyForm.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function NewPolicyPage() {
  const [value, setValue] = useState(EMPTY_POLICY);
  const write = useWrite();
  const { refusal } = useMay();
  const call = { method: "POST", path: "/v1/policies", body: bodyOf(value) };
  const rehearsal = useRehearsal(value.name.trim() ? call : null);
  const done = (answer) => {
    if (!answer) return;
    tell(`${value.name} is defined. It binds nobody until it is assigned.`);
    go(`policies/${answer.body.id}`);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run(call));
  };
  return html`<${Page} title="Define a policy" trail=${[["Policies", "#/policies"]]} calls=${[call]}>
    <${Section} title="What it allows"><form class="form" onSubmit=${submit}>
      <${PolicyFields} value=${value} onInput=${setValue} error=${write.error ?? rehearsal.error} />
      <div class="wide"><${Rehearsed} rehearsal=${rehearsal} idle="Give it a name, and the server says what it thinks of it." /></div>
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row end"><${Act} href="#/policies">Cancel<//><${Act} type="submit" kind="main" busy=${write.busy}
        refusal=${refusal("policy.write")}>Define<//></div>
    </form><//>
  <//>`;
}
