// Who somebody is: people and service accounts by their identifier, read once in two lists and kept while the page is open.
import { useContext, useEffect, useState } from "./ui.mjs";
import { send } from "./api.mjs";
import { Signed } from "./permissions.mjs";

/** @typedef {{ id: string, name: string | null, kind: "person" | "service account", place: string, status: string, team?: string }} Principal */

let read = null;
let reader = null;

/** After a change of names, or of who there is. */
export const forgetPrincipals = () => { read = null; };

async function all(path, of) {
  const answer = await send({ path, query: { limit: 200 } }).catch(() => null);
  return (answer?.body.items ?? []).map(of);
}

/** @param {string[]} permissions @returns {Promise<Principal[]>} */
async function everybody(permissions) {
  const [people, accounts] = await Promise.all([
    permissions.includes("principal.read") ? all("/v1/principals", (one) => ({ id: one.id, name: one.name ?? null, kind: "person", place: `#/principals/${one.id}`, status: one.status })) : [],
    permissions.includes("service_account.read") ? all("/v1/service-accounts", (one) => ({ id: one.id, name: one.name, kind: "service account", place: `#/service-accounts/${one.id}`, status: one.status, team: one.team })) : [],
  ]);
  return [...people, ...accounts];
}

/** Everybody whom the reader may see; null while they are read. @returns {Principal[] | null} */
export function usePrincipals() {
  const signed = useContext(Signed);
  const [found, setFound] = useState(/** @type {Principal[] | null} */ (null));
  useEffect(() => {
    let mine = true;
    // Somebody else may see others.
    if (!read || reader !== signed) [read, reader] = [everybody(signed?.who.permissions ?? []), signed];
    read.then((items) => mine && setFound(items));
    return () => { mine = false; };
  }, [signed]);
  return found;
}
