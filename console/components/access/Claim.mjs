// Making oneself the first administrator; the token that the installation began with opens nothing from then on.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { Act } from "../Act.mjs";
import { Curl } from "../Curl.mjs";
import { Moment, Text, wrongAt } from "../Field.mjs";
import { WriteStatus } from "../Write.mjs";
import { TokenOnce } from "./Token.mjs";

export function Claim() {
  const [value, setValue] = useState({ name: "", email: "", issuer: "", subject: "", expires_at: null });
  const write = useWrite();
  const set = (changes) => setValue({ ...value, ...changes });
  const said = (name, text) => (text.trim() ? { [name]: text.trim() } : {});
  const body = {
    ...said("name", value.name), ...said("email", value.email), ...(value.expires_at ? { expires_at: value.expires_at } : {}),
    ...(value.issuer.trim() ? { identity: { issuer: value.issuer.trim(), subject: value.subject.trim() } } : {}),
  };
  const call = { method: "POST", path: "/v1/claim", body };
  const submit = (event) => {
    event.preventDefault();
    if (!write.busy && value.name.trim()) write.run(call);
  };
  // Whoever held the first token is nobody from now on, and signs in as who they have become.
  if (write.answer) return html`<${TokenOnce} title="The installation is yours" token=${write.answer.body.token}
    onClose=${() => location.reload()}><p>Sign in with it next: the token that you signed in with opens nothing any more.</p><//>`;
  return html`<form class="form" onSubmit=${submit}>
    <${Text} label="Your name" required value=${value.name} onInput=${(name) => set({ name })} error=${wrongAt(write.error, "/name")} />
    <${Text} label="Your address" type="email" value=${value.email} onInput=${(email) => set({ email })} error=${wrongAt(write.error, "/email")} />
    <${Text} label="Identity provider" type="url" value=${value.issuer} onInput=${(issuer) => set({ issuer })}
      hint="As it names itself: https://login.example.com." error=${wrongAt(write.error, "/identity/issuer")} />
    ${value.issuer && html`<${Text} label="Its name for you" required value=${value.subject} onInput=${(subject) => set({ subject })}
      error=${wrongAt(write.error, "/identity/subject")} />`}
    <${Moment} label="Your token stops at" value=${value.expires_at} onInput=${(expires_at) => set({ expires_at })}
      hint="In UTC, at most a year ahead. Empty: in 90 days." error=${wrongAt(write.error, "/expires_at")} />
    <${WriteStatus} write=${write} />
    <div class="row end"><${Act} type="submit" kind="main" busy=${write.busy} refusal=${value.name.trim() ? null : "Say who you are."}>Claim it<//></div>
    <div class="wide"><${Curl} calls=${[call]} /></div>
  </form>`;
}
