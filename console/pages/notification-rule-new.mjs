// Making a rule, with a look at what it would have told.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Preview, previewCall } from "../components/notices/Preview.mjs";
import { bodyOf, EMPTY_RULE, RuleFields } from "../components/notices/RuleForm.mjs";
import { Page, Section } from "../components/Page.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function NewRulePage() {
  const [value, setValue] = useState(EMPTY_RULE);
  const [previewed, setPreviewed] = useState(/** @type {any} */ (null));
  const write = useWrite();
  const { may, refusal } = useMay();
  const body = bodyOf(value);
  const call = { method: "POST", path: "/v1/notification-rules", body };
  const done = (answer) => {
    if (!answer) return;
    tell(`${value.name} is made.`);
    go(`notification-rules/${answer.body.id}`);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run(call));
  };
  const refused = may("notification_rule.write") ? null : refusal("notification_rule.write");
  const lacks = value.notices.length === 0 ? "Choose what is told first." : null;
  return html`<${Page} title="Make a rule" trail=${[["Notices", "#/notification-rules"]]} calls=${[call, previewCall(body)]}
    about="What happened before it is made is not told by it.">
    <${Section} title="What is told to whom">
      <form class="form" onSubmit=${submit}>
        <${RuleFields} value=${value} onInput=${setValue} error=${write.error} />
        <${WriteStatus} write=${write} onDone=${done} />
        <div class="row end"><${Act} href="#/notification-rules">Cancel<//>
          <${Act} refusal=${refused ?? lacks} onClick=${() => setPreviewed({ ...body, name: body.name || "preview" })}>Preview<//>
          <${Act} type="submit" kind="main" busy=${write.busy} refusal=${refused ?? lacks}>Make it<//></div>
      </form>
    <//>
    ${previewed && html`<${Section} title="What it would have told" about="Over the last 30 days, as things stand now."><${Preview} body=${previewed} /><//>`}
  <//>`;
}
