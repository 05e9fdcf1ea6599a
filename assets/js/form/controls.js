// The parts of the form that Gradio has not: choosers with drawn shapes and prices, notes with fixes, the foot.
import { StudioElement, announce, h, icon, live } from "../core/dom.js";
import { catalogue, clock, isActive, since, stateOf, title } from "../core/words.js";
import { jobById, learn, onChange } from "../core/live.js";
import { ask } from "./ask.js";

const IN_A_ROW = 6;
const LONG_IN_A_ROW = 4;
const SHORT_LABEL = 8;
const SIDE_STEP = 16;
const SETTLES_MS = 150;
let names = 0;

/** How many choices stand in a row; more than a row holds, many or long, are dealt into even ones. */
function columns(choices) {
  const longest = Math.max(0, ...choices.map(({ label }) => label.length));
  return choices.length <= (longest > SHORT_LABEL ? LONG_IN_A_ROW : IN_A_ROW)
    ? choices.length
    : Math.min(5, Math.ceil(choices.length / 2));
}

/**
 * Make one row of choices, as native radio buttons: arrows, labels and focus come for free.
 * @param {object} row
 * @param {string} row.legend
 * @param {string} [row.help]
 * @param {{ value: string, label: string, note?: string, why?: string, size?: any }[]} row.choices
 * @param {string} row.chosen
 * @param {(value: string) => void} row.choose
 * @param {(choice: { label: string, size?: any }) => HTMLElement} [row.draw]
 */
function segments({ legend, help, choices, chosen, choose, draw }) {
  const name = `segments-${(names += 1)}`;
  const row = h(
    "div",
    { class: "segments", style: `--columns:${columns(choices)}` },
    choices.map((choice) => {
      const input = h("input", {
        type: "radio",
        name,
        value: choice.value,
        checked: choice.value === chosen,
        disabled: Boolean(choice.why),
        onchange: () => choose(choice.value),
      });
      return h(
        "label",
        { class: "segment", title: choice.why || undefined, "data-off": choice.why ? "yes" : undefined },
        input,
        draw?.(choice),
        h("span", { class: "name" }, choice.label),
        choice.note || choice.why ? live("span", { class: "aside" }, choice.why || choice.note) : null,
      );
    }),
  );
  return h(
    "fieldset",
    { class: "chooser" },
    h("legend", {}, legend),
    row,
    help ? h("p", { class: "help" }, help) : null,
  );
}

class Segments extends StudioElement {
  render() {
    const { label, help, choices = [] } = this.offer;
    const kept = this.contains(document.activeElement);
    this.replaceChildren(
      segments({
        legend: label,
        help,
        choices,
        chosen: String(this.value ?? ""),
        draw: (choice) => ratio(choice.label),
        choose: (value) => this.enter(value),
      }),
    );
    if (kept) /** @type {HTMLElement} */ (this.querySelector("input:checked"))?.focus();
  }
}

/** More choices than can be seen at once. */
class Menu extends StudioElement {
  render() {
    const { label, help, choices = [] } = this.offer;
    const kept = this.contains(document.activeElement);
    const choose = ({ target }) => this.enter(target.value);
    this.node = h(
      "select",
      { onchange: choose },
      choices.map(({ value, label: text, group, note }) =>
        h(
          "option",
          { value, selected: value === String(this.value ?? "") },
          [text, group, note].filter(Boolean).join(" · "),
        ),
      ),
    );
    this.replaceChildren(
      h(
        "label",
        { class: "chooser menu" },
        h("b", {}, label),
        h("span", { class: "box" }, this.node, icon("chevron-down")),
        help ? h("span", { class: "help" }, help) : null,
      ),
    );
    if (kept) this.node.focus();
  }
}

const SHAPE = "a shape";
const OWN = "own";

/**
 * Shape and quality, two rows that make one size; if they are offered, also sizes without a shape and a free size. A pair
 * that is not offered cannot be chosen.
 */
class Sizes extends StudioElement {
  get sizes() {
    return this.offer.sizes ?? [];
  }

