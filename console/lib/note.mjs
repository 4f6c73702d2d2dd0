// Checkpoints: signed notes (C2SP signed-note, tlog-checkpoint) and the keys that verify them. Ed25519 is WebCrypto's.
import { Uncheckable, Unproven, fromBase64, same, sha256 } from "./proof.mjs";

const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const ID_BYTES = 4;

const utf8 = (text) => new TextEncoder().encode(text);

/**
 * `NAME+ID+BASE64`. The id is of name and key, so that a letter that was mistaken anywhere is seen.
 * @param {string} vkey @returns {Promise<{ vkey: string, name: string, id: Uint8Array, publicKey: Uint8Array }>}
 */
export async function keyOf(vkey) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey.trim()) ?? [];
  if (!name) throw new Unproven("This is no verifier key: NAME+ID+BASE64.");
  const bytes = fromBase64(encoded);
  if (bytes[0] !== ED25519 || bytes.length !== 1 + KEY_BYTES) throw new Unproven("This is no Ed25519 key of a log.");
  const found = (await sha256(utf8(`${name}\n`), bytes)).slice(0, ID_BYTES);
  const said = Uint8Array.from(id.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  if (!same(found, said)) throw new Unproven("The key does not fit its id: a letter is wrong.");
  return { vkey: vkey.trim(), name, id: found, publicKey: bytes.slice(1) };
}

/**
 * What a checkpoint says. Nothing of it is proven before `signersOf`.
 * @param {string} note
 */
export function checkpointOf(note) {
  const end = note.indexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) throw new Unproven("This is no signed note: text, an empty line, signatures.");
  const signed = note.slice(0, end + 1);
  const [origin, size, root] = signed.split("\n");
  if (!origin || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? "")) throw new Unproven("The note is no checkpoint: a name, a size, a root.");
  const hash = fromBase64(root ?? "");
  if (hash.length !== 32) throw new Unproven("The root in the note is no SHA-256.");
  const signatures = note.slice(end + 2, -1).split("\n").map((line) => {
    const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    if (!name) throw new Unproven("A line of signatures is none.");
    const bytes = fromBase64(encoded);
    return { name, id: bytes.slice(0, ID_BYTES), bytes: bytes.slice(ID_BYTES) };
  });
  return { origin, size: Number(size), root: hash, signed, signatures };
}

/**
 * Which of these keys have signed it. A signature by one of them that does not hold is no note at all; those by others, as
 * of witnesses, are left alone.
 * @param {ReturnType<typeof checkpointOf>} checkpoint @param {string[]} vkeys
 * @returns {Promise<string[]>}
 */
export async function signersOf(checkpoint, vkeys) {
  const signers = [];
  for (const key of await Promise.all(vkeys.map(keyOf))) {
    const signature = checkpoint.signatures.find((one) => one.name === key.name && same(one.id, key.id));
    if (!signature) continue;
    if (key.name !== checkpoint.origin) throw new Unproven(`The note is about ${checkpoint.origin}, and signed as ${key.name}.`);
    if (!(await holds(key.publicKey, signature.bytes, checkpoint.signed))) throw new Unproven(`The signature of ${key.name} does not hold.`);
    signers.push(key.vkey);
  }
  return signers;
}

async function holds(publicKey, signature, signed) {
  if (signature.length !== SIGNATURE_BYTES) return false;
  const { subtle } = globalThis.crypto;
  let key;
  try {
    key = await subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new Uncheckable("This browser does not know Ed25519: a newer one does.");
    return false;
  }
  return subtle.verify("Ed25519", key, signature, utf8(signed));
}
