// What goes on while somebody looks. Asked again every few seconds as long as the page is seen; a hidden page asks nothing
// and asks at once when it is seen again. Whoever follows does not know how it is told: events pushed by the server fit
// behind the same function.

/**
 * @param {() => Promise<unknown>} ask never overlaps with itself; a failure is the asker's to show, and it is asked again
 * @param {{ every: number }} options seconds
 * @returns {() => void} stops it
 */
export function follow(ask, { every }) {
  let timer = 0;
  let stopped = false;

  const next = () => {
    clearTimeout(timer);
    if (!stopped && !document.hidden) timer = window.setTimeout(turn, every * 1000);
  };
  const turn = async () => {
    try {
      await ask();
    } catch {
      // Said where it is shown.
    }
    next();
  };
  const seen = () => {
    clearTimeout(timer);
    if (!document.hidden && !stopped) turn();
  };

  document.addEventListener("visibilitychange", seen);
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}
