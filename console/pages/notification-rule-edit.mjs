// Changing a rule. Whoever changed it meanwhile is not overwritten unseen.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { differing, useEdit } from "../lib/edit.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { go } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Curl } from "../components/Curl.mjs";
import { Conflict } from "../components/Diff.mjs";
import { Preview } from "../components/notices/Preview.mjs";
import { bodyOf, formOf, RuleFields } from "../components/notices/RuleForm.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Shown } from "../components/States.mjs";
import { tell } from "../components/Toast.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function EditRulePage({ params }) {
  const rule = useRead({ path: `/v1/notification-rules/${params.id}` });
  return html`<${Page} title=${rule.data ? `Change ${rule.data.name}` : "Change a rule"} trail=${[["Notices", "#/notification-rules"], [rule.data?.name ?? "Rule", `#/notification-rules/${params.id}`]]}>
    <${Shown} read=${rule}>${() => html`<${Form} rule=${rule.data} />`}<//>
  <//>`;
}

const FIELDS = ["name", "notices", "recipients", "about", "thresholds", "days_before", "cadence", "report"];
const patchOf = (base, mine) => differing(bodyOf(formOf(base)), bodyOf(mine), FIELDS);

function Form({ rule }) {
  const [value, setValue] = useState(() => formOf(rule));
  const [turn, setTurn] = useState(0);
  const [previewed, setPreviewed] = useState(/** @type {any} */ (null));
  const { may, refusal } = useMay();
  const path = `/v1/notification-rules/${rule.id}`;
  const saved = () => {
    tell(`${value.name} is changed.`);
    go(`notification-rules/${rule.id}`);
  };
  const edit = useEdit({ path, base: rule, patchOf, onSaved: saved });
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
  const refused = may("notification_rule.write") ? null : refusal("notification_rule.write");
  return html`<${Section} title="What is told to whom">
    <form class="form" onSubmit=${submit}>
      <${RuleFields} key=${turn} value=${value} onInput=${setValue} error=${edit.write.error} />
      ${edit.conflict ? html`<${Conflict} ...${edit.conflict} onMine=${edit.insist} onTheirs=${takeTheirs} />` : html`<${WriteStatus} write=${edit.write} onDone=${saved} />`}
      <div class="row end"><${Act} href=${`#/notification-rules/${rule.id}`}>Cancel<//><${Act} refusal=${refused} onClick=${() => setPreviewed(bodyOf(value))}>Preview<//>
        <${Act} type="submit" kind="main" busy=${edit.write.busy} refusal=${refused ?? (nothing ? "Nothing is changed yet." : null)}>Save<//></div>
    </form>
    <${Curl} calls=${[{ method: "PATCH", path, body: patch, ifMatch: edit.base.version }]} />
  <//>
  ${previewed && html`<${Section} title="What it would have told" about="Over the last 30 days, as things stand now."><${Preview} body=${previewed} /><//>`}`;
}
