// The parts of the form that Gradio has not: choosers with drawn shapes and prices, notes with fixes, the foot.
import { StudioElement, announce, h, icon } from "./dom.js";
import { isActive, catalogue, clock, since, STATE, title } from "./words.js";
import { jobById, learn, onChange } from "./live.js";

let names = 0;

/** One row of choices, as native radio buttons: arrows, labels and focus come for free. */
function segments({ legend, help, choices, chosen, choose, draw }) {
  const name = `segments-${(names += 1)}`;
  const row = h("div", { class: "segments", style: `--columns:${choices.length}` }, choices.map((choice) => {
    const input = h("input", {
      type: "radio", name, value: choice.value, checked: choice.value === chosen, disabled: Boolean(choice.why),
      onchange: () => choose(choice.value),
    });
    return h("label", { class: "segment", title: choice.why || undefined, "data-off": choice.why ? "yes" : undefined },
      input, draw?.(choice), h("span", { class: "name" }, choice.label),
      choice.note || choice.why ? h("span", { class: "aside" }, choice.why || choice.note) : null);
  }));
  return h("fieldset", { class: "chooser" }, h("legend", {}, legend), row, help ? h("p", { class: "help" }, help) : null);
}

class Segments extends StudioElement {
  render() {
    const { label, help, choices = [] } = this.offer;
    const kept = this.contains(document.activeElement);
    this.replaceChildren(segments({
      legend: label, help, choices, chosen: String(this.value ?? ""),
      choose: (value) => { this.context.props.value = value; this.context.trigger("input"); },
    }));
    if (kept) this.querySelector("input:checked")?.focus();
  }
}

/** Shape and quality, two rows that make one size. A pair that is not offered cannot be chosen. */
class Sizes extends StudioElement {
  render() {
    const sizes = this.offer.sizes ?? [];
    const now = sizes.find((size) => size.value === this.value) ?? sizes[0];
    if (!now) return;
    const tiers = [...new Set(sizes.map((size) => size.tier))];
    const shapes = [...new Map(sizes.map((size) => [size.ratio, size])).values()];
    const find = (ratio, tier) => sizes.find((size) => size.ratio === ratio && size.tier === tier);
    const focused = this.contains(document.activeElement) ? document.activeElement.closest("fieldset") : null;
    const place = focused ? [...this.children].indexOf(focused) : -1;
    const choose = (size) => { this.context.props.value = size.value; this.render(); };
    const only = (ratio) => `${sizes.filter((size) => size.ratio === ratio).map((size) => size.tier).join(", ")} only`;
    this.replaceChildren(
      segments({
        legend: "Shape", chosen: now.ratio, draw: (choice) => shape(choice.size), choose: (ratio) => choose(find(ratio, now.tier)),
        choices: shapes.map((size) => ({
          value: size.ratio, label: size.ratio, size, why: find(size.ratio, now.tier) ? "" : only(size.ratio),
        })),
      }),
      segments({
        legend: "Quality", chosen: now.tier, choose: (tier) => choose(find(now.ratio, tier)),
        choices: tiers.map((tier) => {
          const size = find(now.ratio, tier);
          return { value: tier, label: tier, note: size?.note, why: size ? "" : `not in ${now.ratio}` };
        }),
      }),
    );
    if (place >= 0) this.children[place]?.querySelector("input:checked")?.focus();
  }
}

function shape({ width, height }) {
  const scale = 22 / Math.sqrt(width * height);
  return h("i", { class: "shape", style: `width:${Math.round(width * scale)}px;height:${Math.round(height * scale)}px` });
}

const TONE_ICON = { ok: "check", bad: "circle-alert", advice: "info", missing: "arrow-right" };

/** One sentence and, where there is one, the button that puts it right. */
function said(line, fix) {
  const press = line.fix && h("button", {
    type: "button", class: "fix",
    onclick: (event) => { event.currentTarget.disabled = true; event.currentTarget.classList.add("busy"); fix(line.field); },
  }, line.fix);
  return h("div", { class: "said", "data-tone": line.tone }, icon(TONE_ICON[line.tone] ?? "info"), h("p", {}, line.text), press);
}

