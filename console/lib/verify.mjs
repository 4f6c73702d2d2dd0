// What the log says of itself, held to its proof step by step. Each step says what was found, so that somebody can follow it.
import { checkpointOf, signersOf } from "./note.mjs";
import { Uncheckable, Unproven, fromHex, leafHash, rootOfInclusion, rootsOfConsistency, same, toHex } from "./proof.mjs";

/** @typedef {{ name: string, state: "passed" | "failed" | "unknown", says: string }} Step */
/** @typedef {(from: number, to: number) => Promise<Api["ConsistencyProof"]>} AskConsistency */

/** A step; what it throws is why it failed. @param {string} name @param {() => Promise<string>} check @returns {Promise<Step>} */
export async function step(name, check) {
  try {
    return { name, state: "passed", says: await check() };
  } catch (error) {
    // Whoever cannot check has not found a forgery.
    const known = error instanceof Unproven;
    return { name, state: known ? "failed" : "unknown", says: known || error instanceof Uncheckable ? error.message : `This could not be checked: ${error.message}` };
  }
}

export const allPassed = (steps) => steps.every((one) => one.state === "passed");

/** @param {string} note @param {string[]} vkeys */
export async function signatureStep(note, vkeys) {
  return step("Signature", async () => {
    const checkpoint = checkpointOf(note);
    const signers = await signersOf(checkpoint, vkeys);
    if (signers.length === 0) throw new Unproven("None of the keys has signed this checkpoint.");
    return `The checkpoint of ${checkpoint.size} events is signed by ${signers.join(", ")}.`;
  });
}

/**
 * @param {Api["InclusionProof"]} proof @param {string[]} vkeys @param {AskConsistency} [ask] where the proof is for an earlier size
 * @returns {Promise<Step[]>}
 */
export async function verifyInclusion(proof, vkeys, ask) {
  const signed = await signatureStep(proof.checkpoint, vkeys);
  const included = await step("Inclusion", async () => {
    const checkpoint = checkpointOf(proof.checkpoint);
    const root = await rootOfInclusion({ position: proof.position, size: proof.size, leaf: fromHex(proof.leaf_hash), hashes: proof.hashes.map(fromHex) });
    if (proof.size !== checkpoint.size) {
      if (!ask || proof.size > checkpoint.size) throw new Unproven("The proof is of another size than the checkpoint.");
      await consistent(await ask(proof.size, checkpoint.size), { size: proof.size, root }, checkpoint);
    } else if (!same(root, checkpoint.root)) {
      throw new Unproven(`Leaf and hashes come to ${toHex(root)}; what is signed is ${toHex(checkpoint.root)}.`);
    }
    return `The leaf and ${proof.hashes.length} hashes come to the root that is signed, ${toHex(checkpoint.root)}.`;
  });
  return [signed, included];
}

/** Throws unless a log begins with a smaller one. @param {Api["ConsistencyProof"]} proof @param {{ size: number, root: Uint8Array }} before @param {{ size: number, root: Uint8Array }} after */
async function consistent(proof, before, after) {
  if (proof.from !== before.size || proof.to !== after.size) throw new Unproven("This is the proof of other sizes.");
  const roots = await rootsOfConsistency({ from: before.size, to: after.size, fromRoot: before.root, hashes: proof.hashes.map(fromHex) });
  if (!same(roots.from, before.root)) throw new Unproven(`The log of ${before.size} events is another one: its root is not that of the earlier checkpoint.`);
  if (!same(roots.to, after.root)) throw new Unproven("The proof does not come to the root that is signed.");
}

/**
 * That the log of the later checkpoint begins with that of the earlier one, which has to be signed, too.
 * @param {string} earlier @param {string} later @param {string[] | null} vkeys null: the earlier one was verified before
 * @param {AskConsistency} ask
 */
export async function verifyGrowth(earlier, later, vkeys, ask) {
  return step("Growth", async () => {
    const [before, after] = [checkpointOf(earlier), checkpointOf(later)];
    if (before.origin !== after.origin) throw new Unproven(`The earlier checkpoint is of ${before.origin}, this one of ${after.origin}.`);
    if (vkeys && (await signersOf(before, vkeys)).length === 0) throw new Unproven("None of the keys has signed the earlier checkpoint.");
    if (before.size > after.size) throw new Unproven(`The log had ${before.size} events and has ${after.size} now: some were taken away.`);
    if (before.size === 0) return "An empty log is the beginning of every log.";
    if (before.size === after.size) {
      if (!same(before.root, after.root)) throw new Unproven(`Two logs of ${after.size} events, with different roots.`);
      return `It is the same log, of ${after.size} events.`;
    }
    await consistent(await ask(before.size, after.size), before, after);
    return `The log of ${after.size} events begins with the ${before.size} of the earlier checkpoint, unchanged.`;
  });
}

/** That the hash of the proof is the hash of these bytes. @param {Uint8Array} bytes @param {string} hash */
export async function verifyBytes(bytes, hash) {
  return step("Audited bytes", async () => {
    const found = toHex(await leafHash(bytes));
    if (found !== hash) throw new Unproven(`The audited bytes have the hash ${found}, and not that of the proof.`);
    return `The ${bytes.length} audited bytes have the leaf hash ${hash}.`;
  });
}
