// Fields of forms. Each has a label, perhaps a hint, and says by itself what is wrong with it.
import { html, useRef, useState } from "../lib/ui.mjs";
import { fromInput, toInput } from "../lib/format.mjs";

let made = 0;

/**
 * @param {{ label: string, hint?: unknown, error?: string | null, required?: boolean, wide?: boolean,
 *   children: (given: { id: string, "aria-describedby": string | null, "aria-invalid": string | null, required: boolean }) => unknown }} props
 */
export function Field({ label, hint, error, required = false, wide = false, children }) {
  const id = useRef(`field-${++made}`).current;
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || null;
  return html`<div class=${wide ? "field wide" : "field"}>
    <label for=${id}>${label}${!required && html` <span class="quiet small">optional</span>`}</label>
    ${children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : null, required })}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="wrong" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

/** @param {any} props value, onInput(text), and those of `Field` */
export function Text({ value, onInput, type = "text", placeholder, mono, autofocus, inputmode, ...field }) {
  return html`<${Field} ...${field}>${(given) => html`<input ...${given} type=${type} value=${value ?? ""} placeholder=${placeholder}
    inputmode=${inputmode}
    class=${mono ? "mono" : null} autocomplete="off" spellcheck="false" autofocus=${autofocus}
      onInput=${(event) => onInput(event.target.value)} />`}<//>`;
}

export function Area({ value, onInput, rows = 3, mono, placeholder, ...field }) {
  return html`<${Field} ...${field}>${(given) => html`<textarea ...${given} rows=${rows} class=${mono ? "mono" : null}
    placeholder=${placeholder} spellcheck="false"
    value=${value ?? ""} onInput=${(event) => onInput(event.target.value)}></textarea>`}<//>`;
}

/** @param {any} props options: [value, name][] */
export function Choice({ value, onInput, options, ...field }) {
  return html`<${Field} ...${field}>${(given) => html`<select ...${given} value=${value ?? ""}
    onChange=${(event) => onInput(event.target.value)}>
    ${options.map(([key, name]) => html`<option value=${key} selected=${key === (value ?? "")}>${name}</option>`)}</select>`}<//>`;
}

/** Whole numbers. What is no number is told as null. */
export function Count({ value, onInput, min = 0, max, ...field }) {
  return html`<${Field} ...${field}>${(given) => html`<input ...${given} type="number" min=${min} max=${max} step="1" inputmode="numeric"
    value=${value ?? ""}
    onInput=${(event) => onInput(event.target.value === "" ? null : Number(event.target.value))} />`}<//>`;
}

/** A moment, written and read in UTC. */
export function Moment({ value, onInput, hint = "In UTC.", ...field }) {
  return html`<${Field} ...${field} hint=${hint}>${(given) => html`<input ...${given} type="datetime-local" value=${toInput(value)}
    onInput=${(event) => onInput(fromInput(event.target.value))} />`}<//>`;
}

/** Several of a few. @param {any} props options: string[], value: string[] */
export function Checks({ label, options, value, onInput, hint, error }) {
  const id = useRef(`checks-${++made}`).current;
  const toggle = (one, on) => onInput(on ? [...value, one] : value.filter((other) => other !== one));
  return html`<fieldset class="field" aria-describedby=${hint ? `${id}-hint` : null}>
    <legend>${label}</legend>
    <div class="row wrap">${options.map((one) => html`<label class="check"><input type="checkbox" checked=${value.includes(one)}
      onChange=${(event) => toggle(one, event.target.checked)} /> ${one}</label>`)}</div>
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}${error && html`<p class="wrong">${error}</p>`}
  </fieldset>`;
}

/** Words with commas or spaces between them, as a list. */
export function Words({ value, onInput, ...field }) {
  const [text, setText] = useState((value ?? []).join(", "));
  const typed = (now) => {
    setText(now);
    onInput(now.split(/[\s,]+/).filter(Boolean));
  };
  return html`<${Text} ...${field} value=${text} onInput=${typed} />`;
}

/** What is wrong with the field that a problem points at. @param {any} error @param {string} pointer */
export const wrongAt = (error, pointer) => (error?.pointer && (error.pointer === pointer || error.pointer.startsWith(`${pointer}/`)) ? error.message : null);
