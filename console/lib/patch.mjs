// A JSON Patch (RFC 6902) as what differs: field, what was there, what is there now.

/** @typedef {{ op: string, path: string, value?: any }} Operation */

const named = (path) => path.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).join(" › ");

/**
 * @param {Operation[]} changes a `test` before `replace` and `remove` says what was there
 * @returns {{ field: string, from?: unknown, to: unknown }[]}
 */
export function differencesOf(changes) {
  const before = new Map();
  const found = [];
  for (const { op, path, value } of changes) {
    if (op === "test") before.set(path, value);
    // The first state of a thing is a patch of its root: there is nothing that it differs from.
    else if (path === "") found.push(...Object.entries(value ?? {}).map(([field, one]) => ({ field, to: one })));
    else found.push({ field: named(path), from: before.get(path) ?? null, to: op === "remove" ? null : value });
  }
  return found;
}
