// The frame around every page: the way to all others, who is signed in, and how things are to look.
import { html, useEffect, useRef, useState } from "../lib/ui.mjs";
import { fetched, fetchedAhead } from "../lib/fetched.mjs";
import { useMay } from "../lib/permissions.mjs";
import { setPref, usePrefs } from "../lib/prefs.mjs";
import { go, matched, usePlace } from "../lib/router.mjs";
import { groups, moduleOf, moved, pages } from "../pages/index.mjs";
import { Act } from "./Act.mjs";
import { Boundary, Broken } from "./Boundary.mjs";
import { Page } from "./Page.mjs";
import { Zone } from "./Range.mjs";
import { shortened } from "./Ref.mjs";
import { Empty, Loading } from "./States.mjs";

/** @param {{ signed: import("../lib/session.mjs").SignedIn, onSignOut: () => void }} props */
export function Shell({ signed, onSignOut }) {
  const place = usePlace();
  const { may } = useMay();
  const elsewhere = moved[place.segments[0]];
  useEffect(() => { if (elsewhere) go([elsewhere, ...place.segments.slice(1)].join("/"), place.query); }, [place.path]);
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [place.path]);
  useEffect(() => {
    fromTheTop();
    document.addEventListener("keydown", shortcuts);
    return () => document.removeEventListener("keydown", shortcuts);
  }, []);
  useEffect(() => fetchedAhead(pages.filter((page) => !page.permission || may(page.permission)).map(moduleOf)), []);
  const skip = (event) => {
    // A fragment is a place here, so the browser cannot be asked to go to one of the page.
    event.preventDefault();
    document.getElementById("main")?.focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <div class="shell">
      <${Side} place=${place} signed=${signed} onSignOut=${onSignOut} />
      <main id="main" tabindex="-1"><${Room} key=${place.path} place=${place} /></main>
    </div>`;
}

/** Whoever has signed in has left a field that is no more, from where the tabulator would go on: it begins at the top. */
function fromTheTop() {
  if (document.activeElement !== document.body) return;
  document.body.tabIndex = -1;
  document.body.focus({ preventScroll: true });
  document.body.removeAttribute("tabindex");
}

function Side({ place, signed, onSignOut }) {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [place.path]);
  return html`<header class="side" data-open=${open ? "" : null}>
    <div class="top"><a class="brand" href="#/"><img src="/console.svg" alt="" /> Tollgate</a>
      <button type="button" class="button menu" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>Menu</button></div>
    <${Ways} place=${place} />
    <${Who} signed=${signed} onSignOut=${onSignOut} />
  </header>`;
}

/** Scrolls to where one is. `scrollIntoView` would have the tabulator go on from there. @param {HTMLElement | null} nav */
function reveal(nav) {
  const link = nav?.querySelector("[aria-current]");
  if (!nav || !(link instanceof HTMLElement)) return;
  const at = link.offsetTop - nav.offsetTop - nav.scrollTop;
  if (at < 2 * link.offsetHeight || at > nav.clientHeight - 3 * link.offsetHeight) nav.scrollTop += at - nav.clientHeight / 2;
}

function Ways({ place }) {
  const { may } = useMay();
  const shown = pages.filter((page) => page.nav && (!page.permission || may(page.permission)));
  const here = matched(pages, place)?.page.under ?? place.segments[0] ?? "";
  const ways = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => reveal(ways.current), [here]);
  return html`<nav aria-label="Sections" ref=${ways}>${groups.map((group) => {
    const inside = shown.filter((page) => page.nav.group === group);
    return inside.length > 0 && html`<div><h2>${group}</h2><ul>${inside.map((page) => html`<li>
      <a href=${`#/${page.path}`} aria-current=${here === page.path ? "page" : null}>${page.nav.label}</a></li>`)}</ul></div>`;
  })}</nav>`;
}

function Who({ signed, onSignOut }) {
  const { theme } = usePrefs();
  return html`<div class="who">
    ${signed.who.break_glass_until && html`<p class="badge" data-tone="bad">Administrator in an emergency</p>`}
    <div class="row spread"><p><span class="hidden">Signed in as</span><code class="id nowrap">${shortened(signed.who.id)}</code><span
      class="item quiet">${signed.who.roles.map((role) => role.replaceAll("_", " ")).join(", ") || "no role"}</span></p>
      <${Act} kind="quiet" onClick=${onSignOut}>Sign out<//></div>
    <${Zone} label="Times in" />
    <label class="filter"><span>Look</span><select value=${theme} onChange=${(event) => setPref("theme", event.target.value)}>
      ${[["system", "System"], ["light", "Light"], ["dark", "Dark"]].map(([key, name]) => html`<option value=${key}
        selected=${key === theme}>${name}</option>`)}</select></label>
  </div>`;
}

/** The page of a place: fetched when it is first wanted. */
function Room({ place }) {
  const found = matched(pages, place);
  const [page, setPage] = useState(/** @type {{ default?: any, failed?: any }} */ ({}));
  const { may } = useMay();
  const turn = useRef(0);
  const fetchPage = () => {
    const mine = ++turn.current;
    setPage({});
    fetched(moduleOf(found.page)).then((module) => mine === turn.current && setPage(module), (failed) => mine === turn.current && setPage({ failed }));
  };
  useEffect(() => { if (found) fetchPage(); }, [found?.page.path]);
  if (!found) return html`<${Page} title="Nothing here"><${Empty} title="There is no such page." action=${html`<a
    href="#/">To the overview</a>`} /><//>`;
  const { permission, nav } = found.page;
  if (permission && !may(permission)) return html`<${Page} title=${nav?.label ?? "Not yours to see"}><${Empty}
    title="This is not yours to see.">It needs the permission ${permission}, which you do not hold.<//><//>`;
  const title = (nav ?? pages.find((one) => one.path === (found.page.under ?? place.segments[0]))?.nav)?.label ?? "A page";
  if (page.failed) return html`<${Broken} title=${title} error=${page.failed} what="The page could not be fetched." retry=${fetchPage} />`;
  const View = page.default;
  return View ? html`<${Boundary} place=${place} title=${title}><${View} params=${found.params} query=${place.query} /><//>` : html`<${Loading} />`;
}

/** `/` goes to the search of the list. */
function shortcuts(event) {
  if (event.key !== "/" || event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("main [data-search]");
  if (!(search instanceof HTMLElement)) return;
  event.preventDefault();
  search.focus();
}
