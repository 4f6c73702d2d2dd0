// The console: a reader of the public REST API. Whoever has signed in is known by the session's cookie, which no script
// reads; a token lives in this module's memory and nowhere else.
let token = null;
let inSession = false;
let shown = 0;

const $ = (id) => document.getElementById(id);
const list = (items) => (items?.length ? items.join(", ") : "–");
const time = (text) => (text ? text.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC") : "–");
const limits = (policy) => [
  ...policy.rates.map((rate) => `${rate.name}: ${rate.requests} per ${rate.per_seconds} s, burst ${rate.burst}`),
  ...policy.quotas.map((quota) => `${quota.name}: ${quota.requests} per ${quota.window} ${quota.period}`),
].join("; ");

const sections = {
  clients: {
    title: "Clients",
    about: "Who may call, in the order of their registration.",
    empty: "No client is registered yet.",
    path: "/v1/clients",
    columns: [
      ["Name", (client) => client.name], ["Status", (client) => client.status, "status"], ["Kind", (client) => client.kind],
      ["Owner", (client) => client.owner.team], ["Environments", (client) => list(client.environments)],
      ["Scopes", (client) => list(client.scopes)], ["Id", (client) => client.id, "id"],
    ],
  },
  keys: {
    title: "Keys",
    about: "Of a secret only its last characters are known here.",
    empty: "No key is issued yet.",
    path: "/v1/keys",
    columns: [
      ["Name", (key) => key.name], ["Status", (key) => key.status, "status"], ["Environment", (key) => key.environment],
      ["Secret", (key) => key.hint, "id"], ["Expires", (key) => time(key.expires_at)],
      ["Last used", (key) => time(key.last_used_at)], ["Client", (key) => key.client_id, "id"], ["Id", (key) => key.id, "id"],
    ],
  },
  policies: {
    title: "Policies",
    about: "How fast and how much clients may call.",
    empty: "No policy is defined yet: calls are not limited.",
    path: "/v1/policies",
    columns: [
      ["Name", (policy) => policy.name], ["Status", (policy) => policy.status, "status"],
      ["Mode", (policy) => policy.mode, "status"], ["Limits", limits], ["Counted by", (policy) => policy.counting],
      ["Revision", (policy) => policy.revision, "number"], ["Id", (policy) => policy.id, "id"],
    ],
  },
  usage: {
    title: "Usage",
    about: "Calls of the last 24 hours, rounded to quarters of an hour, by client and environment.",
    empty: "No call was counted in the last 24 hours.",
    path: "/v1/reports/usage?granularity=total&group_by=client,environment",
    columns: [
      ["Client", (row) => row.client_id ?? "not authenticated", "id"], ["Environment", (row) => row.environment ?? "–"],
      ["Allowed", (row) => row.allowed, "number"], ["Rate limited", (row) => row.rate_limited, "number"],
      ["Quota exceeded", (row) => row.quota_exceeded, "number"], ["Unauthenticated", (row) => row.unauthenticated, "number"],
      ["Forbidden", (row) => row.forbidden, "number"], ["Total", (row) => row.total, "number"],
    ],
  },
  audit: {
    title: "Audit log",
    about: "Every change, from the newest on.",
    empty: "Nothing has been changed yet.",
    path: "/v1/audit",
    columns: [
      ["Position", (entry) => entry.position, "number"], ["When", (entry) => time(entry.occurred_at)],
      ["Who", (entry) => entry.actor.id], ["What", (entry) => entry.action], ["Subject", (entry) => entry.subject.id, "id"],
      ["Why", (entry) => entry.reason ?? "–"], ["From", (entry) => entry.address ?? "–"],
    ],
  },
};

class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.requestId = problem?.request_id;
  }
}

async function read(path, bearer = token, method = "GET") {
  const headers = { accept: "application/json", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) };
  let response;
  try {
    response = await fetch(path, { method, headers, cache: "no-store", credentials: bearer ? "omit" : "same-origin" });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
  if (!body) throw new Error("The server's answer cannot be read.");
  return body;
}

