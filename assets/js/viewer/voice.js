// What the viewer says to screen readers. A modal dialog silences all that lies outside it, so its voice lies within.
import { h } from "../core/dom.js";

export const voice = h("div", { class: "sr voice", role: "status", "aria-live": "polite" });

export function announce(text) {
  voice.textContent = text;
}

/** A sentence for the eye, at the foot of the page. */
export const toast = (text) => document.dispatchEvent(new CustomEvent("studio:toast", { detail: { text } }));
