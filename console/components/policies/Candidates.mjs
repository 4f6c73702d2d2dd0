// The assignments that were weighed for a call: which one wins, and why the others do not.
import { html } from "../../lib/ui.mjs";
import { words } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Ref, shortened } from "../Ref.mjs";
import { Table } from "../Table.mjs";

/** Why a candidate applies or does not. */
const FATES = {
  won: "In force.", not_open_yet: "Begins later.", over: "Is over.", policy_retired: "Its policy is retired.", other_client: "Names another client.",
  other_route: "Names another route.", other_environment: "Names another environment.", less_specific: "Less specific than the one that won.",
  made_earlier: "As specific as the one that won, and made earlier.",
};

/** Of which calls an assignment is. */
export function Reach({ one }) {
  const parts = [
    one.client_id && html`client <${Ref} id=${one.client_id} />`, one.route_id && html`route <${Ref}
      id=${one.route_id} />`, one.environment && html`environment ${one.environment}`,
  ].filter(Boolean);
  return parts.length === 0 ? html`everyone` : html`${parts.map((part, at) => html`${at > 0 && ", "}${part}`)}`;
}

export function Candidates({ items }) {
  const sorted = [...items].sort((a, b) => Number(b.fate === "won") - Number(a.fate === "won"));
  return html`<${Table} caption="Candidates" items=${sorted} keyOf=${(one) => `${one.kind} ${one.assignment_id}`} rowTone=${() => null}
    columns=${[
    { name: "Policy", cell: (one) => html`<${Ref} id=${one.policy_id} />` },
    { name: "Kind", cell: (one) => one.kind },
    { name: "Of", cell: (one) => html`<${Reach} one=${one} />` },
    { name: "Specificity", cell: (one) => words(one.specificity) },
    { name: "Fate", cell: (one) => html`<${Badge} word=${one.fate}
      tone=${one.fate === "won" ? "good" : "plain"}>${one.fate === "won" ? "wins" : words(one.fate)}<//>` },
    { name: "Why", cell: (one) => html`${FATES[one.fate]}${one.than && html` <code class="id"
      title=${one.than}>${shortened(one.than)}</code>`}` },
  ]} />`;
}
