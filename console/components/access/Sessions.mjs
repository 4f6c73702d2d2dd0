// Where people are signed in, and ending that.
import { html, useState } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { Act } from "../Act.mjs";
import { Badge } from "../Badge.mjs";
import { Confirm } from "../Confirm.mjs";
import { Empty, Shown } from "../States.mjs";
import { Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { tell } from "../Toast.mjs";
import { Principal } from "./Principal.mjs";

const columns = (refused, end) => [
  { name: "Who", cell: (one) => html`<${Principal} id=${one.principal_id} /> ${one.current && html`<${Badge} word="this one" tone="good" />`}` },
  { name: "Browser", cell: (one) => one.user_agent ?? html`<span class="quiet">not said</span>` },
  { name: "Provider", cell: (one) => one.issuer },
  { name: "Began", cell: (one) => html`<${Time} at=${one.started_at} relative />` },
  { name: "Last seen", cell: (one) => html`<${Time} at=${one.last_seen_at} relative />` },
  { name: "Ends", cell: (one) => html`<${Time} at=${one.idle_ends_at} relative /> <span class="quiet small">at the latest <${Time} at=${one.ends_at} relative /></span>` },
  { name: html`<span class="hidden">Acts</span>`, cell: (one) => html`<${Act} kind="quiet" refusal=${refused(one)} onClick=${() => end(one)}>End<//>` },
];

/** @param {{ query?: Record<string, string>, empty: unknown }} props */
export function Sessions({ query = {}, empty }) {
  const [open, setOpen] = useState(/** @type {Api["Session"] | null} */ (null));
  const { refusal } = useMay();
  const read = useRead({ path: "/v1/sessions", query: { ...query, limit: 200 } }, { every: 15 });
  const ended = () => { setOpen(null); tell("The session is ended."); read.reload(); };
  const refused = (one) => (one.current ? null : refusal("principal.disable"));
  return html`<${Shown} read=${read}>${() => (read.data.items.length === 0 ? html`<${Empty} title=${empty} />` : html`<${Table} caption="Sessions"
    columns=${columns(refused, setOpen)} items=${read.data.items} />`)}<//>
    ${open && html`<${Confirm} danger title="End this session" verb="End it" reason="none"
      about=${open.current ? "It is your own: you sign in again afterwards." : "Whoever has it signs in again."}
      call=${() => ({ method: "DELETE", path: `/v1/sessions/${open.id}` })} onClose=${() => setOpen(null)} onDone=${ended} />`}`;
}
