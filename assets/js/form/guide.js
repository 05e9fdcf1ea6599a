// The helper for prompts: the provider's formula part by part, and a list of shots. It writes only when it is told to.
import { StudioElement, announce, button, h, icon, live } from "../core/dom.js";
import { catalogue } from "../core/words.js";
import { ask } from "./ask.js";

const IN_SIGHT = 6; // as many words of a part are shown at once
const LEAST_SHOTS = 2;
let names = 0;

const items = (text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
const seconds = (input) => Math.max(0, Math.round(Number(input.value) || 0));

class Guide extends /** @type {new () => Omit<StudioElement, "render">} */ (StudioElement) {
  connectedCallback() {
    if (!this.opener) this.build();
  }
  get parts() {
    return catalogue.families?.[this.getAttribute("family")]?.guide?.parts ?? [];
  }
  get area() {
    return document.getElementById(this.getAttribute("prompt"))?.querySelector("textarea");
  }

  build() {
    this.number = names += 1;
    this.opener = h(
      "button",
      {
        type: "button",
        class: "press small help-me",
        "aria-expanded": "false",
        "aria-controls": `guide-${this.number}`,
        onclick: () => this.open(this.panel.hidden),
      },
      icon("wand-sparkles"),
      h("span", {}, "Help me write"),
    );
    this.panel = h("div", {
      class: "guide",
      id: `guide-${this.number}`,
      role: "region",
      "aria-label": "Help with the prompt",
      hidden: true,
      onkeydown: (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          this.open(false);
        }
      },
    });
    this.replaceChildren(this.opener, this.panel);
  }

  /** Drawn once, when it is first wanted: what was typed stays while it is closed. */
  draw() {
    this.rows = this.parts.map((part) => this.question(part));
    this.scene = h(
      "div",
      { class: "rows", role: "tabpanel" },
      this.rows.map(({ node }) => node),
    );
    this.film = this.shotList();
    this.tabs = h(
      "div",
      { class: "ways-to-write", role: "tablist" },
      [
        ["Part by part", false],
        ["Shot by shot", true],
      ].map(([text, shots]) =>
        h(
          "button",
          {
            type: "button",
            role: "tab",
            onclick: () => this.turn(shots),
            onkeydown: (event) => this.turnByKey(event, !shots),
          },
          text,
        ),
      ),
    );
    this.preview = live("p", { class: "made", "aria-live": "polite" });
    this.length = live("span", { class: "quiet length" });
    this.use = button({ text: "Use it", kind: "primary small", press: () => this.write() });
    this.add = button({ text: "Add to my prompt", kind: "small", press: () => this.write({ after: true }) });
    this.panel.replaceChildren(
      this.tabs,
      this.scene,
      this.film,
      h(
        "div",
        { class: "outcome-of-help" },
        this.preview,
        h(
          "div",
          { class: "ends" },
          this.use,
          this.add,
          this.length,
          button({ icon: "x", label: "Close the help", kind: "round", press: () => this.open(false) }),
        ),
      ),
    );
    this.turn(false);
  }

  render() {
    if (this.rows) this.tell();
  }

  open(wanted) {
    if (wanted && !this.rows) this.draw();
    this.panel.hidden = !wanted;
    this.opener.setAttribute("aria-expanded", String(wanted));
    if (!wanted) return this.opener.focus({ preventScroll: true });
    this.tell();
    return this.panel.querySelector("input:not([type=number])")?.focus({ preventScroll: true });
  }

  turn(shots) {
    this.byShots = shots && Boolean(this.offer.shots);
    this.tell();
  }

  turnByKey(event, shots) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    this.turn(shots);
    this.tabs.children[this.byShots ? 1 : 0].focus();
  }

  /** One part of the formula: a box for words of one's own, and the provider's words to press. */
  question({ label, hint, words, pattern }) {
    const id = `guide-${this.number}-${label.toLowerCase().replace(/\W+/g, "-")}`;
    const input = h("input", { type: "text", id, placeholder: hint, autocomplete: "off", oninput: () => this.tell() });
    const press = (word) => {
      const now = items(input.value);
      input.value = (now.includes(word) ? now.filter((each) => each !== word) : [...now, word]).join(", ");
      this.tell();
    };
    const chips = words.map((word, at) =>
      h(
        "button",
        { type: "button", class: "chip", hidden: at >= IN_SIGHT, "aria-pressed": "false", onclick: () => press(word) },
        word,
      ),
    );
    const more =
      words.length > IN_SIGHT &&
      h(
        "button",
        {
          type: "button",
          class: "chip more-words",
          onclick: () => {
            chips.forEach((chip) => {
              chip.hidden = false;
            });
            more.remove();
            chips[IN_SIGHT].focus();
          },
        },
        `${words.length - IN_SIGHT} more`,
      );
    const node = h(
      "div",
      { class: "part" },
      h("label", { for: id }, label),
      input,
      words.length ? h("div", { class: "words-of-part" }, chips, more || null) : null,
    );
    const mark = () => {
      const now = items(input.value);
      chips.forEach((chip, at) => {
        chip.setAttribute("aria-pressed", String(now.includes(words[at])));
      });
    };
    return {
      node,
      mark,
      said: () => (input.value.trim() ? pattern.replace("{}", input.value.trim().replace(/,$/, "")) : ""),
    };
  }

  shotList() {
    this.summary = h("input", {
      type: "text",
      id: `guide-${this.number}-whole`,
      placeholder: "What the clip is about, in a sentence.",
      oninput: () => this.tell(),
    });
    this.shots = h("ol", { class: "shots" });
    this.sum = live("p", { class: "sum", role: "status" });
    const half = Math.max(1, Math.round((this.offer.seconds || 10) / LEAST_SHOTS));
    this.addShot(half);
    this.addShot(Math.max(1, Math.round(this.offer.seconds || 10) - half));
    return h(
      "div",
      { class: "rows", role: "tabpanel" },
      h("div", { class: "part" }, h("label", { for: this.summary.id }, "The whole"), this.summary),
      this.shots,
      h(
        "div",
        { class: "under-shots" },
        button({
          text: "Add a shot",
          icon: "plus",
          kind: "small",
          press: () => this.addShot(Math.max(1, this.left()), true),
        }),
        this.sum,
      ),
    );
  }

  addShot(length, focus = false) {
    const time = h("input", {
      type: "number",
      min: 1,
      step: 1,
      value: length,
      inputMode: "numeric",
      "aria-label": "Seconds",
      oninput: () => this.tell(),
    });
    const words = h("input", {
      type: "text",
      placeholder: "What is seen, and how the camera moves.",
      "aria-label": "What is seen in this shot",
      oninput: () => this.tell(),
    });
    const shot = h(
      "li",
      { class: "shot" },
      live("span", { class: "which" }),
      words,
      h("span", { class: "time" }, time, " s"),
      button({
        icon: "x",
        label: "Remove this shot",
        kind: "round",
        press: () => {
          const next = shot.nextElementSibling ?? shot.previousElementSibling;
          shot.remove();
          next?.querySelector("input")?.focus();
          this.tell();
        },
      }),
    );
    this.shots.append(shot);
    if (focus) {
      words.focus();
      this.tell();
    }
  }

  left() {
    const given = [...this.shots.querySelectorAll("input[type=number]")].reduce(
      (sum, input) => sum + seconds(input),
      0,
    );
    return Math.round(this.offer.seconds || 0) - given;
  }

  /** What the helper would write now. */
  made() {
    if (!this.byShots) {
      const text = this.rows
        .map(({ said }) => said())
        .filter(Boolean)
        .reduce((all, next) => (all ? `${all}${/[.!?]["”]?$/.test(all) ? " " : ", "}${next}` : next), "");
      return text ? text[0].toUpperCase() + text.slice(1) : "";
    }
    let at = 0;
    const lines = [...this.shots.children].map((shot, index) => {
      const [words, time] = shot.querySelectorAll("input");
      const from = at;
      at += seconds(time);
      return words.value.trim() && `Shot ${index + 1} [${from}-${at}s] ${words.value.trim()}`;
    });
    return [this.summary.value.trim(), ...lines].filter(Boolean).join("\n");
  }

  /** Say what stands now: the prompt that is made, its length, and whether the shots fill the clip. */
  tell() {
    if (!this.rows) return;
    const { shots = false, maximum = 0 } = this.offer;
    if (this.byShots && !shots) this.byShots = false;
    this.tabs.hidden = !shots;
    [...this.tabs.children].forEach((tab, at) => {
      const on = Boolean(at) === this.byShots;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    [this.scene.hidden, this.film.hidden] = [this.byShots, !this.byShots];
    this.rows.forEach(({ mark }) => mark());
    this.tellShots();
    const text = this.made();
    const length = [...text].length;
    this.preview.textContent =
      text ||
      (this.byShots
        ? "Say what is seen in each shot; your prompt grows here."
        : "Fill in what matters to you, the rest may stay empty. Your prompt grows here.");
    this.preview.dataset.empty = text ? "no" : "yes";
    this.length.textContent = text && maximum ? `${length.toLocaleString("en")} / ${maximum.toLocaleString("en")}` : "";
    this.length.dataset.tone = maximum && length > maximum ? "bad" : "";
    [this.use.disabled, this.add.disabled] = [!text, !text];
    this.add.hidden = !this.area?.value.trim();
  }

  tellShots() {
    [...this.shots.children].forEach((shot, at) => {
      shot.querySelector(".which").textContent = `Shot ${at + 1}`;
      shot.querySelector("button").hidden = this.shots.children.length <= 1;
    });
    const [left, whole] = [this.left(), Math.round(this.offer.seconds || 0)];
    this.sum.dataset.tone = left ? "advice" : "ok";
    if (!whole) this.sum.textContent = "";
    else if (!left) this.sum.textContent = `${whole} s together, as long as the clip.`;
    else if (left > 0) this.sum.textContent = `${left} s of the clip's ${whole} s are not in a shot yet.`;
    else
      this.sum.textContent = `${whole - left} s together, but the clip is ${whole} s long: shorten a shot or choose a longer clip.`;
  }

  write({ after = false } = {}) {
    const { area } = this;
    if (!area) return;
    const own = area.value.trimEnd();
    area.value =
      after && own ? `${own}${this.byShots ? "\n" : /[.!?,]$/.test(own) ? " " : ", "}${this.made()}` : this.made();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    if (this.byShots) ask(this, "shots");
    this.open(false);
    if (!matchMedia("(hover: none)").matches) area.focus();
    announce("It is in your prompt.");
  }
}

customElements.define("studio-guide", /** @type {CustomElementConstructor} */ (/** @type {unknown} */ (Guide)));
