// How to search, and the keys: in plain words.
import { h } from "../core/dom.js";
import { ask } from "./dialogs.js";

const SEARCHES = [
  ["red fox", "Both words, anywhere in the prompt"],
  ['"on the snow"', "These words in this order"],
  ["-cat", "Without this word"],
  ["fav", "Your favourites"],
  ["rating>=4", "Four stars or more"],
  ["tag:harbour", "With this tag"],
  ["model:wan2.6", "Made by models of this name"],
  ["family:image", "Of this kind of work"],
  ["kind:video", "A clip; also picture, sound, article"],
  ["status:failed", "What did not work; also done, running, waiting"],
  ["seconds>5", "Longer than five seconds"],
  ["cost<1", "Cheaper than this, in its own currency"],
  ["after:2026-11", "Made since then; also today, yesterday, 7d"],
  ["before:2026-11-20", "Made before that day"],
  ['in:"For print"', "In this collection"],
  ["is:imported", "Brought in from files"],
];
const KEYS = [
  ["Arrows, Home, End", "Move"], ["Enter", "Open"], ["Space, x", "Choose, or not"], ["Shift with arrows", "Choose on the way"], ["Ctrl A", "Choose all that was found"],
  ["h", "Favourite"], ["1 to 5, 0", "Stars, or none"], ["t", "Tag"], ["a", "Add to a collection"], ["c", "Compare 2 to 9"], ["d", "Download as ZIP"], ["Delete", "Into the bin"], ["Ctrl Z", "Undo"], ["/", "Search"], ["Esc", "Choose nothing"],
];

export const showHelp = () => ask("How to search", () => [
  h("p", { class: "quiet" }, "Write words from your prompt, and add what you like of these:"),
  h("dl", { class: "how" }, SEARCHES.map(([text, words]) => [h("dt", {}, h("code", {}, text)), h("dd", {}, words)])),
], { kind: "broad" });

export const showKeys = () => ask("Keys of the gallery", () => [
  h("dl", { class: "how" }, KEYS.map(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)])),
  h("p", { class: "quiet" }, "With the pointer: draw a box over tiles, or press with Shift or Ctrl. By touch: rest a finger on a tile."),
], { kind: "broad" });
