// An explained call: what it would come to, check by check, and why these limits and no others.
import { html } from "../../lib/ui.mjs";
import { lasting, list, words } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Facts, Section } from "../Page.mjs";
import { Candidates } from "../policies/Candidates.mjs";
import { Ref } from "../Ref.mjs";
import { Empty } from "../States.mjs";
import { Time } from "../Time.mjs";
import { RestsOn, Stood } from "./Stood.mjs";

/** @param {{ answer: Api["Explained"] }} props */
export function Explained({ answer }) {
  return html`
    <${Section} title="It would be">
      <p role="status"><${Badge} word=${answer.outcome} />${answer.reason && answer.reason !== answer.outcome && html` <strong>${words(answer.reason)}</strong>`}${answer.retry_after_seconds
        ? html`, to be tried again after ${lasting(answer.retry_after_seconds)}` : ""}
        <span class="quiet"> at ${answer.node}, <${Time}
          at=${answer.at} seconds />${!answer.counted && ", as if no limit had been used: no gateway that judges calls has answered"}</span>
          </p>
      <ol class="timeline">${answer.checks.map((one) => html`<li key=${one.check} data-tone=${one.outcome === "failed" ? "bad" : null}>
        <p><strong>${words(one.check)}</strong> <${Badge} word=${one.outcome}
          tone=${one.outcome === "not_reached" ? "plain" : undefined} />${one.reason && html` ${words(one.reason)}`}</p></li>`)}</ol>
      <${Facts} items=${[
        ["Client", answer.caller ? html`<${Ref} id=${answer.caller.client_id} none="none was found" /> <span
          class="quiet">${answer.caller.client}</span>` : html`<span class="quiet">none was found</span>`],
        ["Route", html`<${Ref} id=${answer.route_id} none="none that takes it" />`],
        ["Other routes that fit", answer.routes.length > 1 ? answer.routes.filter((one) => one.fate !== "won").map((one) => html`<span
          class="item"><${Ref} id=${one.route_id} /> <span class="quiet">${words(one.fate)}</span></span>`) : html`<span
          class="quiet">none</span>`],
        answer.scopes && ["Scopes", html`needs ${list(answer.scopes.required)}<span
          class="item quiet">holds ${list(answer.scopes.held)}</span>${answer.scopes.missing.length > 0 && html`<span
          class="item">lacks <strong>${list(answer.scopes.missing)}</strong></span>`}`],
        answer.cost !== null && ["Takes from each limit", String(answer.cost)],
      ]} />
    <//>
    <${Section} title="Where limits would stand"><${Stood} items=${answer.limits} would /><//>
    <${Section} title="Why these limits"
      about=${answer.candidates_left_out > 0 ? `${answer.candidates_left_out} more that do not fit are left out.` : null}>
      ${answer.candidates.length === 0 ? html`<${Empty} title="No assignment was weighed." />` : html`<${Candidates}
        items=${answer.candidates} />`}<//>
    <${Section} title="What it rests on"><${RestsOn} items=${answer.events} /><//>`;
}
