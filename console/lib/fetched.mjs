// Modules that are not there from the beginning: fetched when they are first wanted, or ahead of that, while there is nothing else to do.

/** How often each could not be fetched. */
const failures = new Map();

/** After somebody has come in: what they came for goes first. */
const AHEAD_AFTER_MS = 2_000;

/**
 * A module by its address. A browser keeps a failure as it keeps a module, by the specifier, and does not ask again until the page is
 * reloaded, which would forget a token: so a module that failed is asked for under another one, which the server takes for the same file. It has
 * not run under the first, so there are no two of it; what it imports has the one specifier as ever, and is shared.
 * @param {string} address from the root: `/pages/keys.mjs` @returns {Promise<any>}
 */
export async function fetched(address) {
  const before = failures.get(address) ?? 0;
  try {
    return await import(before > 0 ? `${address}?again=${before}` : address);
  } catch (error) {
    failures.set(address, before + 1);
    // What a module imports cannot be asked for again: its specifier is written in it.
    if (before > 0) error.message += ". If other pages open and this one does not, reload the console.";
    throw error;
  }
}

/**
 * Fetches what is not there yet, one after another, so that a page that is first opened while the server is away, or after it was replaced by
 * another release, is there already, and of the release of the others. A failure ends it: the rest is fetched when it is wanted.
 * @param {string[]} addresses @returns {() => void} stops it
 */
export function fetchedAhead(addresses) {
  let stopped = false;
  const all = async () => {
    for (const address of addresses) {
      await idle();
      if (stopped) return;
      await fetched(address);
    }
  };
  const timer = setTimeout(() => all().catch(() => {}), AHEAD_AFTER_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Not every browser tells when it is idle. */
const idle = () => new Promise((go) => { if ("requestIdleCallback" in window) requestIdleCallback(go); else setTimeout(go, 50); });
