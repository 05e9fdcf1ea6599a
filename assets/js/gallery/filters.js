// What is looked for: the search box with its hints, chips for the usual, the shelf of collections. One text says it all;
// the chips only edit it.
import { button, h, icon } from "../core/dom.js";
import { fetchCollections, fetchTags } from "../core/live.js";
import { catalogue } from "../core/words.js";
import { has, quoted, toggled, wordAt } from "./query.js";

const TYPING_MS = 280;
const MOST_HINTS = 9;
const USUAL = [
  ["Favourites", "fav", "heart", []],
  ["Videos", "kind:video", "film", ["kind:"]],
  ["Pictures", "kind:picture", "image", ["kind:"]],
  ["This week", "after:7d", "clock", ["after:"]],
  ["Did not work", "status:failed", "triangle-alert", ["status:", "kind:"]],
];

const FILTERS = catalogue.search?.filters ?? [];
const VALUES = {
  ...Object.fromEntries(Object.entries(catalogue.search?.values ?? {}).map(([name, pairs]) => [name, () => pairs])),
  family: () => Object.entries(catalogue.families ?? {}).map(([id, { label }]) => [id, label]),
  model: () => Object.entries(catalogue.models ?? {}).map(([id, { title }]) => [id, title]),
  after: () => DAYS,
  before: () => DAYS,
  on: () => DAYS,
  tag: async () => (await fetchTags()).map(({ name, count }) => [name, String(count)]),
  in: async () => (await fetchCollections()).map(({ name, count }) => [name, String(count)]),
};
const DAYS = [
  ["today", "Today"],
  ["yesterday", "Yesterday"],
  ["7d", "The last seven days"],
  ["30d", "The last thirty days"],
  [String(new Date().getFullYear()), "This year"],
];

export class Filters {
  /** @type {(wish: any, how: { step: boolean }) => void} */
  changed;

