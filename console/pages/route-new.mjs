// Defining a route.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Page, Section } from "../components/Page.mjs";
import { EMPTY_ROUTE, RouteFields } from "../components/routes/RouteForm.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function NewRoutePage() {
  const [value, setValue] = useState(EMPTY_ROUTE);
  const write = useWrite();
  const { refusal } = useMay();
  const call = { method: "POST", path: "/v1/routes", body: value };
  const done = (answer) => {
    if (!answer) return;
    tell(`${value.name} is defined.`);
    go(`routes/${answer.body.id}`);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run(call));
  };
  return html`<${Page} title="Define a route" trail=${[["Routes", "#/routes"]]} calls=${[call]}>
    <${Section} title="What it is"><form class="form" onSubmit=${submit}>
      <${RouteFields} value=${value} onInput=${setValue} error=${write.error} />
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row end"><${Act} href="#/routes">Cancel<//><${Act} type="submit" kind="main" busy=${write.busy}
        refusal=${refusal("route.write")}>Define<//></div>
    </form><//>
  <//>`;
}
