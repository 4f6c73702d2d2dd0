// Names in place of identifiers. Asked for once each, and kept for as long as the page is open.
import { useEffect, useState } from "./ui.mjs";
import { send } from "./api.mjs";

const PLACES = { cli: "clients", rte: "routes", pol: "policies", key: "keys", whk: "webhooks" };
const known = new Map();

function named(id) {
  if (!known.has(id)) {
    const place = PLACES[id.slice(0, 3)];
    const name = place ? send({ path: `/v1/${place}/${id}` }).then((answer) => answer.body.name) : Promise.resolve(null);
    known.set(id, name.catch(() => null));
  }
  return known.get(id);
}

/** What is read anyway need not be asked for again. */
export function remember(things) {
  for (const thing of things ?? []) if (thing?.id && thing.name) known.set(thing.id, Promise.resolve(thing.name));
}

export const forgetNames = () => known.clear();

/** The name of what an identifier stands for; null until it is known, or where it is not to be seen. */
export function useName(id) {
  const [name, setName] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    let mine = true;
    setName(null);
    if (id) named(id).then((found) => mine && setName(found));
    return () => { mine = false; };
  }, [id]);
  return name;
}

/** Where a thing is shown, by its identifier; null where it is not. */
export function placeOfId(id) {
  const place = PLACES[id?.slice(0, 3)];
  return place ? `#/${place}/${id}` : null;
}