  /** `changed(wish, {step})` hears what is wished: `{q, in, bin}`. `node` stays in reach while scrolling, `more` does not. */
  constructor({ wish, changed, help, tools }) {
    Object.assign(this, { wish, changed });
    this.box = h("input", {
      type: "search",
      placeholder: "Search prompts, or fav, seconds>5…",
      "aria-label": "Search your gallery",
      autocomplete: "off",
      spellcheck: false,
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": "gallery-hints",
      "aria-autocomplete": "list",
      value: wish.q,
    });
    this.hints = h("ul", {
      class: "hints",
      id: "gallery-hints",
      role: "listbox",
      "aria-label": "What you can search for",
      hidden: true,
    });
    this.remarks = h("div", { class: "remarks", role: "status" });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "Usual searches" });
    this.shelf = h("div", { class: "shelf", role: "group", "aria-label": "Collections" });
    this.node = h(
      "div",
      { class: "seek", role: "search" },
      h("div", { class: "search" }, icon("search"), this.box, this.hints),
      button({ icon: "circle-help", label: "How to search", kind: "round", press: help }),
      h("span", { class: "grow" }),
      tools,
    );
    this.more = h("div", { class: "find" }, this.chips, this.shelf, this.remarks);
    this.box.addEventListener("input", () => {
      this.later();
      this.hint();
    });
    this.box.addEventListener("focus", () => this.hint());
    this.box.addEventListener("click", () => this.hint());
    this.box.addEventListener("blur", () => setTimeout(() => this.close(), 120));
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.drawChips();
    this.fetchCollections();
  }

  /** Show another wish, as from the address. */
  show(wish) {
    this.wish = { ...wish };
    if (this.box.value !== wish.q) this.box.value = wish.q;
    this.drawChips();
  }

  say(remarks) {
    this.remarks.replaceChildren(
      ...remarks.map((text) => h("p", { class: "said", "data-tone": "advice" }, icon("info"), h("span", {}, text))),
    );
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.set({ ...this.wish, q: this.box.value.trim() }, { step: false }), TYPING_MS);
  }

  set(wish, { step = true } = {}) {
    clearTimeout(this.timer);
    if (wish.q === this.wish.q && wish.in === this.wish.in && wish.bin === this.wish.bin) return;
    this.wish = wish;
    if (this.box.value.trim() !== wish.q) this.box.value = wish.q;
    this.drawChips();
    this.changed(wish, { step });
  }

  get plain() {
    return !this.wish.q && !this.wish.in && !this.wish.bin;
  }

  // Chips --------------------------------------------------------------------------------------------------------------

  drawChips() {
    const { q, bin } = this.wish;
    const held = [...this.chips.children, ...this.shelf.children].indexOf(document.activeElement);
    const chip = (label, on, press, name = null) =>
      h(
        "button",
        { type: "button", class: "chip", "aria-pressed": String(on), onclick: press },
        name ? icon(name) : null,
        label,
      );
    const part = (label, text, name, instead) =>
      chip(label, has(q, text), () => this.set({ ...this.wish, q: toggled(q, text, instead) }), name);
    this.chips.replaceChildren(
      chip("All", this.plain, () => this.set({ q: "", in: "", bin: false })),
      ...USUAL.map(([label, text, name, instead]) => part(label, text, name, instead)),
      h("i", { class: "rule", "aria-hidden": "true" }),
      ...Object.entries(catalogue.families ?? {}).map(([id, { label }]) =>
        part(label, `family:${id}`, null, ["family:"]),
      ),
    );
    this.shelf.replaceChildren(
      ...(this.collections ?? []).map((one) =>
        chip(
          [one.name, h("span", { class: "count" }, String(one.count ?? ""))],
          this.wish.in === one.id,
          () => this.set({ ...this.wish, bin: false, in: this.wish.in === one.id ? "" : one.id }),
          "folder",
        ),
      ),
      h(
        "button",
        { type: "button", class: "chip ghosted", "data-act": "new-collection", onclick: () => this.order("make") },
        icon("folder-plus"),
        "New collection",
      ),
      this.collection
        ? h(
            "button",
            {
              type: "button",
              class: "chip ghosted",
              "data-act": "change-collection",
              onclick: () => this.order("change"),
            },
            icon("pencil"),
            "Rename or remove",
          )
        : "",
      h("span", { class: "grow" }),
      chip("Bin", bin, () => this.set({ ...this.wish, in: "", bin: !bin }), "trash-2"),
    );
    if (held >= 0) [...this.chips.children, ...this.shelf.children][held]?.focus();
  }

  get collection() {
    return this.collections?.find(({ id }) => id === this.wish.in);
  }

  async fetchCollections() {
    try {
      this.collections = await fetchCollections();
    } catch {
      return;
    } // the gallery says that the studio is away
    this.drawChips();
  }

  async order(what) {
    const { askCollection } = await import("./collections.js");
    const gone = await askCollection(what === "make" ? null : this.collection);
    await this.fetchCollections();
    if (gone && gone === this.wish.in) this.set({ ...this.wish, in: "" });
  }

  // Hints --------------------------------------------------------------------------------------------------------------

  async hint() {
    const word = wordAt(this.box.value, this.box.selectionStart ?? this.box.value.length);
    const turn = (this.turn = (this.turn ?? 0) + 1);
    let found;
    if (Object.hasOwn(VALUES, word.name)) {
      const values = await Promise.resolve(VALUES[word.name]()).catch(() => []);
      found = values
        .filter(([value, label]) => [value, label].some((text) => text.toLowerCase().includes(word.value)))
        .map(([value, label]) => ({ text: `${word.not}${word.name}:${quoted(value)}`, label, whole: true }));
    } else
      found = FILTERS.filter(([text]) => text.startsWith(word.text.toLowerCase())).map(([text, label]) => ({
        text,
        label,
        whole: !/[:<>=]$/.test(text),
      }));
    if (turn !== this.turn || document.activeElement !== this.box) return;
    found = found.filter(({ text }) => text !== word.text).slice(0, word.text ? MOST_HINTS : FILTERS.length);
    this.word = word;
    this.found = found;
    this.at = -1;
    this.hints.replaceChildren(
      ...found.map(({ text, label }, index) =>
        h(
          "li",
          {
            role: "option",
            id: `gallery-hint-${index}`,
            "aria-selected": "false",
            onpointerdown: (event) => {
              event.preventDefault();
              this.take(index);
            },
          },
          h("b", {}, text),
          h("span", {}, label),
        ),
      ),
    );
    this.hints.hidden = !found.length;
    this.box.setAttribute("aria-expanded", String(found.length > 0));
    this.box.removeAttribute("aria-activedescendant");
  }

  close() {
    this.turn = (this.turn ?? 0) + 1;
    this.hints.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
  }

  take(index) {
    const { text, whole } = this.found[index];
    const { start, end } = this.word;
    const put = `${text}${whole ? " " : ""}`;
    this.box.value = this.box.value.slice(0, start) + put + this.box.value.slice(end).trimStart();
    this.box.setSelectionRange(start + put.length, start + put.length);
    this.later();
    this.hint();
  }

  key(event) {
    const open = !this.hints.hidden;
    if (["ArrowDown", "ArrowUp"].includes(event.key) && open) {
      event.preventDefault();
      const count = this.found.length;
      this.at = event.key === "ArrowDown" ? (this.at + 1) % count : (this.at <= 0 ? count : this.at) - 1;
      [...this.hints.children].forEach((one, index) => one.setAttribute("aria-selected", String(index === this.at)));
      this.hints.children[this.at].scrollIntoView({ block: "nearest" });
      this.box.setAttribute("aria-activedescendant", `gallery-hint-${this.at}`);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (open && this.at >= 0) return this.take(this.at);
      this.close();
      this.set({ ...this.wish, q: this.box.value.trim() });
    } else if (event.key === "Tab" && open && this.at >= 0) {
      event.preventDefault();
      this.take(this.at);
    } else if (event.key === "Escape") {
      if (open) {
        event.preventDefault();
        this.close();
      } else if (this.box.value) {
        event.preventDefault();
        this.set({ ...this.wish, q: "" });
      }
    }
  }
}
