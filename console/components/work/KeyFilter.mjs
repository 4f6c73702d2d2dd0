// Which keys an order is about: all of what is said has to fit.
import { html } from "../../lib/ui.mjs";
import { Area, Choice, Moment, Text, wrongAt } from "../Field.mjs";
import { Find } from "../Find.mjs";

export const EMPTY_FILTER = { client_id: null, environment: "", owner_team: "", status: "", labels: "", issued_before: null, unused_since: null };

const labelsOf = (text) => Object.fromEntries(text.split("\n").map((line) => line.split("=", 2).map((part) => part.trim())).filter(([name]) => name).map(([name, value]) => [name, value ?? ""]));

/** What is sent: what is empty is not said. */
export function filterOf({ labels, ...rest }) {
  const said = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]).filter(([, value]) => value));
  const named = labelsOf(labels);
  return Object.keys(named).length ? { ...said, labels: named } : said;
}

/** @param {{ value: typeof EMPTY_FILTER, onInput: (value: any) => void, error: any }} props */
export function KeyFilter({ value, onInput, error }) {
  const set = (changes) => onInput({ ...value, ...changes });
  const at = (name) => wrongAt(error, `/filter/${name}`);
  return html`
    <${Find} what="clients" label="Client" none="any" value=${value.client_id} onInput=${(client_id) => set({ client_id })} error=${at("client_id")} />
    <${Text} label="Owner team" value=${value.owner_team} onInput=${(owner_team) => set({ owner_team })} error=${at("owner_team")} />
    <${Text} label="Environment" value=${value.environment} onInput=${(environment) => set({ environment })} error=${at("environment")} />
    <${Choice} label="Status" value=${value.status} onInput=${(status) => set({ status })}
      options=${[["", "Active or suspended"], ["active", "Active"], ["suspended", "Suspended"]]} />
    <${Moment} label="Issued before" value=${value.issued_before} onInput=${(issued_before) => set({ issued_before })} error=${at("issued_before")} />
    <${Moment} label="Not used since" value=${value.unused_since} onInput=${(unused_since) => set({ unused_since })}
      hint="In UTC. Keys that were issued before it, and not used since." error=${at("unused_since")} />
    <${Area} label="Labels of the client" mono rows=${2} value=${value.labels} onInput=${(labels) => set({ labels })} hint="One a line: tier=gold." error=${at("labels")} />`;
}
