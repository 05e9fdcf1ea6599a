// A sentence at the foot of the page, with a way to undo what was done. Draws `studio:toast` {text} and `studio:undo`
// {text, undo}. Ctrl+Z undoes the newest while it can be seen.
import { announce, h, icon } from "../core/dom.js";

const TOAST_MS = 4000;
const UNDO_MS = 10000;
const TICK_MS = 100;

const stack = h("div", { class: "toasts studio-element" });
const shown = new Set();

/** A modal dialog lies over everything and takes all presses: what is said while one is open is said inside of it. */
function settle() {
  const dialogs = [...document.querySelectorAll("dialog[open]")].filter((one) => one.matches(":modal"));
  const home = dialogs.at(-1) ?? document.body;
  if (stack.parentNode !== home) home.append(stack);
}

function show(text, { undo = null, ms = TOAST_MS } = {}) {
  const toast = { left: ms, undo };
  const bar = h("i", { class: "left", "aria-hidden": "true" });
  const end = () => {
    shown.delete(toast);
    clearInterval(toast.timer);
    toast.node.remove();
  };
  const back = h("button", { type: "button", class: "undo", onclick: () => toast.revert() }, icon("undo-2"), "Undo");
  toast.revert = async () => {
    end();
    try {
      await undo();
      announce("Undone.");
    } catch (error) {
      show(error.message);
    }
  };
  toast.node = h(
    "div",
    { class: "toast", role: "status" },
    h("span", { class: "text" }, text),
    undo ? back : null,
    h("button", { type: "button", class: "away", "aria-label": "Close", onclick: end }, icon("x")),
    undo ? bar : null,
  );
  toast.timer = setInterval(() => {
    settle();
    if (toast.node.matches(":hover, :focus-within") || document.hidden) return;
    toast.left -= TICK_MS;
    bar.style.transform = `scaleX(${Math.max(0, toast.left / ms)})`;
    if (toast.left <= 0) end();
  }, TICK_MS);
  shown.add(toast);
  stack.append(toast.node);
  while (stack.children.length > 3) stack.firstElementChild.remove();
  settle();
  announce(text);
}

export const say = (text) => show(text);

document.addEventListener("studio:toast", ({ detail }) => show(detail.text));
document.addEventListener("studio:undo", ({ detail }) => show(detail.text, { undo: detail.undo, ms: UNDO_MS }));
document.addEventListener("keydown", (event) => {
  if (
    !(event.ctrlKey || event.metaKey) ||
    event.shiftKey ||
    event.key.toLowerCase() !== "z" ||
    /** @type {Element} */ (event.target).closest("input, textarea, [contenteditable]")
  )
    return;
  const newest = [...shown].filter(({ undo, node }) => undo && node.isConnected).at(-1);
  if (newest) {
    event.preventDefault();
    newest.revert();
  }
});