  render() {
    const { areas = [], free = null, empty = null, help } = this.offer;
    const value = String(this.value ?? "");
    const named = [...areas, ...(empty ? [{ value: "", label: empty }] : [])];
    const shapeless = named.find((one) => one.value === value);
    const size = shapeless
      ? null
      : (this.sizes.find((one) => one.value === value) ?? (free && sidesOf(value)) ?? this.sizes[0]);
    if (!shapeless && !size) return;
    this.own = Boolean(free && size && (!size.ratio || this.own === value)) && value;
    const kept = this.focusKept();
    const rows = [
      named.length ? this.whole(named, shapeless) : null,
      size && this.sizes.length ? this.shapes(size, free) : null,
      size && this.own !== false ? this.sides(size, free) : null,
      size && this.own === false ? this.qualities(size) : null,
    ].filter(Boolean);
    if (help && (named.length || (free && this.own === false))) rows.at(-1).append(h("p", { class: "help" }, help));
    this.replaceChildren(...rows);
    kept();
  }

  /** Gives the focus back to the row that has it now, or to the side that is being typed. */
  focusKept() {
    const focused = /** @type {HTMLInputElement} */ (
      this.contains(document.activeElement) ? document.activeElement : null
    );
    const place = focused ? [...this.children].indexOf(focused.closest("fieldset")) : -1;
    return () => {
      if (place < 0) return;
      /** @type {HTMLInputElement | false} */
      const typed = focused.type === "number" && this.querySelector(`[name="${focused.name}"]`);
      if (typed) typed.value = focused.value;
      /** @type {HTMLElement} */ (
        typed || this.children[place]?.querySelector("input:checked") || this.querySelector("input:checked")
      )?.focus();
    };
  }

  choose(value, { own = false } = {}) {
    this.own = own && value;
    if (value !== this.value) this.enter(value);
    this.render();
  }

  /** A size whose shape comes from elsewhere, or a shape. */
  whole(named, chosen) {
    const shape = this.sizes.length ? [{ value: SHAPE, label: "Choose a shape" }] : [];
    return segments({
      legend: "Size",
      choices: [...named, ...shape],
      chosen: chosen ? chosen.value : SHAPE,
      choose: (value) => this.choose(value === SHAPE ? this.sizes[0].value : value),
    });
  }

  shapes(now, free) {
    const { sizes } = this;
    const only = (shape) =>
      `${sizes
        .filter((size) => size.ratio === shape)
        .map((size) => size.tier)
        .join(", ")} only`;
    const find = (shape) =>
      sizes.find((size) => size.ratio === shape && (now.tier === undefined || size.tier === now.tier));
    const shapes = [...new Map(sizes.map((size) => [size.ratio, size])).values()];
    return segments({
      legend: "Shape",
      chosen: this.own === false ? now.ratio : OWN,
      draw: (choice) => (choice.size ? drawn(choice.size) : null),
      choose: (shape) => (shape === OWN ? this.choose(now.value, { own: true }) : this.choose(find(shape).value)),
      choices: [
        ...shapes.map((size) => ({
          value: size.ratio,
          label: size.ratio,
          size,
          why: find(size.ratio) ? "" : only(size.ratio),
        })),
        ...(free ? [{ value: OWN, label: "Own size" }] : []),
      ],
    });
  }

  qualities(now) {
    const tiers = [...new Set(this.sizes.map((size) => size.tier))];
    const find = (tier) => this.sizes.find((size) => size.ratio === now.ratio && size.tier === tier);
    if (tiers.every((tier) => !tier)) return null;
    return segments({
      legend: "Quality",
      chosen: now.tier,
      choose: (tier) => this.choose(find(tier).value),
      choices: tiers.map((tier) => ({
        value: tier,
        label: tier,
        note: find(tier)?.note,
        why: find(tier) ? "" : `not in ${now.ratio}`,
      })),
    });
  }

  /** Width and height of one's own, with what they may be. The value changes when a side is done, not at every digit. */
  sides({ width, height }, free) {
    const told = live("span", { class: "area", role: "status" });
    const side = (name, label, value) =>
      h(
        "label",
        {},
        h("span", {}, label),
        h("input", {
          type: "number",
          name,
          value,
          step: SIDE_STEP,
          min: SIDE_STEP,
          inputMode: "numeric",
          required: true,
          oninput: () => tell(),
          onchange: () => commit(),
        }),
      );
    const row = h(
      "div",
      { class: "sides" },
      side("width", "Width", width),
      h("i", { "aria-hidden": "true" }, "×"),
      side("height", "Height", height),
      told,
    );
    const sides = () => [...row.querySelectorAll("input")].map((input) => Math.round(Number(input.value)));
    const tell = () => {
      const [wide, high] = sides();
      told.textContent = wide && high ? `${million(wide * high)} megapixels` : "";
      told.dataset.tone = fits(wide, high, free) ? "" : "bad";
    };
    const commit = () => {
      // drawn anew, the row would lose the focus that is on its way to the other side
      const [wide, high] = sides();
      if (!(wide > 0 && high > 0)) return;
      this.own = `${wide}*${high}`;
      if (this.own !== this.value) this.enter(this.own);
    };
    tell();
    return h(
      "fieldset",
      { class: "chooser" },
      h("legend", { class: "sr" }, "Own size in pixels"),
      row,
      h("p", { class: "help" }, boundsSaid(free)),
    );
  }
}

