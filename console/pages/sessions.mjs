// Where people are signed in.
import { html } from "../lib/ui.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Sessions } from "../components/access/Sessions.mjs";
import { Page, Section } from "../components/Page.mjs";

export default function SessionsPage({ query }) {
  const { refusal } = useMay();
  const all = !refusal("principal.read");
  const call = { path: "/v1/sessions", query };
  return html`<${Page} title="Sessions"
    about=${all ? "Where people are signed in by an identity provider. Tokens have no sessions." : "Where you are signed in by an identity provider. Tokens have no sessions."}
    calls=${[call]}>
    <${Section} title=${all ? "Everybody's" : "Yours"}><${Sessions} query=${query} empty="Nobody is signed in by an identity provider." /><//>
  <//>`;
}
