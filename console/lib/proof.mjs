// RFC 6962 in the browser: whether an entry is in the tree that a checkpoint signs, computed here and not asked for.
// Sources: RFC 6962 §2.1, RFC 9162 §2.1.3.2; C2SP signed-note and tlog-checkpoint.

const NODE = 1;
const ED25519_NOTE = 1;
const EM_DASH = "\u2014";

/** @param {Uint8Array} bytes */
async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (bytes)));
}

const joined = (...parts) => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** Bytes of a digest as the API writes it, hexadecimal or base64. */
export function bytesOf(text) {
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.from(text.match(/../g).map((two) => parseInt(two, 16)));
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}

export const hexOf = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const equal = (a, b) => a.length === b.length && a.every((one, at) => one === b[at]);
const nodeOf = (left, right) => sha256(joined([NODE], left, right));

/**
 * The root of a tree in which this leaf is at that place. Throws where the path does not fit the tree.
 * @param {{ index: number, size: number, leaf: Uint8Array, path: Uint8Array[] }} proof `index` from 0: a position of the log less one
 */
export async function rootOf({ index, size, leaf, path }) {
  if (!(index >= 0 && index < size)) throw new Error("The entry lies outside of the tree.");
  let [at, last, hash] = [index, size - 1, leaf];
  for (const beside of path) {
    if (last === 0) throw new Error("The proof is longer than the tree is high.");
    if (at % 2 === 1 || at === last) {
      hash = await nodeOf(beside, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      hash = await nodeOf(hash, beside);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Error("The proof is shorter than the tree is high.");
  return hash;
}

/** What a checkpoint states: its origin, the size of the log and the root. @param {string} note */
export function readCheckpoint(note) {
  const end = note.indexOf("\n\n");
  const [origin, size, root] = note.slice(0, end).split("\n");
  if (end < 0 || !root || !/^\d+$/.test(size)) throw new Error("This is no checkpoint.");
  const signatures = note.slice(end + 2).split("\n").filter((line) => line.startsWith(`${EM_DASH} `)).map((line) => {
    const [, name, text] = line.split(" ");
    return { name, bytes: bytesOf(text) };
  });
  return { origin, size: Number(size), root: bytesOf(root), signed: new TextEncoder().encode(note.slice(0, end + 1)), signatures };
}

/** A verifier key of C2SP: `name+hash+base64`. @param {string} text */
export async function readVerifierKey(text) {
  // The name may have a plus in it, and so may base64: the hash between them has neither.
  const [, name, hash, key] = /^(.+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = key ? bytesOf(key) : new Uint8Array();
  if (bytes[0] !== ED25519_NOTE || bytes.length !== 33) throw new Error("This is no key of Ed25519.");
  const computed = (await sha256(joined(new TextEncoder().encode(`${name}\n`), bytes))).slice(0, 4);
  if (hexOf(computed) !== hash) throw new Error("The key does not have the hash that it says.");
  return { name, hash: computed, key: bytes.slice(1) };
}

/** Whether one of the keys has signed the checkpoint. @param {string} note @param {string[]} keys */
export async function isSigned(note, keys) {
  const { signed, signatures } = readCheckpoint(note);
  for (const text of keys) {
    const { name, hash, key } = await readVerifierKey(text);
    const verifier = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    for (const one of signatures) {
      const ours = one.name === name && equal(one.bytes.slice(0, 4), hash);
      if (ours && await crypto.subtle.verify("Ed25519", verifier, one.bytes.slice(4), signed)) return true;
    }
  }
  return false;
}

/**
 * Whether an entry is in the log that is signed. Each step says what was found, so that somebody can follow it.
 * @param {Api["InclusionProof"]} proof @param {string[]} keys verifier keys, of `GET /v1/audit/keys` or kept elsewhere, which is better
 */
export async function verifyInclusion(proof, keys) {
  const checkpoint = readCheckpoint(proof.checkpoint);
  if (proof.size !== checkpoint.size) throw new Error(`The proof is of size ${proof.size} and the checkpoint of ${checkpoint.size}: ask for the proof of that size.`);
  const computed = await rootOf({ index: proof.position - 1, size: checkpoint.size, leaf: bytesOf(proof.leaf_hash), path: proof.hashes.map(bytesOf) });
  const included = equal(computed, checkpoint.root);
  const signed = await isSigned(proof.checkpoint, keys);
  return { proven: included && signed, included, signed, size: checkpoint.size, root: hexOf(checkpoint.root), computed: hexOf(computed) };
}
