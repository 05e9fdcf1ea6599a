// The keys of the viewer: one list that the dialog obeys and the help shows.
import { button, h } from "../core/dom.js";

/**
 * `act` names what the dialog does; `group` is where the help shows it; `shown` are the keys as they are written there.
 * @type {{
 *   group: string, act: string, keys?: string[], code?: string, shift?: boolean, control?: boolean, shown: string[],
 *   between?: string, words: string,
 * }[]}
 */
export const KEYS = [
  { group: "Move", act: "next", keys: ["ArrowRight"], shown: ["→"], words: "Next picture or item" },
  { group: "Move", act: "previous", keys: ["ArrowLeft"], shown: ["←"], words: "The one before" },
  { group: "Move", act: "close", keys: ["Escape"], shown: ["Esc"], words: "Close" },
  { group: "Look", act: "fullscreen", keys: ["f"], shown: ["F"], words: "Full screen" },
  { group: "Look", act: "actual", keys: ["0", "z"], shown: ["0", "Z"], words: "Full size, or fit" },
  { group: "Look", act: "closer", keys: ["+", "="], shown: ["+"], words: "Closer" },
  { group: "Look", act: "farther", keys: ["-", "_"], shown: ["-"], words: "Farther" },
  { group: "Look", act: "facts", keys: ["i"], shown: ["I"], words: "Show or hide the facts" },
  { group: "Look", act: "help", keys: ["?"], shown: ["?"], words: "These keys" },
  { group: "Play", act: "play", keys: [" ", "k"], shown: ["Space", "K"], words: "Play or pause" },
  { group: "Play", act: "frameOn", keys: ["."], shown: ["."], words: "One frame on" },
  { group: "Play", act: "frameBack", keys: [","], shown: [","], words: "One frame back" },
  { group: "Play", act: "secondOn", keys: ["ArrowRight"], shift: true, shown: ["Shift", "→"], words: "One second on" },
  {
    group: "Play",
    act: "secondBack",
    keys: ["ArrowLeft"],
    shift: true,
    shown: ["Shift", "←"],
    words: "One second back",
  },
  { group: "Play", act: "start", keys: ["Home"], shown: ["Home"], words: "First frame" },
  { group: "Play", act: "end", keys: ["End"], shown: ["End"], words: "Last frame" },
  { group: "Play", act: "loop", keys: ["l"], shown: ["L"], words: "Again and again" },
  { group: "Play", act: "sound", keys: ["m"], shown: ["M"], words: "Sound on or off" },
  { group: "Play", act: "slower", keys: ["<"], shown: ["<"], words: "Slower" },
  { group: "Play", act: "faster", keys: [">"], shown: [">"], words: "Faster" },
  { group: "Keep", act: "rate", keys: ["1", "2", "3", "4", "5"], shown: ["1", "5"], between: "to", words: "Stars" },
  { group: "Keep", act: "unrate", code: "Digit0", shift: true, shown: ["Shift", "0"], words: "No stars" },
  { group: "Keep", act: "favourite", keys: ["h", "b"], shown: ["H", "B"], words: "Favourite" },
  { group: "Keep", act: "mark", keys: ["x"], shown: ["X"], words: "Mark to compare" },
  { group: "Keep", act: "discard", keys: ["Delete", "Backspace"], shown: ["Del"], words: "To the bin" },
  { group: "Keep", act: "undo", keys: ["z"], control: true, shown: ["Ctrl", "Z"], words: "Bring it back" },
  { group: "Make", act: "remix", keys: ["r"], shown: ["R"], words: "Remix" },
  { group: "Make", act: "use", keys: ["u"], shown: ["U"], words: "Use as…" },
];

const RANGE_KEYS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

/**
 * Find what a key press asks for, or null: while someone types or a player of the browser has the focus, nothing.
 * @param {KeyboardEvent} event
 */
export function actOf(event) {
  if (event.altKey || event.isComposing || event.defaultPrevented) return null;
  const control = event.ctrlKey || event.metaKey;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input:not([type=range]), textarea, select, audio, video[controls], [contenteditable]"))
    return null;
  if (target?.closest("input[type=range]") && RANGE_KEYS.has(event.key) && !event.shiftKey) return null;
  if (target?.closest("button, a, summary") && [" ", "Enter"].includes(event.key)) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = KEYS.find(
    (one) =>
      control === Boolean(one.control) &&
      (one.shift ? event.shiftKey : !event.shiftKey || key.length === 1) &&
      (one.code ? one.code === event.code : one.keys.includes(key)),
  );
  if (!found) return null;
  // Shift with the nought clears: on some keyboards that press is a sign of its own, on others still a nought.
  return event.shiftKey && event.code === "Digit0" ? "unrate" : found.act;
}

/** The help: the keys in their groups. */
export function keyHelp({ close, hasClip }) {
  const groups = [...new Set(KEYS.map(({ group }) => group))].filter((group) => hasClip || group !== "Play");
  /** @param {(typeof KEYS)[number]} one */
  const row = ({ shown, between, words }) => [
    h(
      "dt",
      {},
      shown.flatMap((key, index) => [index && between ? h("span", {}, between) : null, h("kbd", {}, key)]),
    ),
    h("dd", {}, words),
  ];
  const leave = button({ icon: "x", label: "Close the keys", kind: "round", press: close });
  return h(
    "div",
    { class: "keys", role: "region", "aria-label": "Keys" },
    h("div", { class: "line" }, h("h2", {}, "Keys"), leave),
    h(
      "div",
      { class: "groups" },
      groups.map((name) =>
        h("section", {}, h("h3", {}, name), h("dl", {}, KEYS.filter(({ group }) => group === name).map(row))),
      ),
    ),
  );
}
