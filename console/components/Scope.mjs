// How far something goes: everything, or what a team owns, or an environment, or both at once.
import { html } from "../lib/ui.mjs";
import { list } from "../lib/format.mjs";
import { Choice, Text, Words, wrongAt } from "./Field.mjs";

/** What the fields hold of a scope that was read, and of none. */
export const scopeForm = (scope) => ({ kind: scope?.kind ?? "all", team: scope?.team ?? "", environments: scope?.environments ?? [] });

/** What is sent: what is left out never means all. */
export const scopeBody = ({ kind, team, environments }) => (kind === "all" ? { kind } : {
  kind, ...(team.trim() ? { team: team.trim() } : {}), ...(environments.length ? { environments } : {}),
});

/** @param {{ scope: any }} props */
export function Scope({ scope }) {
  if (scope.kind === "all") return html`<span>everything</span>`;
  return html`<span>${[scope.team, scope.environments?.length && list(scope.environments)].filter(Boolean).join(" in ")}</span>`;
}

/** @param {{ value: any, onInput: (value: any) => void, error: any, label?: string }} props */
export function ScopeFields({ value, onInput, error, label = "Reaches" }) {
  const set = (changes) => onInput({ ...value, ...changes });
  return html`
    <${Choice} label=${label} required value=${value.kind} onInput=${(kind) => set({ kind })}
      options=${[["all", "Everything"], ["limited", "A team or environments alone"]]} error=${wrongAt(error, "/scope")} />
    ${value.kind === "limited" && html`
      <${Text} label="Team" value=${value.team} onInput=${(team) => set({ team })} hint="The clients that it owns, and their keys." />
      <${Words} label="Environments" value=${value.environments} onInput=${(environments) => set({ environments })} hint="prod, sandbox. With a team: both have to hold." />`}`;
}