const million = (pixels) => (pixels / 1e6).toFixed(2);

function sidesOf(value) {
  const [, width, height] = /^(\d+)\*(\d+)$/.exec(value) ?? [];
  return width ? { value, width: Number(width), height: Number(height) } : null;
}

function fits(
  width,
  height,
  { min_pixels: least, max_pixels: most, longest_ratio: ratio, min_side: shortest, max_side: longest },
) {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  return (
    width * height >= least &&
    width * height <= most &&
    long <= short * ratio &&
    short >= (shortest ?? 1) &&
    long <= (longest ?? Infinity)
  );
}

function boundsSaid({
  min_pixels: least,
  max_pixels: most,
  longest_ratio: ratio,
  min_side: shortest,
  max_side: longest,
}) {
  if (shortest && longest) return `Each side ${shortest} to ${longest} px, ${million(most)} megapixels at most.`;
  return `${million(least)} to ${million(most)} megapixels; the longer side up to ${Number(ratio.toFixed(2))} times the shorter.`;
}

/** The shape that a label like 16:9 names. */
function ratio(label) {
  const [, width, height] = /^(\d{1,2}):(\d{1,2})$/.exec(label) ?? [];
  return width ? drawn({ width: Number(width), height: Number(height) }) : null;
}

function drawn({ width, height }) {
  const scale = 22 / Math.sqrt(width * height);
  return h("i", {
    class: "shape",
    style: `width:${Math.round(width * scale)}px;height:${Math.round(height * scale)}px`,
  });
}

/** A size is not broken over two lines. */
const whole = (text) => text.replace(/(\d) × (\d)/g, "$1\u00a0×\u00a0$2");

const TONE_ICON = { ok: "check", bad: "circle-alert", advice: "info", missing: "arrow-right" };

/** One sentence and, where there is one, the button that puts it right. */
export function said(line, fix) {
  const press =
    line.fix &&
    h(
      "button",
      {
        type: "button",
        class: "fix",
        onclick: (event) => {
          event.currentTarget.disabled = true;
          event.currentTarget.classList.add("busy");
          fix(line.field);
        },
      },
      line.fix,
    );
  return h(
    "div",
    { class: "said", "data-tone": line.tone },
    icon(TONE_ICON[line.tone] ?? "info"),
    h("p", {}, whole(line.text)),
    press,
  );
}

/** Gradio calls every place for a picture the same; two of them side by side have names of their own. */
function nameUpload(block, label) {
  const place = block.querySelector("button.upload-container");
  if (label && place)
    place.setAttribute("aria-label", `${label}: choose ${block.classList.contains("sound") ? "a sound" : "a picture"}`);
}

/** The line under a field. */
class Note extends StudioElement {
  bind(context) {
    super.bind(context);
    this.typed = (event) => {
      if (event.target.closest?.(`[id="${this.parentId}"]`)) this.count();
    };
    document.addEventListener("input", this.typed);
  }
  disconnectedCallback() {
    document.removeEventListener("input", this.typed);
  }
  get parentId() {
    return this.closest(".block.studio-note")?.id.replace(/-note$/, "");
  }
  render() {
    const { lines = [], maximum, label } = this.value ?? {};
    const box = h(
      "div",
      { class: "lines", role: "status" },
      lines.map((line) => said(line, (field) => ask(this, "fix", { field }))),
    );
    this.counter = maximum ? live("span", { class: "counter", hidden: true }) : null;
    this.replaceChildren(...[box, this.counter].filter(Boolean));
    const block = document.getElementById(this.parentId);
    const tone = lines.some((line) => line.tone === "bad")
      ? "bad"
      : lines.some((line) => line.tone === "ok")
        ? "ok"
        : "";
    if (block) block.dataset.tone = tone;
    if (block) nameUpload(block, label);
    this.dataset.empty = lines.length || maximum ? "no" : "yes";
    requestAnimationFrame(() => requestAnimationFrame(() => this.count())); // the words may be set in the same breath
  }
  count() {
    const maximum = this.value?.maximum;
    /** @type {HTMLInputElement | HTMLTextAreaElement} */
    const area = document.getElementById(this.parentId)?.querySelector("textarea, input");
    if (!maximum || !this.counter || !area) return;
    const length = [...area.value].length;
    this.counter.textContent = `${length.toLocaleString("en")} / ${maximum.toLocaleString("en")}`;
    this.counter.dataset.tone = length > maximum ? "bad" : "";
    this.counter.hidden = length === 0;
  }
}

