// The one way to the API: by token or by the session's cookie, with refusals as `Refused`. A token lives in this module's
// memory and nowhere else; the cookie is read by no script.

let token = null;
const deaf = new Set();

/** A business no, or a machine's fault, as the server told it (RFC 9457). */
export class Refused extends Error {
  /** @param {number} status @param {Api["Problem"] | null} problem @param {string | null} etag */
  constructor(status, problem, etag = null) {
    super(problem?.detail ?? `The server answered ${status} without saying why.`);
    this.status = status;
    this.code = problem?.code ?? `http_${status}`;
    this.title = problem?.title;
    this.pointer = problem?.pointer ?? null;
    this.requestId = problem?.request_id ?? null;
    this.etag = etag;
  }
}

/** The server was not reached, or its answer was no answer. */
export class Unreached extends Error {}

export const setToken = (text) => { token = text; };
export const hasToken = () => token !== null;

/** Tells whoever asks that nobody is signed in any more. */
export function onSignedOut(listener) {
  deaf.add(listener);
  return () => deaf.delete(listener);
}

/**
 * One request, as it is shown as curl, too.
 * @typedef {object} Call
 * @property {string} [method] `GET` unless said
 * @property {string} path with the identifiers in it
 * @property {Record<string, unknown>} [query] what is null, undefined or "" is left out
 * @property {unknown} [body] sent as JSON, unless `type` says otherwise and it is text
 * @property {string} [type] content type of a body
 * @property {string} [accept] what is wished for, JSON unless said
 * @property {number | string} [ifMatch] the version that was read
 * @property {string} [idempotencyKey] makes a retry safe
 * @property {string} [approval] the approval that this write was waiting for
 * @property {boolean} [dryRun]
 * @property {boolean} [wait] for the gateways to have applied it
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} body
 * @property {string | null} etag
 * @property {string | null} position
 * @property {Api["Approval"] | null} approval what the write waits for, if it does
 */

/** @param {Call} call */
export function addressOf({ path, query, dryRun, wait }) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  if (dryRun) search.set("dry_run", "true");
  if (wait && !dryRun) search.set("wait", "applied");
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** @param {Call} call @returns {Record<string, string>} without the token */
export function fieldsOf({ body, type, accept, ifMatch, idempotencyKey, approval }) {
  return {
    ...(accept ? { Accept: accept } : {}),
    ...(body !== undefined ? { "Content-Type": type ?? "application/json" } : {}),
    ...(ifMatch !== undefined ? { "If-Match": `"${String(ifMatch).replaceAll('"', "")}"` } : {}),
    ...(idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {}),
    ...(approval ? { "Tollgate-Approval": approval } : {}),
  };
}

/** @param {Call} call @returns {Promise<Answer>} */
export async function send(call) {
  const response = await fetchFor(call);
  const text = response.status === 204 ? "" : await response.text();
  const etag = response.headers.get("etag");
  if (!response.ok) refuse(call, response, parsed(text), etag);
  const wantsText = call.accept && !call.accept.includes("json");
  const body = wantsText ? text : text ? parsed(text) : null;
  if (text && body === null) throw new Unreached("The server's answer cannot be read. Try again.");
  const waits = response.status === 202 && typeof body?.command_hash === "string";
  return { status: response.status, body, etag, position: response.headers.get("tollgate-position"), approval: waits ? body : null };
}

/** The answer as it comes, for what is saved and not read. @param {Call} call @returns {Promise<Response>} */
export async function open(call) {
  const response = await fetchFor(call);
  if (!response.ok) refuse(call, response, parsed(await response.text()), response.headers.get("etag"));
  return response;
}

async function fetchFor(call) {
  const headers = { Accept: "application/json", ...fieldsOf(call), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const body = call.body === undefined ? undefined : typeof call.body === "string" ? call.body : JSON.stringify(call.body);
  try {
    return await fetch(addressOf(call), {
      method: call.method ?? "GET", headers, body, cache: "no-store", signal: call.signal,
      credentials: token ? "omit" : "same-origin",
    });
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new Unreached("The server cannot be reached. Check the connection, then try again.");
  }
}

function refuse(call, response, problem, etag) {
  // Whoever signs in hears of it where they sign in; everybody else has to do so again.
  if (response.status === 401 && call.path !== "/v1/whoami") for (const listener of deaf) listener();
  throw new Refused(response.status, problem, etag);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Of one attempt to do something: a retry by the same key does it once. */
export const newIdempotencyKey = () => crypto.randomUUID();
