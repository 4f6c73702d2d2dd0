// Changing a thing that others may change meanwhile: sends what differs from what was read, and on a conflict tells what was
// read, what it is now and what is asked for.
import { useState } from "./ui.mjs";
import { send } from "./api.mjs";
import { useWrite } from "./hooks.mjs";

/**
 * @param {{ path: string, base: any, patchOf: (base: any, mine: any) => Record<string, any>, onSaved: (body: any) => void }} edit
 *   `base`: the thing as it was read, with its `version`; `patchOf`: a merge patch of what `mine` changes of it
 */
export function useEdit({ path, base: first, patchOf, onSaved }) {
  const write = useWrite();
  const [base, setBase] = useState(first);
  const [conflict, setConflict] = useState(/** @type {{ base: any, theirs: any, mine: any } | null} */ (null));

  const give = async (onto, patch) => {
    const answer = await write.run({ method: "PATCH", path, body: patch, ifMatch: onto.version });
    if (answer) onSaved(answer.body);
    return answer;
  };
  const save = (mine) => {
    setConflict(null);
    return give(base, patchOf(base, mine));
  };
  /** To be called when the refusal of a write is a conflict. */
  const look = async (mine) => {
    const theirs = (await send({ path })).body;
    setConflict({ base, theirs, mine: patchOf(base, mine) });
  };
  const insist = () => {
    const { theirs, mine } = /** @type {any} */ (conflict);
    setBase(theirs);
    setConflict(null);
    return give(theirs, mine);
  };
  const yieldTo = () => {
    const { theirs } = /** @type {any} */ (conflict);
    setBase(theirs);
    setConflict(null);
    write.reset();
    return theirs;
  };
  return { write, base, conflict, save, look, insist, yieldTo };
}

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** The fields that differ, whole. */
export function differing(base, mine, fields) {
  return Object.fromEntries(fields.filter((field) => !same(base[field], mine[field])).map((field) => [field, mine[field] ?? null]));
}
