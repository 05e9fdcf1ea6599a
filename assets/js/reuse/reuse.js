// The ways back to a form: a job's settings, a recipe, one file for one slot; and files dropped anywhere on the page.
// The studio fills the forms itself; from here it is only told what is wished. Menus are fetched when first wanted.
//
// Events of the document that others may rely on:
//   studio:recall {job, words}               fill the form like this job, or only with its rewritten prompt
//   studio:again {job}                       the same with a new seed, Generate one press away
//   studio:use {asset, job, moment, kind}    a menu of every slot that takes it; `moment` is where a clip stands
//   A press on anything with data-act="open-file" asks for files, as a drop does.
import { StudioElement, announce, h, icon } from "../core/dom.js";
import { catalogue } from "../core/words.js";

const SHORT_MS = 3500;
const ARRIVES_MS = 400;
const LONG_MS = 9000;
const OWN_DROP = "studio-files, .uploader, [data-own-drop], dialog.reuse";
const PATIENCE_MS = 8000;

class Reuse extends StudioElement {
  /** @type {import("./menu.js").SlotMenu} */
  slots;
  /** @type {import("./opened.js").Opened} */
  opened;

  connectedCallback() {
    this.turn = 0;
    this.over = 0;
    this.notice = h("div", { class: "notice", role: "status", hidden: true });
    this.sheet = h(
      "div",
      { class: "dropsheet", hidden: true },
      h(
        "div",
        {},
        icon("file-down"),
        h("p", {}, "Drop to look for its recipe"),
        h("p", { class: "quiet" }, "Settings in the file fill a form. Any picture, clip or sound can be used or kept."),
      ),
    );
    this.input = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      accept: "image/*,video/*,audio/*",
      "aria-label": "Open a file",
      onchange: () => {
        this.take([...this.input.files]);
        this.input.value = "";
      },
    });
    this.replaceChildren(this.notice, this.sheet, this.input);
    this.stop = new AbortController();
    const on = (target, name, handler, more = {}) =>
      target.addEventListener(name, handler, { signal: this.stop.signal, ...more });
    on(document, "studio:recall", ({ detail }) => this.recall(detail.job, { words: detail.words === true }));
    on(document, "studio:again", ({ detail }) => this.recall(detail.job, { again: true }));
    on(document, "studio:use", ({ detail }) => this.menu(detail));
    on(document, "click", (event) => {
      if (event.target.closest?.('[data-act="open-file"]')) this.input.click();
    });
    on(window, "dragenter", (event) => this.hover(event, 1));
    on(window, "dragover", (event) => this.hover(event, 0));
    on(window, "dragleave", (event) => this.hover(event, -1));
    on(window, "drop", (event) => this.dropped(event));
    on(window, "dragend", () => this.rest());
  }

  disconnectedCallback() {
    this.stop.abort();
  }

  // What the studio is asked, and answers -----------------------------------------------------------------------------

  /** Ask the studio to fill a form; it answers in `value`, with the number of the question. */
  ask(event, wish, waiting) {
    this.turn += 1;
    if (event !== "recall") this.aim = null;
    this.say(waiting, 0);
    clearTimeout(this.impatient);
    this.impatient = setTimeout(() => this.say("This takes longer than usual…", 0), PATIENCE_MS);
    this.context.trigger(event, { ...wish, turn: this.turn });
    document.dispatchEvent(new CustomEvent("studio:details", { detail: {} })); // the form is below whatever is open
  }

  recall(job, { words = false, again = false }) {
    const files = words ? 0 : (job.inputs ?? []).length;
    this.aim = words || again ? null : aimOf(job);
    this.ask(
      "recall",
      { job: job.id, words, again },
      files ? `Bringing back ${files === 1 ? "your file" : `your ${files} files`}…` : "Filling the form…",
    );
  }

  /** What a file told, into a form: the whole of ours, the words of another tool. */
  told(recipe, family = "") {
    this.ask("told", { recipe, family }, "Filling the form…");
  }

  /** One file into one slot: `{asset, moment}` of the studio's, or the `{path}` of an upload. */
  use(file, { family, field }) {
    this.ask("use", { ...file, family, slot: field }, "Bringing the file…");
  }

  render() {
    const { turn, say = "", tone = "ok", family, target, ready } = this.value ?? {};
    if (turn !== this.turn || turn === this.answered) return;
    this.answered = turn;
    clearTimeout(this.impatient);
    this.say(say, tone === "bad" || say.length > 60 ? LONG_MS : SHORT_MS);
    if (family) this.reveal(ready ? `${family}-generate` : (target ?? (this.aim && `${family}-${this.aim}`)), ready);
  }

  /** Bring a part of the form in sight; a tab that was never open is drawn first. */
  async reveal(id, ready) {
    if (!id) return scrollTo({ top: 0, behavior: "smooth" });
    const node = await arrival(id);
    if (!node) return this.aim && scrollTo({ top: 0, behavior: "smooth" });
    node.scrollIntoView({
      block: "center",
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
    });
    if (ready) return (node.matches("button") ? node : node.querySelector("button"))?.focus({ preventScroll: true });
    node.classList.add("arrived");
    setTimeout(() => node.classList.remove("arrived"), 1800);
    const begin = () =>
      /** @type {HTMLElement} */ (
        node.querySelector("textarea") ??
          [...node.querySelectorAll("button, input, [tabindex='0']")].find((part) => part.checkVisibility())
      )?.focus({ preventScroll: true });
    begin();
    setTimeout(() => {
      if (document.activeElement === document.body) begin();
    }, ARRIVES_MS); // the place where a picture comes goes when it is there
  }

  /** A line at the foot of the page, for a while; 0 ms is until the next one. */
  say(text, ms) {
    clearTimeout(this.hush);
    this.notice.textContent = text;
    this.notice.hidden = !text;
    if (ms)
      this.hush = setTimeout(() => {
        this.notice.hidden = true;
      }, ms);
  }

  // Menus -------------------------------------------------------------------------------------------------------------

  async menu(wish) {
    try {
      const { SlotMenu } = await import("./menu.js");
      this.slots ??= new SlotMenu(this);
      await this.slots.open(wish);
    } catch (error) {
      announce("This could not be opened. Please reload the page.");
      throw error;
    }
  }

  /** Files that were dropped or chosen: look what they tell. */
  async take(files) {
    if (!files.length) return;
    const { Opened } = await import("./opened.js");
    this.opened ??= new Opened(this);
    await this.opened.open(files);
  }

  // Dropping ----------------------------------------------------------------------------------------------------------

  /** A file over the page; one that a part of the page takes by itself is left to it. */
  hover(event, by) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    this.over = Math.max(0, this.over + by);
    const theirs = Boolean(event.target.closest?.(OWN_DROP));
    if (!theirs && by >= 0) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    }
    this.sheet.hidden = this.over === 0 || theirs;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 2000); // a drag that left the window says nothing in some browsers
  }

  dropped(event) {
    this.rest();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length || event.defaultPrevented || event.target.closest?.(OWN_DROP)) return;
    event.preventDefault();
    this.take(files);
  }

  rest() {
    clearTimeout(this.resting);
    this.over = 0;
    this.sheet.hidden = true;
  }
}

/** The field that has to change before a job that failed can work; null where it is no one field. */
function aimOf({ error, inputs = [] }) {
  switch (error?.action) {
    case "edit_prompt":
      return "prompt";
    case "change_model":
      return "model";
    case "choose_file":
      return (inputs.find(({ kind }) => kind === catalogue.subjects?.[error.input]) ?? inputs[0])?.field ?? null;
    default:
      return null;
  }
}

/** A part of the page, as soon as it is there, in sight and can be pressed; null where it does not come. */
async function arrival(id) {
  for (const end = Date.now() + 5000; Date.now() < end; await new Promise((later) => setTimeout(later, 60))) {
    const node = document.getElementById(id);
    if (node?.getClientRects().length && node.ariaDisabled !== "true") return node;
  }
  return null;
}

customElements.define("studio-reuse", Reuse);
