// The chooser of ready-made effects: a folded row with the chosen one, and a grid of small moving pictures.
import { StudioElement, h, icon } from "../core/dom.js";

const PICTURES = new URL("../../effects/", import.meta.url);
const NONE = { value: "", label: "None", group: "", preview: "" };
const still = matchMedia("(prefers-reduced-motion: reduce)");
let names = 0;

/** A picture of an effect: still, until `play` is asked for and motion is welcome. */
function preview(name) {
  if (!name) return h("span", { class: "none" }, icon("circle-slash"));
  const at = (ending) => new URL(`${encodeURIComponent(name)}${ending}`, PICTURES).href;
  const image = h("img", { alt: "", loading: "lazy", decoding: "async", draggable: false, src: at(".still.webp") });
  image.play = (on) => {
    const src = at(on && !still.matches ? ".webp" : ".still.webp");
    if (image.src !== src) image.src = src;
  };
  return image;
}

class Effects extends StudioElement {
  render() {
    const drawn = JSON.stringify(this.offer);
    if (drawn !== this.drawn) this.build();
    this.drawn = drawn;
    this.mark();
  }

  /** The effect of none comes first, unless one must be chosen. */
  get choices() {
    const { choices = [], required } = this.offer;
    return [...(required ? [] : [NONE]), ...choices.filter(({ value }) => value !== "")];
  }

  build() {
    const { label = "", help } = this.offer;
    const open = this.panel?.open ?? false;
    const name = `effects-${(names += 1)}`;
    const groups = [...new Set(this.choices.map(({ group }) => group ?? ""))];
    this.summary = h("summary", {});
    this.panel = h(
      "details",
      { class: "effects", open, onkeydown: (event) => this.key(event) },
      this.summary,
      h(
        "div",
        { class: "shelf", role: "radiogroup", "aria-label": label },
        groups.map((group) =>
          h(
            "section",
            { role: group ? "group" : undefined, "aria-label": group || undefined },
            group ? h("h4", {}, group) : null,
            h(
              "div",
              { class: "grid" },
              this.choices.filter((choice) => (choice.group ?? "") === group).map((choice) => this.tile(choice, name)),
            ),
          ),
        ),
      ),
    );
    this.replaceChildren(
      h(
        "fieldset",
        { class: "chooser" },
        h("legend", {}, label),
        this.panel,
        help ? h("p", { class: "help" }, help) : null,
      ),
    );
  }

  tile(choice, name) {
    const picture = preview(choice.preview);
    const input = h("input", { type: "radio", name, value: choice.value, onchange: () => this.choose(choice.value) });
    const settle = (on) => () => picture.play?.(on || input.checked || input === document.activeElement);
    input.addEventListener("focus", settle(true));
    input.addEventListener("blur", settle(false));
    input.settle = settle(false);
    return h(
      "label",
      {
        class: choice.preview ? "effect" : "effect plain",
        title: choice.label,
        onpointerenter: settle(true),
        onpointerleave: settle(false),
      },
      input,
      picture,
      h("span", { class: "name" }, choice.label),
    );
  }

  choose(value) {
    this.enter(value);
    this.mark();
  }

  /** Show what is chosen, in the grid and in the row. */
  mark() {
    const now = String(this.value ?? "");
    const chosen = this.choices.find(({ value }) => value === now);
    for (const input of this.panel.querySelectorAll("input")) {
      input.checked = input.value === now;
      input.settle();
    }
    const picture = preview(chosen?.preview);
    picture.play?.(true);
    const [name, aside, act] = chosen?.value
      ? [chosen.label, chosen.group ?? "", "Change"]
      : [NONE.label, `${this.choices.filter(({ value }) => value).length} to choose from`, "Choose an effect"];
    this.summary.replaceChildren(
      picture,
      h("span", { class: "chosen" }, h("b", {}, name), h("span", { class: "quiet" }, aside)),
      h("span", { class: "open" }, act, icon("chevron-down")),
    );
  }

  key(event) {
    if (event.key !== "Escape" || !this.panel.open) return;
    event.stopPropagation();
    this.panel.open = false;
    this.summary.focus();
  }
}

customElements.define("studio-effects", Effects);
