// Who is signed in: by a token that this page holds, or by the session's cookie.
import { Refused, hasToken, send, setToken } from "./api.mjs";

/** @typedef {{ who: Api["Whoami"], roles: Api["Roles"], byToken: boolean }} SignedIn */

/** @returns {Promise<SignedIn>} */
async function introduced() {
  const [who, roles] = await Promise.all([send({ path: "/v1/whoami" }), send({ path: "/v1/roles" })]);
  return { who: who.body, roles: roles.body, byToken: hasToken() };
}

/** @param {string} text @returns {Promise<SignedIn>} */
export async function signInByToken(text) {
  const given = text.trim();
  // What cannot be a token is not sent anywhere.
  if (!/^[\x21-\x7e]+$/.test(given)) throw new Refused(401, null);
  setToken(given);
  try {
    return await introduced();
  } catch (error) {
    setToken(null);
    throw error;
  }
}

/** Somebody may be signed in already by an identity provider. @returns {Promise<SignedIn | null>} */
export async function resumed() {
  try {
    await send({ path: "/v1/whoami" });
  } catch {
    return null;
  }
  return introduced();
}

/** Where to go for being signed out at the provider, too, if there is such a place. */
export async function signOut(signedIn) {
  if (signedIn.byToken) {
    setToken(null);
    return null;
  }
  const own = await send({ path: "/v1/session" });
  await send({ method: "DELETE", path: "/v1/session" });
  return own.body?.provider_sign_out ?? null;
}

export const forget = () => setToken(null);

/** Whether there is a provider to be sent on to. */
export async function providerThere() {
  const start = await fetch("/v1/session/start", { method: "HEAD", redirect: "manual" }).catch(() => null);
  return start?.type === "opaqueredirect";
}

/** Whether whoever comes back from the provider was not let in; said once. */
export function wasRefused() {
  const refused = new URLSearchParams(location.search).get("sign_in") === "refused";
  if (refused) history.replaceState(null, "", location.pathname + location.hash);
  return refused;
}
