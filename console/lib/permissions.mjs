// What whoever is signed in may do, by the same table that the server decides by (`GET /v1/roles`). It decides what is
// offered; the server decides what is done.
import { createContext, useContext } from "./ui.mjs";

export const Signed = createContext(/** @type {import("./session.mjs").SignedIn | null} */ (null));

/** Of what a permission is asked: nothing said is the whole installation. @typedef {{ team?: string, environments?: string[] }} Facts */

const covers = (scope, facts) => {
  if (scope.kind === "all") return true;
  if (!facts) return false;
  const team = !scope.team || scope.team === facts.team;
  const places = !scope.environments?.length || (facts.environments ?? []).every((one) => scope.environments.includes(one));
  return team && places;
};

/** @param {import("./session.mjs").SignedIn} signed @param {string} permission @param {Facts | null} facts */
export function holds(signed, permission, facts = null) {
  const gives = new Map(signed.roles.roles.map((role) => [role.role, role.permissions]));
  return signed.who.grants.some((grant) => (gives.get(grant.role) ?? []).includes(permission) && covers(grant.scope, facts));
}

/**
 * `may(permission)`: somewhere at all. `refusal(permission, facts)`: null if it may be done there, else the reason for people.
 */
export function useMay() {
  const signed = useContext(Signed);
  const may = (permission) => Boolean(signed?.who.permissions.includes(permission));
  const refusal = (permission, facts = null) => {
    if (!signed || !may(permission)) return `This needs the permission ${permission}, which you do not hold.`;
    if (!holds(signed, permission, facts)) return `You hold the permission ${permission}, but not here.`;
    return null;
  };
  return { may, refusal };
}

/** @param {Api["Client"] | null} client */
export const factsOfClient = (client) => (client ? { team: client.owner.team, environments: client.environments } : null);
/** @param {Api["Key"] | null} key @param {Api["Client"] | null} client */
export const factsOfKey = (key, client) => (key && client ? { team: client.owner.team, environments: [key.environment] } : null);
