// What this browser knows of a log from before: the last checkpoint that it has verified, and a key that somebody pinned. Both are
// public. A server that shows another history later is found out by them.
const NAME = "tollgate.log";

const read = () => {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "{}") ?? {};
  } catch {
    return {};
  }
};

/** @returns {{ note?: string, at?: string, vkey?: string }} */
export const pinned = () => read();

/** @param {{ note?: string | null, at?: string | null, vkey?: string | null }} changes null takes away */
export function pin(changes) {
  const next = Object.fromEntries(Object.entries({ ...read(), ...changes }).filter(([, value]) => value));
  try {
    localStorage.setItem(NAME, JSON.stringify(next));
  } catch {
    // A browser that keeps nothing begins anew each time.
  }
  return next;
}
