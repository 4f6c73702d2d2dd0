// Proofs of the log, checked here with nothing but WebCrypto: the Merkle tree of RFC 6962 and signed notes of C2SP. The server is
// asked for proofs and never for whether they hold.

/** A proof that does not hold, or a note that is none. */
export class Unproven extends Error {}

/** What this browser cannot check; it says nothing about the proof. */
export class Uncheckable extends Error {}

/** WebCrypto is there for pages that came over https or from this machine. */
function subtle() {
  if (!globalThis.crypto?.subtle) throw new Uncheckable("This browser has no WebCrypto here: open the console by https, or at a loopback address.");
  return globalThis.crypto.subtle;
}

export function fromHex(hex) {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Unproven("A hash is not in hexadecimal.");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function fromBase64(said) {
  try {
    return Uint8Array.from(atob(said), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Unproven("Something is not in base 64.");
  }
}

export const sha256 = async (...parts) => new Uint8Array(await subtle().digest("SHA-256", joined(parts)));

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** RFC 6962 §2.1: leaves and nodes begin with different bytes, so that neither can be taken for the other. */
export const leafHash = (bytes) => sha256(Uint8Array.of(0), bytes);
export const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

export const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

// Sizes of logs are exact to 2^53, shifts of numbers to 2^31 only: so it is halved.
const half = (value) => Math.floor(value / 2);
const odd = (value) => value % 2 === 1;

/**
 * The root that a leaf and its proof come to (RFC 9162 §2.1.3.2).
 * @param {{ position: number, size: number, leaf: Uint8Array, hashes: Uint8Array[] }} proof positions count from 1
 */
export async function rootOfInclusion({ position, size, leaf, hashes }) {
  if (!(position >= 1 && position <= size)) throw new Unproven(`Position ${position} is not in a log of ${size} events.`);
  let [at, last, root] = [position - 1, size - 1, leaf];
  for (const hash of hashes) {
    if (last === 0) throw new Unproven("The proof is longer than the tree is high.");
    if (odd(at) || at === last) {
      root = await nodeHash(hash, root);
      while (!odd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      root = await nodeHash(root, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw new Unproven("The proof is shorter than the tree is high.");
  return root;
}

/**
 * The roots of the smaller and of the larger log that a proof of consistency comes to (RFC 9162 §2.1.4.2).
 * @param {{ from: number, to: number, fromRoot: Uint8Array, hashes: Uint8Array[] }} proof
 */
export async function rootsOfConsistency({ from, to, fromRoot, hashes }) {
  if (!(from >= 1 && from <= to)) throw new Unproven(`A log of ${to} events cannot begin with one of ${from}.`);
  if (from === to) {
    if (hashes.length > 0) throw new Unproven("Two logs of one size need no proof, and here is one.");
    return { from: fromRoot, to: fromRoot };
  }
  let [at, last] = [from - 1, to - 1];
  while (odd(at)) [at, last] = [half(at), half(last)];
  // Where the smaller log is a complete tree, its root is the first hash and is not told again.
  const path = at === 0 ? [fromRoot, ...hashes] : [...hashes];
  const first = path.shift();
  if (!first) throw new Unproven("The proof is empty.");
  let [small, large] = [first, first];
  for (const hash of path) {
    if (last === 0) throw new Unproven("The proof is longer than the tree is high.");
    if (odd(at) || at === last) {
      small = await nodeHash(hash, small);
      large = await nodeHash(hash, large);
      while (!odd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      large = await nodeHash(large, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw new Unproven("The proof is shorter than the tree is high.");
  return { from: small, to: large };
}
