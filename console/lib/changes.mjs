// One stream of changes for all that look (`GET /v1/changes`). It is read by fetch: EventSource sends no token.
import { open } from "./api.mjs";

/** After a stream that broke, and after one that the server ended: something between may end each at once. */
const AGAIN_MS = { broken: 5_000, ended: 1_000 };

const listeners = new Set();
/** @type {AbortController | null} */
let reading = null;
let last = "";

/**
 * Calls the listener whenever there is something new to read.
 * @param {() => void} listener
 * @returns {() => void} stops it
 */
export function watch(listener) {
  listeners.add(listener);
  if (!reading) start();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) stop();
  };
}

function start() {
  const mine = new AbortController();
  reading = mine;
  read(mine.signal).then(() => AGAIN_MS.ended, () => AGAIN_MS.broken).then((ms) => {
    if (reading !== mine) return;
    setTimeout(() => { if (reading === mine) start(); }, ms);
  });
}

function stop() {
  reading?.abort();
  reading = null;
}

/** @param {AbortSignal} signal */
async function read(signal) {
  const answer = await open({ path: "/v1/changes", accept: "text/event-stream", signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    events.forEach(tell);
  }
}

/** @param {string} event what begins with a colon keeps the connection alive and says nothing */
function tell(event) {
  if (event.startsWith(":") || event === last) return;
  const first = last === "";
  last = event;
  if (!first) for (const listener of listeners) listener();
}
