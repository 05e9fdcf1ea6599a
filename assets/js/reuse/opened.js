// Files that were dropped on the page or opened: what they tell of how they were made, and what can be done with them.
// Whatever a file tells is data: it reaches the page as text and nothing else.
import { announce, button, h, icon } from "../core/dom.js";
import { fetchJob, learn } from "../core/live.js";
import { kindOf } from "../form/piece.js";
import { catalogue } from "../core/words.js";
import { useButton } from "./menu.js";
import { Sheet } from "./sheet.js";

const MOST_FILES = 50;
const MOST_BYTES = 200 * 1024 * 1024;

export class Opened {
  constructor(page) {
    this.page = page;
    this.sheet = new Sheet("opened");
    this.sheet.closed = () => this.forget();
  }

  async open(files) {
    this.forget();
    const known = files.filter((file) => kindOf(file.type, file.name));
    if (!known.length) return this.page.say("Please choose pictures, clips or sounds.", 5000);
    return known.length > 1 ? this.several(known.slice(0, MOST_FILES), known.length) : this.one(known[0]);
  }

  forget() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }

  // One file ----------------------------------------------------------------------------------------------------------

  async one(file) {
    const kind = kindOf(file.type, file.name);
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.sheet.show(
      file.name,
      this.look(file, kind),
      h("p", { class: "quiet", role: "status" }, "Looking for its recipe…"),
    );
    let told = { kind: "none" };
    let trouble = "";
    if (file.size > MOST_BYTES) trouble = "It is too large to look for a recipe.";
    else
      try {
        told = await this.send("/studio/recipes", file);
      } catch (error) {
        trouble = error.message;
      }
    if (turn !== this.turn || !this.sheet.node.open) return;
    const none = trouble || "It carries no recipe. You can still use it, or keep it.";
    const own = [
      told.kind === "studio" ? this.ours(told) : told.kind === "foreign" ? this.foreign(told) : h("p", {}, none),
      h(
        "div",
        { class: "acts" },
        this.first(told),
        useButton(() => this.use(file, kind, told)),
        this.keeper([file]),
      ),
    ];
    this.sheet.show(file.name, this.look(file, kind), own);
    this.sheet.node.querySelector(".acts .press")?.focus();
    announce(
      told.kind === "studio"
        ? [madeBy(told).join(""), told.prompt].filter(Boolean).join(". ")
        : told.kind === "foreign"
          ? `Made with ${told.tool || "another tool"}`
          : none,
    );
  }

  /** Made by this studio or another one of ours. */
  ours(told) {
    const [where, model] = madeBy(told);
    return h(
      "div",
      { class: "told" },
      h("p", {}, h("b", {}, where), model),
      told.prompt ? h("blockquote", {}, told.prompt) : null,
    );
  }

  foreign(told) {
    const writing = [...(this.page.offer.writing ?? [])];
    this.family = h(
      "select",
      { "aria-label": "Where to" },
      writing.map(({ id, label }) => h("option", { value: id }, label)),
    );
    return h(
      "div",
      { class: "told" },
      h("p", {}, h("b", {}, `Made with ${told.tool || "another tool"}`)),
      told.prompt ? h("blockquote", {}, told.prompt) : h("p", { class: "quiet" }, "No prompt was found in it."),
      told.prompt ? h("label", { class: "to" }, "Use its prompt in", this.family) : null,
    );
  }

  first(told) {
    if (told.kind === "studio")
      return button({
        text: "Remix",
        icon: "wand-sparkles",
        kind: "primary",
        act: "remix",
        press: () => this.remix(told),
      });
    if (told.kind !== "foreign" || !told.prompt) return null;
    return button({
      text: "Use its prompt",
      icon: "wand-sparkles",
      kind: "primary",
      act: "prompt",
      press: () => {
        const family = this.family.value;
        this.sheet.close();
        this.page.told(
          {
            kind: "foreign",
            prompt: told.prompt,
            negative_prompt: told.negative_prompt ?? "",
            seed: told.seed ?? null,
          },
          family,
        );
      },
    });
  }

  async remix(told) {
    this.sheet.close();
    if (told.job) {
      try {
        return this.page.recall(await fetchJob(told.job), {});
      } catch {
        /* It may have left the bin just now: what the file tells is still here. */
      }
    }
    const { family, model, region, prompt, parameters, inputs } = told;
    this.page.told({ kind: "studio", family, model, region, prompt, parameters, inputs: (inputs ?? []).length > 0 });
  }

  use(file, kind, told) {
    this.sheet.close();
    // What lies in the archive need not be sent again, and has frames to choose from.
    this.page.menu({ file, kind, ...(told.whole && told.job ? { asset: told.asset } : {}) });
  }

  look(file, kind) {
    this.address ??= URL.createObjectURL(file);
    const gone = (event) => event.target.remove(); // not every browser shows every kind
    if (kind === "image") return h("img", { class: "look", src: this.address, alt: "", onerror: gone });
    if (kind === "video")
      return h("video", {
        class: "look",
        src: `${this.address}#t=0.1`,
        muted: true,
        playsInline: true,
        preload: "metadata",
        onerror: gone,
      });
    return h("div", { class: "look sound" }, icon("music"));
  }

  // Several, and keeping ----------------------------------------------------------------------------------------------

  several(files, count) {
    this.sheet.show(
      `${count} files`,
      h("p", {}, count > files.length ? `The first ${files.length} are taken.` : "Each keeps the recipe it carries."),
      h(
        "ul",
        { class: "names" },
        files.map(({ name }) => h("li", {}, name)),
      ),
      h(
        "div",
        { class: "acts" },
        this.keeper(files),
        button({ text: "Look at the first", press: () => this.one(files[0]) }),
      ),
    );
    this.sheet.node.querySelector(".acts .press")?.focus();
  }

  keeper(files) {
    return button({
      text: files.length > 1 ? `Keep all ${files.length} in the gallery` : "Keep in the gallery",
      icon: "images",
      act: "keep",
      press: () => this.keep(files),
    });
  }

  /** Take files into the gallery, one after the other. */
  async keep(files) {
    this.sheet.close();
    const lost = [];
    let kept = 0;
    for (const file of files) {
      this.page.say(`Keeping ${files.length > 1 ? `${kept + lost.length + 1} of ${files.length}` : file.name}…`, 0);
      try {
        learn(await this.send("/studio/imports", file));
        kept += 1;
      } catch (error) {
        lost.push(`${file.name}: ${error.message}`);
      }
    }
    const done = kept === 1 ? "It is in the gallery now." : kept ? `${kept} files are in the gallery now.` : "";
    this.page.say(
      [done, ...lost.slice(0, 3), lost.length > 3 ? `and ${lost.length - 3} more.` : ""].filter(Boolean).join(" "),
      lost.length ? 10000 : 4000,
    );
  }

  async send(url, file) {
    const answer = await fetch(url, {
      method: "POST",
      body: file,
      headers: {
        "X-Studio": "1",
        "X-File-Name": encodeURIComponent(file.name),
        "Content-Type": "application/octet-stream",
      },
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.message ?? `The studio answered ${answer.status}.`);
    return told;
  }
}

/** Where a file of ours was made, and with which model. */
const madeBy = (told) => [
  told.job ? "Made here" : "Made with Wan Studio",
  ` with ${told.model_title ?? catalogue.models?.[told.model]?.title ?? told.model}`,
];
