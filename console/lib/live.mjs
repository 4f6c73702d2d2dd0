// What goes on while somebody looks: asked again when the server tells that there is something new, and every few seconds for what no
// log has in it (deliveries, nodes), or where it does not tell. A hidden page asks nothing, and asks at once when it is seen again.
import { watch } from "./changes.mjs";

/** However much goes on. */
const APART_MS = 1_000;

/**
 * @param {() => Promise<unknown>} ask never overlaps with itself; a failure is the asker's to show, and it is asked again
 * @param {{ every: number }} options seconds
 * @returns {() => void} stops it
 */
export function follow(ask, { every }) {
  let timer = 0;
  let [stopped, asking, again] = [false, false, false];

  const next = () => {
    clearTimeout(timer);
    if (stopped || document.hidden) return;
    timer = window.setTimeout(turn, again ? APART_MS : every * 1000);
  };
  const turn = async () => {
    clearTimeout(timer);
    [asking, again] = [true, false];
    try {
      await ask();
    } catch {
      // Said where it is shown.
    }
    asking = false;
    next();
  };
  const seen = () => {
    if (document.hidden) clearTimeout(timer);
    else if (!stopped && !asking) turn();
  };
  const changed = () => {
    if (again) return;
    again = true;
    if (!asking) next();
  };

  document.addEventListener("visibilitychange", seen);
  const deaf = watch(changed);
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
    deaf();
    document.removeEventListener("visibilitychange", seen);
  };
}