function cell(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (tag === "th") element.scope = "col";
  if (kind) element.className = kind;
  if (kind === "status") element.dataset.word = text;
  return element;
}

function row(tag, columns, text) {
  const element = document.createElement("tr");
  element.append(...columns.map((column) => cell(tag, text(column), column[2])));
  return element;
}

async function show(section, cursor) {
  const mine = ++shown;
  const [head, body] = [$("table").tHead, $("table").tBodies[0]];
  $("state").className = "";
  $("state").textContent = "Reading…";
  $("more").hidden = true;
  if (!cursor) {
    $("title").textContent = section.title;
    $("about").textContent = section.about;
    $("table").hidden = true;
    head.replaceChildren(row("th", section.columns, ([name]) => name));
    body.replaceChildren();
  }
  try {
    const page = await read(cursor ? `${section.path}?cursor=${encodeURIComponent(cursor)}` : section.path);
    if (mine !== shown) return;
    body.append(...page.items.map((item) => row("td", section.columns, ([, text]) => text(item))));
    $("table").hidden = body.rows.length === 0;
    $("state").textContent = body.rows.length === 0 ? section.empty : "";
    $("more").hidden = !page.next_cursor;
    $("more").onclick = () => show(section, page.next_cursor);
  } catch (error) {
    if (mine === shown) failed(error);
  }
}

function failed(error) {
  if (error instanceof Refused && error.status === 401) return signOut("You are not signed in any more. Sign in again.");
  $("state").className = "error";
  $("state").textContent = error.requestId ? `${error.message} (request ${error.requestId})` : error.message;
}

function open() {
  if (!token && !inSession) return;
  // Letters link to one thing of a section, as in `#keys/key_…`: the section is what there is to open.
  const wanted = location.hash.slice(1).split("/")[0];
  const name = wanted in sections ? wanted : "clients";
  for (const link of $("tabs").children) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  show(sections[name]);
}

function arrange(signedIn) {
  for (const id of ["tabs", "who", "view"]) $(id).hidden = !signedIn;
  $("sign-in").hidden = signedIn;
}

function signOut(why) {
  token = null;
  inSession = false;
  shown += 1;
  $("table").tBodies[0].replaceChildren();
  arrange(false);
  $("sign-in-error").textContent = why;
  $("token").focus();
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = $("token").value.trim();
  $("sign-in-error").textContent = "";
  try {
    if (!/^[\x21-\x7e]+$/.test(given)) throw new Refused(401);
    const me = await read("/v1/whoami", given);
    token = given;
    $("token").value = "";
    $("who-name").textContent = me.id;
    arrange(true);
    open();
    $("title").focus();
  } catch (error) {
    const refused = error instanceof Refused && error.status === 401;
    $("sign-in-error").textContent = refused ? "This token is not valid." : error.message;
  }
});
$("sign-out").addEventListener("click", async () => {
  try {
    const own = inSession ? await read("/v1/session", null) : null;
    if (inSession) await read("/v1/session", null, "DELETE");
    signOut("");
    // At the provider one is signed in still.
    $("provider-out").hidden = !own?.provider_sign_out;
    if (own?.provider_sign_out) $("provider-out-link").href = own.provider_sign_out;
  } catch (error) {
    failed(error);
  }
});
window.addEventListener("hashchange", open);

// Somebody may be signed in already, or come back from the provider without having been let in.
async function begin() {
  const refused = new URLSearchParams(location.search).get("sign_in") === "refused";
  if (refused) {
    history.replaceState(null, "", location.pathname + location.hash);
    $("sign-in-error").textContent = "You were not signed in. Ask whoever looks after Tollgate.";
  }
  // Where no provider is set there is nothing to be sent on to.
  const start = await fetch("/v1/session/start", { method: "HEAD", redirect: "manual" }).catch(() => null);
  $("by-provider").hidden = start?.type !== "opaqueredirect";
  try {
    const me = await read("/v1/whoami", null);
    inSession = true;
    $("who-name").textContent = me.id;
    arrange(true);
    open();
  } catch {
    // Nobody is; the form is there.
  }
}
begin();
