// Addresses that mail does not reach: nothing is sent there for a week, and what is for them goes to the client's owner.
import { html, useState } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { count } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Confirm } from "../components/Confirm.mjs";
import { Area } from "../components/Field.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { tell } from "../components/Toast.mjs";

const columns = (refused, unmark) => [
  { name: "Address", cell: (one) => one.address ?? html`<span class="quiet">not yours to see</span>` },
  { name: "Why", cell: (one) => one.reason },
  { name: "Marked", cell: (one) => html`<${Time} at=${one.marked_at} relative />` },
  { name: "Avoided until", cell: (one) => html`<${Time} at=${one.avoided_until} both />` },
  { name: html`<span class="hidden">Acts</span>`, cell: (one) => one.address && html`<${Act} kind="quiet" label=${`Unmark ${one.address}`}
    refusal=${refused} onClick=${() => unmark(one)}>Unmark<//>` },
];

export default function MailAddressesPage({ query }) {
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const { refusal } = useMay();
  const call = { path: "/v1/mail-addresses", query };
  const read = usePage(call, { every: 20 });
  const refused = refusal("notification_rule.write");
  const close = () => setOpen(null);
  const done = (text) => () => { close(); tell(text); read.reload(); };
  return html`<${Page} title="Addresses that bounced" trail=${[["Notices", "#/notification-rules"]]} calls=${[call]}
    about="Nothing is sent to them for a week, or until they are unmarked. What is for them goes to the client's owner."
    actions=${html`<${Act} kind="main" refusal=${refused} onClick=${() => setOpen("mark")}>Mark addresses<//>`}>
    <${Section} title="Marked">
      <${Listing} read=${read} caption="Addresses that mail does not reach" columns=${columns(refused, setOpen)}
        keyOf=${(one) => `${one.address} ${one.marked_at}`} empty=${html`<${Empty}
        title="Mail reaches everybody, as far as is known.">A mail server that refuses an address for good marks it, and so does a bounce.<//>`} />
    <//>
    ${open === "mark" && html`<${Mark} onClose=${close} onDone=${done("They are marked.")} />`}
    ${open?.address && html`<${Confirm} title="Unmark an address" verb="Unmark" reason="none" about=${`Letters go to ${open.address} again.`}
      call=${() => ({ method: "POST", path: "/v1/mail-addresses/unmark", body: { addresses: [open.address] } })} onClose=${close} onDone=${done("It is unmarked.")} />`}
  <//>`;
}

function Mark({ onClose, onDone }) {
  const [text, setText] = useState("");
  const addresses = text.split(/[\s,;]+/).filter(Boolean);
  return html`<${Confirm} title="Mark addresses" verb=${addresses.length > 1 ? `Mark ${count(addresses.length, "address", "addresses")}` : "Mark"}
    about="For bounces that come after the mail server took the letter."
    call=${(reason) => ({ method: "POST", path: "/v1/mail-addresses/mark", body: { addresses, reason } })}
      missing=${addresses.length ? null : "Say which."} onClose=${onClose} onDone=${onDone}
    extra=${html`<${Area} label="Addresses" required value=${text} onInput=${setText} hint="At most a hundred; spaces, commas or lines between them." />`} />`;
}
