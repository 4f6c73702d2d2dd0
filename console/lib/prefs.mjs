// What somebody prefers to see: kept by the browser, and nothing that is worth stealing.
import { useEffect, useState } from "./ui.mjs";

const listeners = new Set();
const DEFAULTS = { theme: "system", zone: "UTC" };

function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem("tollgate.prefs") ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

let prefs = read();

export const pref = (name) => prefs[name];

export function setPref(name, value) {
  prefs = { ...prefs, [name]: value };
  try {
    localStorage.setItem("tollgate.prefs", JSON.stringify(prefs));
  } catch {
    // A browser that keeps nothing has them until the page is closed.
  }
  showTheme();
  for (const listener of listeners) listener(prefs);
}

export function showTheme() {
  if (prefs.theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = prefs.theme;
}

export function usePrefs() {
  const [shown, setShown] = useState(prefs);
  useEffect(() => {
    listeners.add(setShown);
    return () => listeners.delete(setShown);
  }, []);
  return shown;
}

/** The zones that there are to choose from: the one of this machine, and all that the browser knows. */
export function zones() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set(["UTC", own, ...all])].filter(Boolean);
}