/** The line under a field. */
class Note extends StudioElement {
  bind(context) {
    super.bind(context);
    this.typed = (event) => { if (event.target.closest?.(`[id="${this.parentId}"]`)) this.count(); };
    document.addEventListener("input", this.typed);
  }
  disconnectedCallback() { document.removeEventListener("input", this.typed); }
  get parentId() { return this.closest(".block.studio-note")?.id.replace(/-note$/, ""); }
  render() {
    const { lines = [], maximum } = this.value ?? {};
    const box = h("div", { class: "lines", role: "status" }, lines.map((line) => said(line, (field) => this.context.trigger("fix", { field }))));
    this.counter = maximum ? h("span", { class: "counter", hidden: true }) : null;
    this.replaceChildren(...[box, this.counter].filter(Boolean));
    const block = document.getElementById(this.parentId);
    const tone = lines.some((line) => line.tone === "bad") ? "bad" : lines.some((line) => line.tone === "ok") ? "ok" : "";
    if (block) block.dataset.tone = tone;
    this.dataset.empty = lines.length || maximum ? "no" : "yes";
    requestAnimationFrame(() => requestAnimationFrame(() => this.count())); // the words may be set in the same breath
  }
  count() {
    const maximum = this.value?.maximum;
    const area = document.getElementById(this.parentId)?.querySelector("textarea, input");
    if (!maximum || !this.counter || !area) return;
    const length = [...area.value].length;
    this.counter.textContent = `${length.toLocaleString("en")} / ${maximum.toLocaleString("en")}`;
    this.counter.dataset.tone = length > maximum ? "bad" : "";
    this.counter.hidden = length === 0;
  }
}

/** The foot of the form: what will come out, how long it takes, and why it cannot run yet. */
class Foot extends StudioElement {
  bind(context) {
    super.bind(context);
    context.trigger("drawn");
  }
  connectedCallback() { this.stop = onChange((job) => { if (job.family === this.getAttribute("family")) this.drawRunning(); }); }
  disconnectedCallback() { this.stop?.(); clearInterval(this.tick); }
  render() {
    const { output, usual, reasons = [], error, started, ready } = this.value ?? {};
    if (started && started.id !== this.started) {
      this.started = started.id;
      learn(started);
      announce("Your request was taken. You can watch it beside the form.");
      document.dispatchEvent(new CustomEvent("studio:started", { detail: started }));
    }
    this.running = h("div", { class: "running" });
    this.replaceChildren(
      this.running,
      h("div", { class: "outcome", role: "status" }, h("span", {}, output ?? ""), h("span", { class: "usual" }, catalogue.demo ? "Under a minute, in the demo" : usual ?? "")),
      h("div", { class: "reasons", role: error ? "alert" : undefined },
        error ? said({ text: error, tone: "bad" }) : null,
        reasons.map((reason) => said(reason, (field) => this.context.trigger("fix", { field })))),
    );
    const go = this.closest(".go")?.querySelector(".generate");
    if (go) go.dataset.ready = ready === false ? "no" : "yes";
    this.drawRunning();
  }
  /** On a phone the result lies far below: the newest job of the tab is said here, and a tap goes there. */
  drawRunning() {
    const job = this.started && jobById(this.started);
    clearInterval(this.tick);
    if (!job || !this.running) return this.running?.replaceChildren();
    const words = () => (isActive(job) ? `${STATE[job.status]} · ${clock(since(job.created_at))}` : STATE[job.status]);
    const text = h("span", { class: "state" }, words());
    this.running.replaceChildren(h("button", {
      type: "button", "data-state": job.status,
      onclick: () => document.getElementById(`${this.getAttribute("family")}-stage`)?.scrollIntoView({ behavior: "smooth", block: "start" }),
    }, h("i", { class: "dot" }), text, h("span", { class: "what" }, title(job)), icon("chevron-down")));
    if (isActive(job)) this.tick = setInterval(() => { text.textContent = words(); }, 1000);
  }
}

/** Prompts to begin with. */
class Examples extends StudioElement {
  render() {
    const { examples = [] } = catalogue.families?.[this.getAttribute("family")] ?? {};
    const chip = (name, index) => h("button", { type: "button", class: "chip", onclick: () => this.context.trigger("pick", { index }) }, name);
    const picture = this.getAttribute("picture") === "yes" ? chip("Example picture", "picture") : null;
    this.replaceChildren(h("div", { class: "examples" }, h("span", {}, "Try"), examples.map(chip), picture));
  }
}

customElements.define("studio-segments", Segments);
customElements.define("studio-sizes", Sizes);
customElements.define("studio-note", Note);
customElements.define("studio-foot", Foot);
customElements.define("studio-examples", Examples);

// A second press within a moment is a slip of the hand, and would be bought.
const AGAIN_MS = 1500;
let pressed = -AGAIN_MS;
document.addEventListener("click", (event) => {
  const go = event.target.closest?.(".generate");
  if (!go) return;
  if (event.timeStamp - pressed < AGAIN_MS) { event.stopImmediatePropagation(); event.preventDefault(); return; }
  if (go.dataset.ready === "no") {
    const reasons = go.closest(".go")?.querySelector(".reasons");
    reasons?.classList.remove("nudge");
    requestAnimationFrame(() => reasons?.classList.add("nudge"));
    return;
  }
  pressed = event.timeStamp;
  go.classList.add("sent");
  setTimeout(() => go.classList.remove("sent"), AGAIN_MS);
}, true);

// Control or Command and Enter in the prompt is Generate.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest?.(".studio-form")?.querySelector(".generate")?.click();
});
