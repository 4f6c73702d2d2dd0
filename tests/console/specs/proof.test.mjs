// The browser's proofs against a tree that is made here, by the definitions of RFC 6962 §2.1, and notes that are signed here by node's own
// Ed25519. The modules run in node, whose WebCrypto is the browser's.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { checkpointOf, keyOf, signersOf } from "../../../console/lib/note.mjs";
import { Unproven, fromHex, leafHash, nodeHash, rootOfInclusion, rootsOfConsistency, toHex } from "../../../console/lib/proof.mjs";

const LARGEST = 40;

const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const leaves = Array.from({ length: LARGEST }, (_, at) => sha(Buffer.of(0), Buffer.from(`event ${at}`)));
const node = (left, right) => sha(Buffer.of(1), left, right);

/** The largest power of two below. */
const cut = (size) => { let k = 1; while (k * 2 < size) k *= 2; return k; };

function rootOf(these) {
  if (these.length === 1) return these[0];
  const k = cut(these.length);
  return node(rootOf(these.slice(0, k)), rootOf(these.slice(k)));
}

function pathOf(at, these) {
  if (these.length === 1) return [];
  const k = cut(these.length);
  return at < k ? [...pathOf(at, these.slice(0, k)), rootOf(these.slice(k))] : [...pathOf(at - k, these.slice(k)), rootOf(these.slice(0, k))];
}

function grownOf(from, these, whole = true) {
  if (from === these.length) return whole ? [] : [rootOf(these)];
  const k = cut(these.length);
  return from <= k ? [...grownOf(from, these.slice(0, k), whole), rootOf(these.slice(k))] : [...grownOf(from - k, these.slice(k), false), rootOf(these.slice(0, k))];
}

const hex = (bytes) => Buffer.from(bytes).toString("hex");

test("hashes of leaves and nodes are those of RFC 6962", async () => {
  assert.equal(toHex(await leafHash(new Uint8Array())), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  assert.equal(toHex(await leafHash(new TextEncoder().encode("event 3"))), hex(leaves[3]));
  assert.equal(toHex(await nodeHash(leaves[0], leaves[1])), hex(node(leaves[0], leaves[1])));
  assert.throws(() => fromHex("0g"), Unproven);
});

test("every leaf of every log comes to its root, and to no other by another path", async () => {
  for (let size = 1; size <= LARGEST; size += 1) {
    const these = leaves.slice(0, size);
    const root = hex(rootOf(these));
    for (let position = 1; position <= size; position += 1) {
      const hashes = pathOf(position - 1, these);
      const proof = { position, size, leaf: leaves[position - 1], hashes };
      assert.equal(toHex(await rootOfInclusion(proof)), root, `${position} of ${size}`);
      assert.notEqual(toHex(await rootOfInclusion({ ...proof, leaf: sha(Buffer.from("another")) })), root);
      await assert.rejects(rootOfInclusion({ ...proof, hashes: [...hashes, root].map((one) => (typeof one === "string" ? fromHex(one) : one)) }), Unproven);
      if (hashes.length > 0) {
        await assert.rejects(rootOfInclusion({ ...proof, hashes: hashes.slice(1) }), Unproven);
        const turned = hashes.map((hash, at) => (at === 0 ? Uint8Array.from(hash, (byte, no) => (no === 0 ? byte ^ 1 : byte)) : hash));
        assert.notEqual(toHex(await rootOfInclusion({ ...proof, hashes: turned })), root);
      }
    }
  }
  for (const [position, size] of [[0, 3], [4, 3], [1, 0]]) await assert.rejects(rootOfInclusion({ position, size, leaf: leaves[0], hashes: [] }), Unproven);
});

test("every log is shown to begin with every smaller one, and with nothing else", async () => {
  for (let to = 1; to <= LARGEST; to += 1) {
    const these = leaves.slice(0, to);
    for (let from = 1; from <= to; from += 1) {
      const hashes = grownOf(from, these);
      const fromRoot = rootOf(leaves.slice(0, from));
      const roots = await rootsOfConsistency({ from, to, fromRoot, hashes });
      assert.deepEqual([toHex(roots.from), toHex(roots.to)], [hex(fromRoot), hex(rootOf(these))], `${from} in ${to}`);
      const other = { from, to, fromRoot: sha(Buffer.from("another log")), hashes };
      const wrong = await rootsOfConsistency(other);
      const holds = toHex(wrong.from) === hex(other.fromRoot) && toHex(wrong.to) === hex(rootOf(these));
      assert.ok(!holds, `${from} in ${to}: another log is taken for the beginning`);
      await assert.rejects(rootsOfConsistency({ from, to, fromRoot, hashes: [...hashes, fromRoot] }), Unproven);
    }
  }
  await assert.rejects(rootsOfConsistency({ from: 3, to: 2, fromRoot: leaves[0], hashes: [] }), Unproven);
});

const NAME = "example.com/log";

/** A key and what signs by it, made by node. */
function made(name = NAME) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.concat([Buffer.of(1), publicKey.export({ type: "spki", format: "der" }).subarray(-32)]);
  const id = sha(Buffer.from(`${name}\n`), raw).subarray(0, 4);
  const line = (text) => `— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString("base64")}\n`;
  return { vkey: `${name}+${id.toString("hex")}+${raw.toString("base64")}`, line };
}

const body = (size, root, origin = NAME) => `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;

test("a checkpoint is read, and known by the key that signed it", async () => {
  const [ours, theirs] = [made(), made("witness.example.com/w")];
  const text = body(40, rootOf(leaves));
  const checkpoint = checkpointOf(`${text}\n${ours.line(text)}${theirs.line(text)}`);
  assert.deepEqual([checkpoint.origin, checkpoint.size, toHex(checkpoint.root)], [NAME, 40, hex(rootOf(leaves))]);
  assert.deepEqual(await signersOf(checkpoint, [ours.vkey]), [ours.vkey], "a cosignature of somebody else is left alone");
  assert.deepEqual(await signersOf(checkpoint, [made().vkey]), [], "another key of that name has not signed it");
});

test("a note that was altered is none", async () => {
  const ours = made();
  const text = body(40, rootOf(leaves));
  const forged = (changed) => signersOf(checkpointOf(`${changed}\n${ours.line(text)}`), [ours.vkey]);
  for (const changed of [body(41, rootOf(leaves)), body(40, leaves[0]), body(40, rootOf(leaves), "example.com/other"), `${text}more\n`]) {
    await assert.rejects(forged(changed), Unproven);
  }
  for (const none of ["", "a\n1\n", `${text}\nno signature\n`, `${body("01", rootOf(leaves))}\n${ours.line(text)}`, `${body(1, leaves[0].subarray(1))}\n${ours.line(text)}`]) {
    assert.throws(() => checkpointOf(none), Unproven, JSON.stringify(none));
  }
});

test("a verifier key with a wrong letter is refused", async () => {
  const { vkey } = made();
  assert.equal((await keyOf(vkey)).name, NAME);
  const known = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  assert.equal((await keyOf(known)).name, "PeterNeumann", "the example of Go's sumdb/note");
  for (const wrong of [vkey.replace("example", "exbmple"), vkey.slice(1), "a+b", "", vkey.replace("+A", "+B")]) await assert.rejects(keyOf(wrong), Unproven, wrong);
});
