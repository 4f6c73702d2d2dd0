// What calls are told apart by, in the address as the API has it: a list.
import { html } from "../../lib/ui.mjs";
import { setQuery, usePlace } from "../../lib/router.mjs";
import { Ref } from "../Ref.mjs";

export const groupsOf = (query, absent = "") => (query.group_by ?? absent).split(",").filter(Boolean);

/** @param {{ options: string[], absent?: string }} props */
export function GroupBy({ options, absent = "" }) {
  const { query } = usePlace();
  const groups = groupsOf(query, absent);
  const toggle = (one, on) => {
    const next = options.filter((option) => (option === one ? on : groups.includes(option))).join(",");
    setQuery({ group_by: next === absent ? "" : next });
  };
  return html`<fieldset class="field"><legend>Told apart by</legend><div class="row wrap">
    ${options.map((one) => html`<label class="check"><input type="checkbox" checked=${groups.includes(one)}
      onChange=${(event) => toggle(one, event.target.checked)} /> ${one.replaceAll("_", " ")}</label>`)}
  </div></fieldset>`;
}

const CELLS = {
  owner_team: ["Owner team", (item) => item.owner_team ?? none("nobody's")],
  client: ["Client", (item) => html`<${Ref} id=${item.client_id} none="not authenticated" />`],
  key: ["Key", (item) => html`<${Ref} id=${item.key_id} none="not authenticated" />`],
  secret_version: ["Secret", (item) => (item.secret_version === null ? none("–") : `version ${item.secret_version}`)],
  route: ["Route", (item) => html`<${Ref} id=${item.route_id} none="an unmatched path" />`],
  environment: ["Environment", (item) => item.environment ?? none("–")],
  policy: ["Policy", (item) => html`<${Ref} id=${item.policy_id} />`],
  revision: ["Revision", (item) => item.policy_revision ?? none("–")],
  limit: ["Limit", (item) => item.limit ?? none("–")],
};

const none = (text) => html`<span class="quiet">${text}</span>`;

/** Columns of what calls are told apart by. @param {string[]} groups */
export const columnsOf = (groups) => groups.filter((one) => one in CELLS).map((one) => ({ name: CELLS[one][0], cell: CELLS[one][1] }));

/** What tells one group from another. */
export const groupKey = (item) => [item.owner_team, item.client_id, item.key_id, item.secret_version, item.route_id, item.environment, item.policy_id, item.policy_revision, item.limit].join();

/** A group in words. @param {{ item: any, groups: string[] }} props */
export function GroupName({ item, groups }) {
  return groups.filter((one) => one in CELLS).map((one, at) => html`${at > 0 && " · "}${CELLS[one][1](item)}`);
}
