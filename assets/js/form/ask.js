// The way from any part of a form to the studio. One listener hears every question of a form, see components/tab/form.py:
// the page weighs as much as it has listeners.
/** @import { StudioElement } from "../core/dom.js" */

/**
 * Ask the studio for something in the form that a node is part of.
 * @param {Element} node
 * @param {"drawn" | "settled" | "stale" | "fix" | "place" | "shots" | "pick"} question
 * @param {Record<string, unknown>} [details]
 */
export function ask(node, question, details = {}) {
  /** @type {StudioElement} */
  const foot = node.closest(".studio-form")?.querySelector("studio-foot");
  foot?.context?.trigger("ask", { ...details, ask: question });
}
