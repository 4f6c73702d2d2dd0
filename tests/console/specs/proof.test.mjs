// The proof that the console checks in the browser: right for every entry of every small tree, wrong for anything else.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { bytesOf, hexOf, isSigned, rootOf, verifyInclusion } from "../../../console/lib/proof.mjs";
import { serve } from "../lib/server.mjs";

const SIZE_MAX = 40;
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();
const leafOf = (text) => sha256([0], Buffer.from(text));
const nodeOf = (left, right) => sha256([1], left, right);

/** The definition of RFC 6962 §2.1, to the letter: the largest power of two below the size parts a tree. */
function split(size) {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
function treeOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  const at = split(leaves.length);
  return nodeOf(treeOf(leaves.slice(0, at)), treeOf(leaves.slice(at)));
}
function pathOf(index, leaves) {
  if (leaves.length === 1) return [];
  const at = split(leaves.length);
  return index < at ? [...pathOf(index, leaves.slice(0, at)), treeOf(leaves.slice(at))] : [...pathOf(index - at, leaves.slice(at)), treeOf(leaves.slice(0, at))];
}

test("each entry of each tree has the root of its tree, and no other place has", async () => {
  for (let size = 1; size <= SIZE_MAX; size += 1) {
    const leaves = Array.from({ length: size }, (_, at) => leafOf(`entry ${at}`));
    const root = treeOf(leaves).toString("hex");
    for (let index = 0; index < size; index += 1) {
      const proof = { index, size, leaf: leaves[index], path: pathOf(index, leaves) };
      assert.equal(hexOf(await rootOf(proof)), root, `${index} of ${size}`);
      const other = await rootOf({ ...proof, leaf: leafOf("another") });
      assert.notEqual(hexOf(other), root);
      await assert.rejects(rootOf({ ...proof, path: [...proof.path, leafOf("more")] }));
      if (size > 1) await assert.rejects(rootOf({ ...proof, path: proof.path.slice(1) }));
    }
  }
});

test("an entry outside of the tree is refused", async () => {
  await assert.rejects(rootOf({ index: 3, size: 3, leaf: leafOf("entry"), path: [] }));
});

test("a checkpoint is signed by its key, and by no other", async () => {
  const made = () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const bytes = Buffer.concat([Buffer.from([1]), publicKey.export({ format: "der", type: "spki" }).subarray(-32)]);
    const hash = sha256(Buffer.from("log\n"), bytes).subarray(0, 4);
    return { privateKey, hash, vkey: `log+${hash.toString("hex")}+${bytes.toString("base64")}` };
  };
  const [ours, other] = [made(), made()];
  const text = `log\n7\n${leafOf("root").toString("base64")}\n`;
  const note = `${text}\n\u2014 log ${Buffer.concat([ours.hash, sign(null, Buffer.from(text), ours.privateKey)]).toString("base64")}\n`;
  assert.equal(await isSigned(note, [other.vkey, ours.vkey]), true);
  assert.equal(await isSigned(note, [other.vkey]), false);
  assert.equal(await isSigned(note.replace("\n7\n", "\n8\n"), [ours.vkey]), false);
  await assert.rejects(isSigned(note, [ours.vkey.replace(/\+.{8}\+/, "+00000000+")]));
});

test("what the server says of its log holds", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  for (let at = 0; at < 5; at += 1) {
    await server.api("POST", "/clients", { name: `Client ${at}`, kind: "partner", owner: { team: "Logistics", email: "logistics@example.com" }, environments: ["prod"] });
  }
  const proof = await signedProof(server);
  const keys = (await server.api("GET", "/audit/keys")).keys.map((key) => key.vkey);
  const found = await verifyInclusion(proof, keys);
  assert.deepEqual([found.proven, found.included, found.signed], [true, true, true]);
  const altered = { ...proof, leaf_hash: hexOf(bytesOf(proof.leaf_hash).map((one, at) => (at === 0 ? one ^ 1 : one))) };
  assert.equal((await verifyInclusion(altered, keys)).proven, false);
});

/** The log is signed within two seconds of its last event. */
async function signedProof(server) {
  for (;;) {
    const proof = await server.api("GET", "/audit/3/proof").catch(() => null);
    if (proof && Number(proof.checkpoint.split("\n")[1]) === proof.size) return proof;
    await new Promise((later) => setTimeout(later, 100));
  }
}