/** How many of the same: a number between two buttons. */
class Copies extends StudioElement {
  get many() {
    return Number(this.value ?? 1) || 1;
  }
  render() {
    const { most = 1 } = this.offer;
    const step = (by, name, label) =>
      h(
        "button",
        {
          type: "button",
          "aria-label": label,
          title: label,
          "data-by": String(by),
          disabled: by < 0 ? this.many <= 1 : this.many >= most,
          onclick: () => this.choose(this.many + by),
        },
        icon(name),
      );
    const held = this.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.by
      : null;
    this.replaceChildren(
      h(
        "div",
        { class: "copies", role: "group", "aria-label": "How many" },
        step(-1, "minus", "One less"),
        h(
          "span",
          { class: "number", role: "status", title: "How many" },
          h("span", { class: "sr" }, "How many: "),
          live("span", {}, String(this.many)),
        ),
        step(1, "plus", "One more"),
      ),
    );
    if (held)
      /** @type {HTMLElement} */ (
        this.querySelector(`[data-by="${held}"]:not(:disabled)`) ?? this.querySelector("button:not(:disabled)")
      )?.focus();
  }
  choose(many) {
    this.enter(many);
    this.render();
  }
}

/** Filling a form as the browser remembers it takes a moment, and must not take away what is written meanwhile.
 *  Returns what to call when it is filled. */
function keepWords(form) {
  const written = new Map();
  const note = ({ target }) => {
    if (target.matches("textarea, input[type=text]")) written.set(target, target.value);
  };
  const putBack = () =>
    written.forEach((words, node) => {
      if (!node.isConnected || node.value === words) return;
      node.value = words;
      node.dispatchEvent(new Event("input", { bubbles: true }));
    });
  form.addEventListener("input", note);
  return () => {
    setTimeout(putBack);
    setTimeout(() => {
      putBack();
      form.removeEventListener("input", note);
    }, SETTLES_MS);
  };
}

const FRAMES = 120; // for which a form is waited for, at most
const FOOT = 3; // its place among what a listener of the form is given
const feet = new Map();
/** Every change of a form comes through here on its way to the studio, and every press on Generate. A form that is not
 *  filled yet shows nobody's wishes: the studio hears of it without its foot, and lets it be. */
window.studioForm = (family, inputs) => (feet.get(family)?.listens() ? inputs : inputs.with(FOOT, null));
window.studioPress = (family, inputs) =>
  inputs.with(FOOT, { ...inputs[FOOT], pressed: feet.get(family)?.spend() ?? null });

/** Why nothing was ordered though Generate was pressed: what it costs now, and what the button said. */
function priceChanged({ now, now_for: nowFor, was, was_for: wasFor }) {
  const of = (made) => (made ? [" for ", live("span", {}, made)] : []);
  const said = was
    ? [
        "The price is now ",
        live("b", {}, now),
        ...of(nowFor),
        "; the button showed ",
        live("span", {}, was),
        ...of(wasFor),
        ".",
      ]
    : ["It costs ", live("b", {}, now), ", which the button did not show yet."];
  return h(
    "div",
    { class: "said changed", "data-tone": "advice" },
    icon("tag"),
    h(
      "div",
      {},
      h("p", {}, said),
      h("p", { class: "hint" }, "Nothing was ordered. Press Generate again if that is fine."),
    ),
  );
}

/** Whether a part of the form shows what it was filled with. One that is folded away may not be drawn at all. */
function shows({ id, value, folded }) {
  const block = document.getElementById(id);
  if (!block) return folded;
  const own = [...block.querySelectorAll("*")].find((node) => node instanceof StudioElement);
  if (own) return String([own.value ?? []].flat()) === String([value ?? []].flat()); // a place for one file holds a list, too
  /** @type {HTMLInputElement} */
  const input = block.querySelector("textarea, input[type=text], input[type=number], input[type=checkbox]");
  if (input?.type === "checkbox") return input.checked === Boolean(value);
  if (input)
    return input.type === "number" ? Number(input.value) === Number(value) : input.value === String(value ?? "");
  return Boolean(block.querySelector(".upload-container")) === !value;
}

