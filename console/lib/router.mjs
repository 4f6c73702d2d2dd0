// Places of the console: `#/clients/cli_…?status=active`. They are in the fragment, which no server sees, and filters are in
// their query, so that a place can be kept, sent and gone back to. Letters say `#keys/key_…`, which is the same place.
import { useEffect, useMemo, useState } from "./ui.mjs";

/** @typedef {{ path: string, segments: string[], query: Record<string, string> }} Place */

/** @param {string} hash @returns {Place} */
export function placeOf(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const segments = path.split("/").filter(Boolean).map(decoded);
  return { path: segments.join("/"), segments, query: Object.fromEntries(new URLSearchParams(search)) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a place within the console. */
export function to(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const search = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `#/${path}${search ? `?${search}` : ""}`;
}

export function go(path, query = {}) {
  location.hash = to(path, query).slice(1);
}

/** Changes some of the filters of this place; `""` takes one away. Paging begins anew unless it is what changes. */
export function setQuery(changes, { replace = false } = {}) {
  const place = placeOf(location.hash);
  const query = { ...place.query, ...("cursor" in changes ? {} : { cursor: "" }), ...changes };
  const address = to(place.path, query);
  if (address === location.hash) return;
  if (replace) {
    history.replaceState(history.state, "", address);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address.slice(1);
  }
}

/** The place that is shown. */
export function usePlace() {
  const [hash, setHash] = useState(() => location.hash);
  useEffect(() => {
    const moved = () => setHash(location.hash);
    window.addEventListener("hashchange", moved);
    // Somebody may have gone on between the first picture and now.
    moved();
    return () => window.removeEventListener("hashchange", moved);
  }, []);
  return useMemo(() => placeOf(hash), [hash]);
}

/**
 * The first page whose pattern fits: `clients/:id` fits `clients/cli_…` and gives `{ id }`.
 * @template {{ path: string }} P
 * @param {P[]} pages @param {Place} place
 */
export function matched(pages, place) {
  for (const page of pages) {
    const wanted = page.path.split("/").filter(Boolean);
    if (wanted.length !== place.segments.length) continue;
    const params = {};
    const fits = wanted.every((part, at) => {
      if (part.startsWith(":")) params[part.slice(1)] = place.segments[at];
      return part.startsWith(":") || part === place.segments[at];
    });
    if (fits) return { page, params };
  }
  return null;
}
