// What is to happen at a time ahead, and taking it back while it has not happened.
import { html, useState } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { words } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "./Act.mjs";
import { Danger } from "./Danger.mjs";
import { Section } from "./Page.mjs";
import { Ref } from "./Ref.mjs";
import { Table } from "./Table.mjs";
import { Time } from "./Time.mjs";
import { tell } from "./Toast.mjs";

/** Nothing at all where nothing is planned. @param {{ query: { client_id?: string, key_id?: string, policy_id?: string }, reload?: () => void }} props */
export function Planned({ query, reload }) {
  const { may } = useMay();
  const read = useRead(may("change.read") ? { path: "/v1/scheduled-changes", query: { ...query, status: "pending", limit: 20 } } : null, { every: 15 });
  const [ending, setEnding] = useState(/** @type {Api["ScheduledChange"] | null} */ (null));
  const items = read.data?.items ?? [];
  const cancelled = () => {
    tell("It will not happen.");
    read.reload();
    reload?.();
  };
  if (items.length === 0 && !ending) return null;
  return html`<${Section} wide title="Planned">
    <${Table} caption="Planned changes" items=${items} columns=${[
      { name: "What", cell: (item) => html`${words(item.kind)} <${Ref} id=${item.key_id ?? item.policy_id ?? item.client_id} />` },
      { name: "When", cell: (item) => html`<${Time} at=${item.due_at ?? item.at} both />` },
      { name: "Until", cell: (item) => html`<${Time} at=${item.until} none="for good" />` },
      { name: "Why", cell: (item) => item.reason },
      { name: html`<span class="hidden">What to do</span>`, cell: (item) => html`<${Act} kind="quiet"
        onClick=${() => setEnding(item)}>Take it back<//>` },
    ]} />
    ${ending && html`<${Danger} mild title="Take a planned change back" verb="Take it back" name=${words(ending.kind)}
      about=${html`It will not happen <${Time} at=${ending.at} />.`}
      call=${(reason) => ({ method: "POST", path: `/v1/scheduled-changes/${ending.id}/cancel`, body: { reason } })}
        onClose=${() => setEnding(null)} onDone=${cancelled} />`}
  <//>`;
}