/** The foot of the form: what will come out, how long it takes, and why it cannot run yet. */
class Foot extends StudioElement {
  bind(context) {
    this.putBack = keepWords(this.closest(".studio-form"));
    this.fills = new Set([context.props.value?.filled]); // a form that was filled before it was drawn has forgotten some of it
    super.bind(context);
    requestAnimationFrame(() => this.holdBack()); // the button is drawn after this
    ask(this, "drawn");
  }
  /** Whether the form shows what it was last filled with. */
  get ready() {
    return Boolean(this.fill) && !this.awaited;
  }
  /** Whether the studio is to hear of a change now. If not, it hears once the form is filled. */
  listens() {
    this.unheard ||= !this.ready;
    return this.ready;
  }
  /** The foot says which filling of the form it belongs to. An answer that was on its way while the form was filled anew
   *  is about what stood there before: the form is judged once more. */
  follow() {
    const { filled } = this.value ?? {};
    if (filled && !this.fills.has(filled)) {
      this.fills.add(filled);
      this.fill = filled;
      this.frames = 0;
      const waits = Boolean(this.awaited);
      this.awaited = this.value.holds ?? [];
      if (!waits) this.watchFilling();
    } else if (this.fill && filled !== this.fill) {
      this.context.props.value = { ...this.value, filled: this.fill };
      ask(this, "stale");
    }
  }
  connectedCallback() {
    feet.set(this.getAttribute("family"), this);
    this.stop = onChange((job) => {
      if (job.family === this.getAttribute("family")) this.drawRunning();
    });
  }
  disconnectedCallback() {
    this.stop?.();
    clearInterval(this.tick);
  }
  render() {
    this.follow();
    const { output, usual, priced, reasons = [], error, changed, started, ready } = this.value ?? {};
    if (started?.length && started[0].id !== this.started) this.begin(started);
    this.running = h("div", { class: "running" });
    this.replaceChildren(
      this.running,
      h("div", { class: "outcome", role: "status" }, live("span", {}, output ?? "")),
      h(
        "p",
        { class: "terms" },
        catalogue.demo
          ? h("span", { class: "usual" }, "Under a minute, in the demo")
          : live("span", { class: "usual" }, usual ?? ""),
        priced ? live("span", {}, priced) : null,
      ),
      h(
        "div",
        { class: "reasons", role: error || changed ? "alert" : undefined },
        changed ? priceChanged(changed) : null,
        error ? said({ text: error, tone: "bad" }) : null,
        reasons.map((reason) => said(reason, (field) => ask(this, "fix", { field }))),
      ),
    );
    const go = this.holdBack();
    if (go) {
      go.dataset.ready = ready === false ? "no" : "yes";
      this.drawPrice(go);
      if (changed && changed !== this.changed) rest(go); // nobody buys at a price that came under a finger on its way down
      this.changed = changed;
    }
    this.drawRunning();
  }
  /** Wait until every part of the form shows what it was filled with: Gradio draws them one after the other. A form in
   *  which a part never does, say since somebody wrote there, is let go after some frames: on a slow machine they take
   *  longer, as everything else. */
  watchFilling() {
    this.awaited = this.awaited.filter((part) => !shows(part));
    if (this.awaited.length && (this.frames += 1) <= FRAMES) return requestAnimationFrame(() => this.watchFilling());
    this.awaited = null;
    this.putBack?.();
    this.putBack = null;
    this.holdBack();
    if (this.unheard) setTimeout(() => ask(this, "settled"));
    this.unheard = false;
  }
  /** Hold Generate back until the form is filled. Returns the button, if it is drawn. */
  holdBack() {
    /** @type {HTMLElement} */
    const go = this.closest(".go")?.querySelector(".generate");
    if (go) go.ariaDisabled = this.ready ? null : "true";
    return go;
  }
  /** How many and for how much, beside the button's own word. The same as data goes with the press: the studio orders
   *  nothing that costs more than was shown. */
  drawPrice(go) {
    const { price = "", shown = {} } = this.value ?? {};
    const node = go.querySelector(".deal") ?? go.appendChild(live("span", { class: "deal" }));
    node.textContent = `${shown.copies > 1 ? ` ${shown.copies}` : ""}${price ? `  ${price}` : ""}`;
    node.dataset.shown = JSON.stringify(shown);
  }
  /** Remember what the button shows at the moment of a press: until the order goes out it may show something else. */
  press(go) {
    this.pressed = null;
    this.pressed = JSON.parse(go.querySelector(".deal")?.dataset.shown ?? "null");
  }
  /** What the last press saw, for one order. */
  spend() {
    const { pressed } = this;
    this.pressed = null;
    return pressed;
  }
  /** Jobs were ordered: the cards stand at once, and the first is the one that is told of here. */
  begin(jobs) {
    this.started = jobs[0].id;
    for (const job of jobs) {
      learn(job);
      document.dispatchEvent(new CustomEvent("studio:started", { detail: job }));
    }
    announce(
      jobs.length > 1
        ? `Your ${jobs.length} requests were taken. You can watch them beside the form.`
        : "Your request was taken. You can watch it beside the form.",
    );
  }
  /** On a phone the result lies far below: the newest job of the tab is said here, and a tap goes there. */
  drawRunning() {
    const job = this.started && jobById(this.started);
    clearInterval(this.tick);
    if (!job || !this.running) return this.running?.replaceChildren();
    const words = () => (isActive(job) ? `${stateOf(job)} · ${clock(since(job.created_at))}` : stateOf(job));
    const text = live("span", { class: "state" }, words());
    this.running.replaceChildren(
      h(
        "button",
        {
          type: "button",
          "data-state": job.status,
          onclick: () =>
            document
              .getElementById(`${this.getAttribute("family")}-stage`)
              ?.scrollIntoView({ behavior: "smooth", block: "start" }),
        },
        h("i", { class: "dot" }),
        text,
        h("span", { class: "what" }, title(job)),
        icon("chevron-down"),
      ),
    );
    if (isActive(job))
      this.tick = setInterval(() => {
        text.textContent = words();
      }, 1000);
  }
}

