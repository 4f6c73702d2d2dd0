// What is said of a route: the same form for a new one and for a change.
import { html } from "../../lib/ui.mjs";
import { Checks, Count, Text, Words, wrongAt } from "../Field.mjs";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export const EMPTY_ROUTE = { name: "", methods: ["GET"], path: "/", hosts: [], required_scopes: [], cost: 1 };
export const formOf = ({ name, methods, path, hosts, required_scopes, cost }) => ({ name, methods, path, hosts, required_scopes, cost });

/** @param {{ value: any, onInput: (value: any) => void, error: any }} props */
export function RouteFields({ value, onInput, error }) {
  const set = (changes) => onInput({ ...value, ...changes });
  // What was read may have others than the usual ones.
  const methods = [...new Set([...METHODS, ...value.methods])];
  return html`
    <${Text} label="Name" required value=${value.name} onInput=${(name) => set({ name })} hint="As reports say it: Read an order."
      error=${wrongAt(error, "/name")} />
    <${Text} label="Path" required mono value=${value.path} onInput=${(path) => set({ path })}
      hint=${html`<code>${"{id}"}</code> stands for one segment, <code>${"{*rest}"}</code> for all that follow.`}
      error=${wrongAt(error, "/path")} />
    <${Checks} label="Methods" options=${methods} value=${value.methods} onInput=${(chosen) => set({ methods: chosen })}
      error=${wrongAt(error, "/methods")} />
    <${Words} label="Hosts" value=${value.hosts} onInput=${(hosts) => set({ hosts })}
      hint="Empty: any. *.example.com is every host with one label more." error=${wrongAt(error, "/hosts")} />
    <${Words} label="Required scopes" value=${value.required_scopes} onInput=${(required_scopes) => set({ required_scopes })}
      hint="A call needs all of them." error=${wrongAt(error, "/required_scopes")} />
    <${Count} label="Cost" required min=${1} max=${1000} value=${value.cost} onInput=${(cost) => set({ cost })}
      hint="What one call takes from every limit." error=${wrongAt(error, "/cost")} />`;
}
