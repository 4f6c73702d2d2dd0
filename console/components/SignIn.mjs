// The door: by an identity provider where there is one, or by a token.
import { html, useEffect, useRef, useState } from "../lib/ui.mjs";
import { Refused } from "../lib/api.mjs";
import { providerThere, signInByToken, wasRefused } from "../lib/session.mjs";
import { Act } from "./Act.mjs";

/** @param {{ said: { text?: string, provider?: string }, onSignedIn: (signed: any) => void }} props */
export function SignIn({ said, onSignedIn }) {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState(() => (wasRefused() ? "You were not signed in. Ask whoever looks after Tollgate." : said.text ?? ""));
  const [provider, setProvider] = useState(false);
  const field = useRef(null);
  useEffect(() => {
    document.title = "Sign in · Tollgate";
    field.current?.focus();
    providerThere().then(setProvider);
  }, []);

  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      onSignedIn(await signInByToken(token));
    } catch (error) {
      setWrong(error instanceof Refused && error.status === 401 ? "This token is not valid." : error.message);
      setBusy(false);
      field.current?.focus();
    }
  };
  return html`<div class="gate"><main>
    <div class="brand"><img src="/console.svg" alt="" /> Tollgate</div>
    <h1>Sign in</h1>
    ${provider && html`<a class="button" data-kind="main" href=${startAt()}>Sign in with your organisation's account</a><p
      class="quiet small">or by a token</p>`}
    ${said.provider && html`<p>You are still signed in with your organisation. <a href=${said.provider}
      rel="noreferrer">Sign out there, too</a></p>`}
    <form onSubmit=${submit}>
      <label for="token">Admin token</label>
      <input ref=${field} id="token" type="password" class="mono" autocomplete="off" spellcheck="false" required value=${token}
        aria-describedby="token-hint token-wrong" aria-invalid=${wrong ? "true" : null}
          onInput=${(event) => setToken(event.target.value)} />
      <p class="hint" id="token-hint">Kept in this page's memory only: reloading or closing it signs you out.</p>
      <p class="wrong" id="token-wrong" role="alert">${wrong}</p>
      <${Act} type="submit" kind=${provider ? "plain" : "main"} busy=${busy}>Sign in<//>
    </form>
  </main></div>`;
}

// Whoever followed a link into the console comes back to it. The fragment is no part of what a provider is told.
const startAt = () => `/v1/session/start?${new URLSearchParams({ return_to: `/${location.hash}` })}`;
