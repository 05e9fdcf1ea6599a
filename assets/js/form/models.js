// The picker of a tab's model: what each is for and costs, and where those are had that this region lacks.
import { StudioElement, button, h, icon, live } from "../core/dom.js";
import { ask } from "./ask.js";

const NEAR_PX = 320; // less room than this below, and the list opens upwards
const TOGETHER_MS = 700; // letters typed this quickly make one beginning
let names = 0;

class Models extends StudioElement {
  /** @type {number} */
  number;

  get models() {
    return this.offer.models ?? [];
  }
  get here() {
    return this.models.filter(({ off }) => !off);
  }

  connectedCallback() {
    this.outside = (event) => {
      if (this.panel && !event.composedPath().includes(this)) this.close({ focus: false });
    };
    document.addEventListener("pointerdown", this.outside);
  }

  disconnectedCallback() {
    document.removeEventListener("pointerdown", this.outside);
  }

  render() {
    const now = this.models.find(({ id }) => id === this.value) ?? this.here[0];
    if (!now) return;
    const drawn = JSON.stringify([this.value, this.offer]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const open = Boolean(this.panel); // a word from the studio must not shut the list under somebody's finger
    const focused = this.contains(document.activeElement);
    const label = `models-${(this.number ??= names += 1)}`;
    this.opener = h(
      "button",
      {
        type: "button",
        class: "model",
        "aria-haspopup": "listbox",
        "aria-expanded": "false",
        "aria-labelledby": `${label} ${label}-now`,
        onclick: () => (this.panel ? this.close() : this.open()),
        onkeydown: (event) => this.openByKey(event),
      },
      h(
        "span",
        { class: "words", id: `${label}-now` },
        live("b", {}, now.title),
        h("span", { class: "summary" }, now.summary),
      ),
      live("span", { class: "price" }, now.price),
      icon("chevron-down"),
    );
    this.panel = null;
    this.replaceChildren(
      ...[
        this.missing(),
        h("div", { class: "models" }, h("div", { class: "legend", id: label }, this.offer.label ?? ""), this.opener),
      ].filter(Boolean),
    );
    if (open) this.open();
    else if (focused) this.opener.focus({ preventScroll: true });
  }

  /** What to say where the whole family is not had here. */
  missing() {
    const { missing } = this.offer;
    if (!missing) return null;
    return h(
      "div",
      { class: "said missing", "data-tone": "advice", role: "status" },
      icon("info"),
      h("p", {}, missing.text),
      this.ways(missing.places ?? [], this.value),
    );
  }

  /** The buttons that lead to a place that has a model. */
  ways(places, model) {
    if (!places.length) return null;
    return h(
      "span",
      { class: "ways" },
      places.map(({ region, label, usable }) =>
        usable
          ? button({
              text: `Switch to ${label}`,
              kind: "small",
              press: () => {
                this.close({ focus: false });
                ask(this, "place", { region, model });
              },
            })
          : button({ text: `Add a key for ${label}`, kind: "small", press: () => this.addKey(region) }),
      ),
    );
  }

  addKey(region) {
    this.close({ focus: false });
    document.getElementById("tab-settings-button")?.click();
    document.dispatchEvent(new CustomEvent("studio:add-key", { detail: { region } }));
  }

  open() {
    const away = this.models.filter(({ off }) => off);
    this.list = h(
      "div",
      {
        class: "options",
        role: "listbox",
        "aria-label": this.offer.label ?? "",
        onkeydown: (event) => this.key(event),
      },
      this.here.map((model) => this.option(model)),
    );
    this.panel = h(
      "div",
      {
        class: "models-panel",
        onkeydown: (event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            this.close();
          }
        },
      },
      this.list,
      away.length
        ? h(
            "section",
            { class: "elsewhere" },
            h("h4", {}, "Not in this region"),
            away.map((model) => this.row(model)),
          )
        : null,
    );
    this.veil = h("div", { class: "models-veil", onclick: () => this.close() });
    const { top, bottom } = this.opener.getBoundingClientRect();
    const up = innerHeight - bottom < NEAR_PX && bottom > innerHeight / 2;
    this.panel.dataset.up = up ? "yes" : "no";
    this.panel.style.setProperty("--room", `${Math.max(200, (up ? top : innerHeight - bottom) - 20)}px`);
    this.opener.after(this.veil, this.panel);
    this.opener.setAttribute("aria-expanded", "true");
    this.panel.addEventListener("focusout", (event) => {
      if (this.panel && event.relatedTarget && !this.contains(event.relatedTarget)) this.close({ focus: false });
    });
    this.go(
      Math.max(
        0,
        this.here.findIndex(({ id }) => id === this.value),
      ),
    );
  }

  close({ focus = true } = {}) {
    const { panel, veil } = this;
    if (!panel) return;
    this.panel = null; // first: taking the focused row away tells of a lost focus
    panel.remove();
    veil.remove();
    this.opener.setAttribute("aria-expanded", "false");
    if (focus) this.opener.focus({ preventScroll: true });
  }

  option(model) {
    const chosen = model.id === this.value;
    return h(
      "div",
      {
        role: "option",
        class: "option",
        tabIndex: -1,
        "aria-selected": String(chosen),
        "data-id": model.id,
        onclick: () => this.choose(model.id),
      },
      h("span", { class: "tick" }, chosen ? icon("check") : null),
      words(model),
    );
  }

  /** A model that this region lacks: told, and how to get there. */
  row(model) {
    return h(
      "div",
      { class: "option off" },
      h("span", { class: "tick" }),
      words(model),
      h("span", { class: "where" }, model.where, this.ways(model.places ?? [], model.id)),
    );
  }

  choose(id) {
    const changed = id !== this.value;
    this.close();
    if (!changed) return;
    this.enter(id);
    this.render();
  }

  go(at) {
    const options = [...this.list.children];
    const next = options[Math.min(Math.max(at, 0), options.length - 1)];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  }

  openByKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (!this.panel) this.open();
  }

  key(event) {
    const at = [...this.list.children].indexOf(document.activeElement);
    const jumps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.here.length - 1 };
    if (event.key in jumps) this.go(jumps[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.here[at]?.id ?? this.value);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) this.go(this.beginning(event.key, at));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The next model that has a word which begins with what was typed. */
  beginning(letter, at) {
    const now = performance.now();
    this.typed =
      now - (this.typedAt ?? -TOGETHER_MS) < TOGETHER_MS ? this.typed + letter.toLowerCase() : letter.toLowerCase();
    this.typedAt = now;
    const from = this.typed.length > 1 ? at : at + 1;
    const order = this.here.map((_, index) => (index + from) % this.here.length);
    return (
      order.find((index) =>
        ` ${this.here[index].title} ${this.here[index].summary}`.toLowerCase().includes(` ${this.typed}`),
      ) ?? at
    );
  }
}

function words({ title, summary, price }) {
  return [
    h("span", { class: "words" }, live("b", {}, title), h("span", { class: "summary" }, summary)),
    live("span", { class: "price" }, price),
  ];
}

customElements.define("studio-models", Models);
