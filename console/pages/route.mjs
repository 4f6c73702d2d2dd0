// One route: what it is, changed in place; its traffic, the policies that name it, and what happened.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { differing, useEdit } from "../lib/edit.mjs";
import { useRead } from "../lib/hooks.mjs";
import { list, number } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { CopyId } from "../components/Copy.mjs";
import { Danger } from "../components/Danger.mjs";
import { Dialog } from "../components/Dialog.mjs";
import { Conflict } from "../components/Diff.mjs";
import { Facts, Page, Section } from "../components/Page.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Ref } from "../components/Ref.mjs";
import { formOf, RouteFields } from "../components/routes/RouteForm.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { History } from "../components/Timeline.mjs";
import { tell } from "../components/Toast.mjs";
import { Traffic, trafficCall } from "../components/Traffic.mjs";
import { WriteStatus } from "../components/Write.mjs";

export default function RoutePage({ params }) {
  const call = { path: `/v1/routes/${params.id}` };
  const read = useRead(call, { every: 20 });
  const route = read.data;
  const range = useRange();
  if (route) remember([route]);
  return html`<${Page} title=${route?.name ?? "Route"} trail=${[["Routes", "#/routes"]]} badges=${route && html`<${Badge}
    word=${route.status} />`}
    calls=${[call, trafficCall({ route_id: params.id }, range)]} actions=${route && html`<${Acts} route=${route} reload=${read.reload} />`}>
    <${Shown} read=${read}>${() => html`<${Body} route=${route} />`}<//>
  <//>`;
}

function Acts({ route, reload }) {
  const [open, setOpen] = useState("");
  const { refusal } = useMay();
  const refused = refusal("route.write");
  const close = () => setOpen("");
  return html`
    ${route.status === "active" && html`<${Act} refusal=${refused} onClick=${() => setOpen("change")}>Change<//>
      <${Act} kind="danger" refusal=${refused} onClick=${() => setOpen("retire")}>Retire<//>`}
    ${open === "change" && html`<${Change} route=${route} onClose=${close} reload=${reload} />`}
    ${open === "retire" && html`<${Danger} title=${`Retire ${route.name}`} verb="Retire for good" name=${route.name} reasonNeeded=${false}
      about="Calls to it are refused as unknown, or matched by another route. It does not come back."
      call=${(reason) => ({ method: "DELETE", path: `/v1/routes/${route.id}`, query: { reason }, ifMatch: route.version })} onClose=${close}
        onDone=${reload} />`}`;
}

const patchOf = (base, mine) => differing(formOf(base), mine, ["name", "methods", "path", "hosts", "required_scopes", "cost"]);

function Change({ route, onClose, reload }) {
  const [value, setValue] = useState(() => formOf(route));
  const [turn, setTurn] = useState(0);
  const saved = () => {
    tell(`${value.name} is changed.`);
    reload();
    onClose();
  };
  const edit = useEdit({ path: `/v1/routes/${route.id}`, base: route, patchOf, onSaved: saved });
  const nothing = Object.keys(patchOf(edit.base, value)).length === 0;
  useEffect(() => { if (edit.write.error?.status === 412) edit.look(value); }, [edit.write.error]);
  const submit = (event) => {
    event.preventDefault();
    if (!nothing && !edit.write.busy) edit.save(value);
  };
  const takeTheirs = () => {
    setValue(formOf(edit.yieldTo()));
    setTurn(turn + 1);
  };
  return html`<${Dialog} wide title=${`Change ${route.name}`} onClose=${onClose}><form class="form" onSubmit=${submit}>
    <${RouteFields} key=${turn} value=${value} onInput=${setValue} error=${edit.write.error} />
    ${edit.conflict ? html`<${Conflict} ...${edit.conflict} onMine=${edit.insist} onTheirs=${takeTheirs} />` : html`<${WriteStatus}
      write=${edit.write} onDone=${saved} />`}
    <div class="row spread"><${Act} onClick=${onClose}>Cancel<//><${Act} type="submit" kind="main" busy=${edit.write.busy}
      refusal=${nothing ? "Nothing is changed yet." : null}>Save<//></div>
  </form><//>`;
}

function Body({ route }) {
  const { may } = useMay();
  return html`<div class="columns">
    <${Section} wide title="What it is"><${Facts} items=${[
      ["Operation", html`${list(route.methods)} <code>${route.path}</code>`],
      ["Hosts", route.hosts.length ? list(route.hosts) : "any"],
      ["Required scopes", list(route.required_scopes)],
      ["Cost", route.cost_from_header ? `${number(route.cost)}, or what the header ${route.cost_from_header.name} says, up to ${number(route.cost_from_header.max)}` : number(route.cost)],
      ["Identifier", html`<${CopyId} id=${route.id} what="route's identifier" />`],
      ["Defined", html`<${Time} at=${route.created_at} both />`],
      ["Changed", html`<${Time} at=${route.updated_at} both />`],
    ]} /><//>
    ${may("report.read") && html`<${Section} wide title="Usage" actions=${html`<${Range} zone=${false} />`}><${Traffic}
      filter=${{ route_id: route.id }} /><//>`}
    ${may("policy.read") && html`<${Section} wide title="Policies that name it" actions=${html`<a
      href=${to("effective", { route_id: route.id })}>What is in force?</a>`}><${Naming} id=${route.id} /><//>`}
    ${may("audit.read") && html`<${Section} wide title="Timeline" actions=${html`<a
      href=${to("audit", { subject_id: route.id })}>In the audit log</a>`}><${History} query=${{ subject_id: route.id }} /><//>`}
  </div>`;
}

function Naming({ id }) {
  const read = useRead({ path: "/v1/assignments", query: { route_id: id, limit: 50 } });
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0 ? html`<${Empty}
    title="No policy names it.">Those of clients, environments and everyone apply.<//>` : html`<${Table}
    caption="Assignments that name this route" items=${read.data.items} columns=${[
    { name: "Policy", cell: (one) => html`<${Ref} id=${one.policy_id} />` },
    { name: "Client", cell: (one) => html`<${Ref} id=${one.client_id} none="every client" />` },
    { name: "Environment", cell: (one) => one.environment ?? html`<span class="quiet">every one</span>` },
    { name: "Until", cell: (one) => html`<${Time} at=${one.until} none="it is ended" />` },
  ]} />`)}<//>`;
}
