// The console begins here: who is signed in, and which page is shown. It is the first client of the public REST API and knows
// nothing else.
import { html, render, useEffect, useState } from "./lib/ui.mjs";
import { onSignedOut } from "./lib/api.mjs";
import { forgetNames } from "./lib/names.mjs";
import { Signed } from "./lib/permissions.mjs";
import { showTheme } from "./lib/prefs.mjs";
import { forget, resumed, signOut } from "./lib/session.mjs";
import { Shell } from "./components/Shell.mjs";
import { Loading } from "./components/States.mjs";
import { Toasts } from "./components/Toast.mjs";
import { SignIn } from "./components/SignIn.mjs";

function Console() {
  const [signed, setSigned] = useState(/** @type {any} */ (undefined));
  const [said, setSaid] = useState(/** @type {{ text?: string, provider?: string }} */ ({}));

  const leave = (next) => {
    forget();
    forgetNames();
    setSaid(next);
    setSigned(null);
  };
  useEffect(() => { resumed().then(setSigned); }, []);
  useEffect(() => onSignedOut(() => leave({ text: "You are not signed in any more. Sign in again." })), []);
  const out = () => signOut(signed).then((provider) => leave({ provider }), (error) => leave({ text: error.message }));

  if (signed === undefined) return html`<div class="gate"><${Loading} what="Looking who you are…" /></div>`;
  return html`<${Signed.Provider} value=${signed}>
    ${signed ? html`<${Shell} signed=${signed} onSignOut=${out} />` : html`<${SignIn} said=${said} onSignedIn=${setSigned} />`}
    <${Toasts} />
  <//>`;
}

showTheme();
render(html`<${Console} />`, document.getElementById("console"));
