// How to search, and the keys: in plain words.
import { h } from "../core/dom.js";
import { catalogue } from "../core/words.js";
import { ask } from "./dialogs.js";

const KEYS = [
  ["Arrows, Home, End", "Move"],
  ["Enter", "Open"],
  ["Space, x", "Choose, or not"],
  ["Shift with arrows", "Choose on the way"],
  ["Ctrl A", "Choose all that was found"],
  ["h", "Favourite"],
  ["1 to 5, 0", "Stars, or none"],
  ["t", "Tag"],
  ["a", "Add to a collection"],
  ["c", "Compare 2 to 9"],
  ["d", "Download as ZIP"],
  ["Delete", "Into the bin"],
  ["Ctrl Z", "Undo"],
  ["/", "Search"],
  ["Esc", "Choose nothing"],
];

export const showHelp = () =>
  ask(
    "How to search",
    () => [
      h("p", { class: "quiet" }, "Write words from your prompt, and add what you like of these:"),
      h(
        "dl",
        { class: "how" },
        catalogue.search.examples.map(([text, words]) => [h("dt", {}, h("code", {}, text)), h("dd", {}, words)]),
      ),
    ],
    { kind: "broad" },
  );

export const showKeys = () =>
  ask(
    "Keys of the gallery",
    () => [
      h(
        "dl",
        { class: "how" },
        KEYS.map(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)]),
      ),
      h(
        "p",
        { class: "quiet" },
        "With the pointer: draw a box over tiles, or press with Shift or Ctrl. By touch: rest a finger on a tile.",
      ),
    ],
    { kind: "broad" },
  );
