// Writing a report to a file: for what is too large to be waited for.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { list } from "../../lib/format.mjs";
import { go } from "../../lib/router.mjs";
import { Act } from "../Act.mjs";
import { Curl } from "../Curl.mjs";
import { Dialog } from "../Dialog.mjs";
import { Choice } from "../Field.mjs";
import { Facts } from "../Page.mjs";
import { Time } from "../Time.mjs";
import { WriteStatus } from "../Write.mjs";

/** @param {{ query: Record<string, any>, groups: string[], onClose: () => void }} props `query`: of the report */
export function NewExport({ query, groups, onClose }) {
  const [format, setFormat] = useState("parquet");
  const write = useWrite();
  const { from, until, granularity, time_zone, owner_team, client_id, key_id, route_id, environment, secret_version } = query;
  const body = Object.fromEntries(Object.entries({
    report: "usage", format, from, until, granularity, time_zone, group_by: groups, owner_team, client_id, key_id, route_id, environment,
    secret_version: secret_version ? Number(secret_version) : null,
  }).filter(([, value]) => value));
  const call = { method: "POST", path: "/v1/reports/exports", body };
  const ordered = (answer) => { if (answer) go("reports/exports"); };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) ordered(await write.run(call));
  };
  return html`<${Dialog} title="Write this report to a file" onClose=${onClose}><form class="form" onSubmit=${submit}>
    <${Facts} items=${[
      ["From", html`<${Time} at=${from} none="a day before its end" />`], ["Until", html`<${Time} at=${until} none="now" />`],
      ["Windows", `${granularity}, ${time_zone}`], ["Told apart by", list(groups)],
    ]} />
    <${Choice} label="Format" required value=${format} onInput=${setFormat} options=${[["parquet", "Parquet"], ["csv", "CSV"]]}
      hint="Of all pages. The file is kept for 24 hours." />
    <${WriteStatus} write=${write} onDone=${ordered} />
    <div class="row end"><${Act} onClick=${onClose}>Cancel<//><${Act} type="submit" kind="main" busy=${write.busy}>Write it<//></div>
  </form><${Curl} calls=${[call]} /><//>`;
}
