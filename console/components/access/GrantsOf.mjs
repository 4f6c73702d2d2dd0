// The grants of one principal, with giving and withdrawing.
import { html, useState } from "../../lib/ui.mjs";
import { usePage } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Section } from "../Page.mjs";
import { Empty, Shown } from "../States.mjs";
import { Table } from "../Table.mjs";
import { tell } from "../Toast.mjs";
import { Give, Withdraw, grantColumnsOf } from "./Grants.mjs";

/** @param {{ id: string, name: string, account?: boolean }} props */
export function GrantsOf({ id, name, account = false }) {
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const { may, refusal } = useMay();
  const grants = usePage(may("grant.read") ? { path: "/v1/grants", query: { principal_id: id, limit: 100 } } : null, { every: 10 });
  if (!may("grant.read")) return null;
  const done = (text) => () => { setOpen(null); tell(text); grants.reload(); };
  return html`<${Section} wide title="Grants" actions=${html`<${Act} kind="main" refusal=${may("grant.write") ? null : refusal("grant.write")}
    onClick=${() => setOpen("give")}>Give a role<//>`}>
    <${Shown} read=${grants}>${() => (grants.empty ? html`<${Empty} title="No grant.">Without one, nothing may be done or seen.<//>` : html`<${Table}
      caption="Grants" columns=${grantColumnsOf(setOpen, refusal)} items=${grants.items} />`)}<//>
    ${open === "give" && html`<${Give} principal=${id} account=${account} onClose=${() => setOpen(null)} onDone=${done("The role is given.")} />`}
    ${open?.id && html`<${Withdraw} grant=${open} name=${name} onClose=${() => setOpen(null)} onDone=${() => grants.reload()} />`}
  <//>`;
}
