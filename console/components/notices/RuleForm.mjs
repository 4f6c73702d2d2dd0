// What is told, about what, to whom and when: the same form for a new rule and for a change.
import { html } from "../../lib/ui.mjs";
import { zones } from "../../lib/prefs.mjs";
import { Choice, Text, Words, wrongAt } from "../Field.mjs";
import { Find } from "../Find.mjs";
import { Recipients, recipientBody, recipientForm } from "./Recipients.mjs";
import { NOTICES } from "./words.mjs";

const HOURS = Array.from({ length: 24 }, (_, hour) => [String(hour), `${String(hour).padStart(2, "0")}:00`]);

export const EMPTY_RULE = {
  name: "", notices: ["key_expiring", "quota_threshold"], recipients: [recipientForm({ kind: "owner" })], about: { client_id: null, team: "", environment: "" },
  thresholds: [], days_before: [], digest: false, hour: "8", time_zone: "UTC", team_zones: {},
  report: { every: "month", time_zone: "UTC", form: "csv" },
};

/** What the form holds of a rule that was read. @param {any} rule */
export const formOf = ({ name, notices, recipients, about, thresholds, days_before, cadence, report }) => ({
  name, notices, recipients: recipients.map(recipientForm), about: { client_id: about.client_id ?? null, team: about.team ?? "", environment: about.environment ?? "" },
  thresholds, days_before, digest: cadence.kind === "digest", hour: String(cadence.hour ?? 8), time_zone: cadence.time_zone ?? "UTC", team_zones: cadence.team_zones ?? {},
  report: report ?? EMPTY_RULE.report,
});

const said = (fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]).filter(([, value]) => value));

export const bodyOf = ({ name, notices, recipients, about, thresholds, days_before, digest, hour, time_zone, team_zones, report }) => ({
  name: name.trim(), notices, recipients: recipients.map(recipientBody), about: said(about),
  ...(thresholds.length ? { thresholds } : {}), ...(days_before.length ? { days_before } : {}),
  cadence: digest ? { kind: "digest", hour: Number(hour), time_zone, ...(Object.keys(team_zones).length ? { team_zones } : {}) } : { kind: "immediate" },
  ...(notices.includes("usage_report") ? { report } : {}),
});

/** @param {{ value: any, onInput: (value: any) => void, error: any }} props */
export function RuleFields({ value, onInput, error }) {
  const set = (changes) => onInput({ ...value, ...changes });
  const about = (changes) => set({ about: { ...value.about, ...changes } });
  const numbers = (name) => (words) => set({ [name]: words.map((word) => Number(word.replace("%", ""))) });
  return html`
    <${Text} wide label="Name" required value=${value.name} onInput=${(name) => set({ name })} error=${wrongAt(error, "/name")} />
    <${Notices} value=${value.notices} onInput=${(notices) => set({ notices })} error=${wrongAt(error, "/notices")} />
    ${value.notices.some((one) => one.startsWith("quota_")) && html`<${Words} label="Thresholds" value=${value.thresholds}
      onInput=${numbers("thresholds")} hint="Percent of a quota: 80, 100. Empty: those of the policy, or 50, 80, 90 and 100." error=${wrongAt(error, "/thresholds")} />`}
    ${value.notices.includes("key_expiring") && html`<${Words} label="Days before expiry" value=${value.days_before}
      onInput=${numbers("days_before")} hint="Of a key: 30, 7, 1. Empty: 60, 30, 14, 7, 3 and 1." error=${wrongAt(error, "/days_before")} />`}
    ${value.notices.includes("usage_report") && html`<${Report} value=${value.report} onInput=${(report) => set({ report })} error=${error} />`}
    <${Recipients} value=${value.recipients} onInput=${(recipients) => set({ recipients })} error=${error} />
    <fieldset class="field"><legend>About</legend><p class="hint">All that is said has to hold. Nothing said: everything.</p><div class="limit">
      <${Find} what="clients" label="Client" none="every client" value=${value.about.client_id} onInput=${(client_id) => about({ client_id })}
        error=${wrongAt(error, "/about/client_id")} />
      <${Text} label="Team" value=${value.about.team} onInput=${(team) => about({ team })} error=${wrongAt(error, "/about/team")} />
      <${Text} label="Environment" value=${value.about.environment} onInput=${(environment) => about({ environment })}
        error=${wrongAt(error, "/about/environment")} /></div></fieldset>
    <${Choice} label="Letters go out" required value=${value.digest ? "digest" : "immediate"} onInput=${(kind) => set({ digest: kind === "digest" })}
      options=${[["immediate", "At once"], ["digest", "Together, every day"]]} hint="Webhooks are told at once." error=${wrongAt(error, "/cadence")} />
    ${value.digest && html`
      <${Choice} label="At" required value=${value.hour} onInput=${(hour) => set({ hour })} options=${HOURS} />
      <${Choice} label="In the zone" required value=${value.time_zone} onInput=${(time_zone) => set({ time_zone })} options=${zones().map((zone) => [zone, zone])} />
      <${TeamZones} value=${value.team_zones} onInput=${(team_zones) => set({ team_zones })} />`}`;
}

function Report({ value, onInput, error }) {
  const choice = (label, name, options, hint) => html`<${Choice} label=${label} required value=${value[name]} onInput=${(said) => onInput({ ...value, [name]: said })} options=${options} hint=${hint} error=${wrongAt(error, `/report/${name}`)} />`;
  return html`
    ${choice("Usage is told each", "every", [["week", "Week, from Monday"], ["month", "Month"]])}
    ${choice("Of the zone", "time_zone", zones().map((zone) => [zone, zone]))}
    ${choice("Letters have", "form", [["csv", "The sums, and the rows of each day as a file"], ["summary", "The sums"]], "Webhooks are told the sums.")}`;
}

function TeamZones({ value, onInput }) {
  const text = Object.entries(value).map(([team, zone]) => `${team}=${zone}`).join(", ");
  const typed = (now) => onInput(Object.fromEntries(now.split(",").map((part) => part.split("=").map((one) => one.trim())).filter(([team, zone]) => team && zone)));
  return html`<${Text} label="Zones of teams" value=${text} onInput=${typed} hint="Orders=Asia/Tokyo: that hour of the team's own day." />`;
}

function Notices({ value, onInput, error }) {
  const toggle = (one, on) => onInput(on ? [...value, one] : value.filter((other) => other !== one));
  return html`<fieldset class="field"><legend>Notices</legend>
    <div class="choices">${Object.entries(NOTICES).map(([one, when]) => html`<label
      class="check"><input type="checkbox" checked=${value.includes(one)}
      onChange=${(event) => toggle(one, event.target.checked)} /><span>${one.replaceAll("_", " ")}<span class="item quiet small">when ${when}</span></span></label>`)}</div>
    ${error && html`<p class="wrong">${error}</p>`}
  </fieldset>`;
}