/** Prompts to begin with. */
class Examples extends StudioElement {
  render() {
    const { examples = [] } = catalogue.families?.[this.getAttribute("family")] ?? {};
    const chip = (name, index) =>
      h("button", { type: "button", class: "chip", onclick: () => ask(this, "pick", { index }) }, name);
    const files = this.getAttribute("files");
    const picture = files ? chip(files, "picture") : null;
    this.replaceChildren(h("div", { class: "examples" }, h("span", {}, "Try"), examples.map(chip), picture));
  }
}

customElements.define("studio-segments", Segments);
customElements.define("studio-menu", Menu);
customElements.define("studio-sizes", Sizes);
customElements.define("studio-note", Note);
customElements.define("studio-copies", Copies);
customElements.define("studio-foot", Foot);
customElements.define("studio-examples", Examples);

// A second press within a moment is a slip of the hand, and would be bought.
const AGAIN_MS = 1500;
let pressed = -AGAIN_MS;
let resting;
document.addEventListener(
  "click",
  (event) => {
    /** @type {HTMLElement} */
    const go = /** @type {Element} */ (event.target).closest?.(".generate");
    if (!go) return;
    /** @type {Foot} */
    const foot = go.closest(".go")?.querySelector("studio-foot");
    if (!foot?.ready || event.timeStamp - pressed < AGAIN_MS) {
      event.stopImmediatePropagation();
      event.preventDefault();
      return;
    }
    foot.press(go);
    /** @type {HTMLElement} */
    const waits = go.closest(".studio-form")?.querySelector('.pick:is([data-state="sending"], [data-state="failed"])');
    if (waits) {
      // the studio does not know of this file yet, and would make the clip without it
      event.stopImmediatePropagation();
      event.preventDefault();
      waits.scrollIntoView({ block: "center" });
      nudge(waits);
      announce(
        waits.dataset.state === "sending"
          ? "Your file is still on its way."
          : "A file did not arrive. Send it again, or remove it.",
      );
      return;
    }
    if (go.dataset.ready === "no") {
      nudge(go.closest(".go")?.querySelector(".reasons"));
      return;
    }
    rest(go);
  },
  true,
);

/** For a moment a press on the button does nothing. */
function rest(go) {
  pressed = performance.now();
  go.classList.add("sent");
  clearTimeout(resting);
  resting = setTimeout(
    () => document.querySelectorAll(".generate.sent").forEach((one) => one.classList.remove("sent")),
    AGAIN_MS,
  );
}

function nudge(node) {
  node?.classList.remove("nudge");
  requestAnimationFrame(() => node?.classList.add("nudge"));
}

// Control or Command and Enter in the prompt is Generate.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  /** @type {HTMLElement} */ (
    /** @type {Element} */ (event.target).closest?.(".studio-form")?.querySelector(".generate")
  )?.click();
});
