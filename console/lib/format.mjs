// Times, numbers and words as people read them. Times are in the zone that was chosen, and say which.
import { pref } from "./prefs.mjs";

const formats = new Map();

function clock(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    }));
  }
  return formats.get(zone);
}

/** `2026-03-08 13:00:05 UTC`, to the minute unless seconds are wished for. */
export function moment(text, { seconds = false, zone = pref("zone") } = {}) {
  if (!text) return "–";
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return String(text);
  const said = clock(zone).format(at).replace(",", "");
  return `${seconds ? said : said.slice(0, 16)} ${zone === "UTC" ? "UTC" : zoneName(at, zone)}`;
}

function zoneName(at, zone) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" }).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [30.44, "day"], [12, "month"], [Infinity, "year"]];
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "long" });

/** `3 minutes ago`, `in 2 days`. */
export function ago(text, now = Date.now()) {
  if (!text) return "never";
  let amount = (new Date(text).getTime() - now) / 1000;
  if (Math.abs(amount) < 5) return "just now";
  for (const [size, unit] of STEPS) {
    if (Math.abs(amount) < Number(size)) return relative.format(Math.round(amount), /** @type {any} */ (unit));
    amount /= Number(size);
  }
  return "";
}

/** `2 d 3 h`, `45 s`: the two largest units. */
export function lasting(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const said = [];
  let left = Math.round(seconds);
  for (const [size, unit] of units) {
    const count = Math.floor(left / Number(size));
    if (count > 0 && said.length < 2) said.push(`${count} ${unit}`);
    left %= Number(size);
  }
  return said.join(" ") || "0 s";
}

const whole = new Intl.NumberFormat("en-GB");
const short = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const brief = (value) => (Math.abs(value) < 10_000 ? whole.format(value) : short.format(value));
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

export function percent(part, all) {
  if (!all) return "–";
  const share = (100 * part) / all;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  return `${share.toFixed(share > 0 && share < 10 ? 1 : 0)} %`;
}

/** `rate_limited` as words. */
export const words = (code) => (code ? String(code).replaceAll("_", " ") : "–");
export const list = (items) => (items?.length ? items.join(", ") : "–");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** `100 per 1 s, burst 200`. */
export function rateText(rate) {
  return `${number(rate.requests)} per ${lasting(rate.per_seconds)}, burst ${number(rate.burst ?? rate.requests)}`;
}

/** `1,000 per day, Europe/Berlin`. */
export function quotaText(quota) {
  const rolling = quota.window === "rolling";
  return `${number(quota.requests)} per ${rolling ? "rolling " : ""}${quota.period}${rolling ? "" : `, ${quota.time_zone ?? "UTC"}`}`;
}

/** As the API writes and reads moments: a day, a time, and the zone's distance. `Date` alone would take `abc 1` for a year. */
const MOMENT = /^\d{4}-\d\d-\d\d[t ]\d\d:\d\d.*(z|[+-]\d\d:?\d\d)$/i;

/**
 * When a text says, in milliseconds; null where it says no moment. In an address anything may stand: what is read from there is read by this,
 * and by nothing that throws.
 * @param {string | null | undefined} text
 */
export function timeOf(text) {
  const at = text && MOMENT.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}

/** What to say of a text that stands where a moment is wanted; null where it is one, or nothing. @param {string | null | undefined} text */
export const noMoment = (text) => (text && timeOf(text) === null ? `“${text}” is no moment that can be read.` : null);

/** A moment as `<input type="datetime-local">` wants it, which is in UTC here, and back; what is no moment is as if nothing were there. */
export function toInput(text) {
  const at = timeOf(text);
  return at === null ? "" : new Date(at).toISOString().slice(0, 16);
}
export const fromInput = (text) => (timeOf(`${text}:00Z`) === null ? null : `${text}:00Z`);

/** `orders:read, orders:write` as a list; spaces and commas part. */
export const split = (text) => text.split(/[\s,]+/).map((part) => part.trim()).filter(Boolean);

const SIZES = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]];

/** `2.9 kB`. */
export function bytesText(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const [size, unit] = SIZES.find(([size]) => bytes >= Number(size)) ?? [1, "B"];
  return `${(bytes / Number(size)).toFixed(size === 1 ? 0 : 1)} ${unit}`;
}

/** `1.4 ms`, `2.1 s`, of microseconds. */
export function spellText(us) {
  if (us === null || us === undefined) return "–";
  return us < 1_000_000 ? `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}
