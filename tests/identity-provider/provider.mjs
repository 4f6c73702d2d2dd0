// The identity provider that the whole-system tests sign in by: npm's oidc-provider with its own pages for people.
// Anybody who names an account is taken for it; its groups are what follows the account's name.
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [modules, port, redirectUri] = process.argv.slice(2);
const entry = pathToFileURL(join(modules, "node_modules", "oidc-provider", "lib", "index.js"));
const { default: Provider } = await import(entry);

const groups = { ada: ["g-view"], bob: [] };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "tollgate",
      client_secret: "a-secret+of the:client",
      redirect_uris: [redirectUri],
    },
    {
      client_id: "ci",
      client_secret: "a-secret-of-a-machine",
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    },
  ],
  claims: { openid: ["sub", "groups"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: groups[id] ?? [] }),
  }),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({ scope: "api", audience: resource, accessTokenFormat: "jwt" }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
