// One item of a comparison: its clip, its pictures or its article, and the line under it. What is pressed, the room decides.
import { Article } from "../results/article.js";
import { button, h, icon, live } from "../core/dom.js";
import { clipOf, hasArticle, picturesOf, soundOf } from "../results/outputs.js";
import { clock, isActive, isDone, stateOf, title } from "../core/words.js";

const POSTER_SIDE = 1280;
const STATE_ICON = { failed: "triangle-alert", canceled: "circle-slash", unknown: "circle-help" };

/**
 * Say what an item has to show: clip, picture, sound, article or nothing.
 * @param {JobView} job
 */
export function kindOf(job) {
  if (isDone(job) && clipOf(job)) return "clip";
  if (isDone(job) && soundOf(job)) return "sound";
  if (hasArticle(job)) return "article";
  return isDone(job) && picturesOf(job).length ? "picture" : "nothing";
}

/**
 * Divide width by height of what an item shows.
 * @param {JobView} job
 */
export function shapeOf(job) {
  const output = clipOf(job) ?? picturesOf(job)[0];
  return kindOf(job) === "article" ? 0.8 : output?.width && output?.height ? output.width / output.height : 16 / 9;
}

export class Pane {
  /** @type {JobView} */
  job;
  /** @type {Record<"hear" | "details" | "vote" | "retry", (pane: Pane) => void>} */
  acts;
  /** @type {ReturnType<import("./sync.js").Ensemble["add"]> | null} */
  part;

  /**
   * Make the pane of a job; `acts` do what is pressed in it.
   * @param {JobView} job
   * @param {{ number: number, name: string, acts: Pane["acts"] }} about
   */
  constructor(job, { number, name, acts }) {
    Object.assign(this, { job, number, acts, at: 0, part: null });
    this.look = h("div", { class: "look" });
    this.word = h("span", { class: "word", role: "status" });
    this.sound = button({ icon: "volume-x", label: "Hear this one", kind: "small hear", press: () => acts.hear(this) });
    this.pages = h("span", { class: "pages" });
    this.facts = button({ icon: "info", label: "Details", kind: "small facts", press: () => acts.details(this) });
    this.choose = button({ text: "This one", icon: "check", kind: "primary choose", press: () => acts.vote(this) });
    this.chip = live("b", { class: "number" });
    this.label = live("span", { class: "name" });
    this.node = h(
      "figure",
      { class: "pane", tabIndex: -1 },
      this.look,
      this.word,
      h("figcaption", {}, this.chip, this.label, this.pages, this.sound, this.facts, this.choose),
    );
    this.call(number, name);
    this.draw();
  }

  /** What it is called: its place, and its name unless that is hidden. */
  call(number, name) {
    this.number = number;
    this.chip.textContent = number;
    this.called = name ?? "";
    this.label.textContent = this.called;
    this.label.title = this.called;
    this.node.setAttribute("aria-label", name ? `Item ${number}: ${name}` : `Item ${number}`);
    this.choose.setAttribute("aria-label", `Vote for item ${number}`);
    this.video?.setAttribute("aria-label", `Clip ${number}`);
    if (this.image) this.image.alt = name ? title(this.job) : `Picture ${number}`;
  }

  draw() {
    this.kind = kindOf(this.job);
    this.node.dataset.kind = this.kind;
    this.video = this.image = this.said = null;
    this.say("");
    this.sound.hidden = this.kind !== "clip";
    this.pages.replaceChildren();
    const draws = {
      clip: () => this.clip(),
      picture: () => this.picture(),
      sound: () => this.heard(),
      article: () => this.article(),
      nothing: () => this.nothing(),
    };
    this.look.replaceChildren(draws[this.kind]());
  }

  clip() {
    this.output = clipOf(this.job);
    this.video = h("video", {
      class: "moves",
      poster: this.output.poster_url ?? "",
      muted: true,
      playsInline: true,
      preload: "auto",
      disablePictureInPicture: true,
      tabIndex: -1,
      "aria-label": `Clip ${this.number}`,
    });
    return this.video;
  }

  picture() {
    const outputs = picturesOf(this.job);
    this.output = outputs[this.at] ?? outputs[0];
    this.image = h("img", {
      class: "moves",
      src: this.output.poster_url ?? this.output.url,
      alt: title(this.job),
      draggable: false,
      decoding: "async",
    });
    this.image.addEventListener("error", () => this.say("This picture cannot be shown."), { once: true });
    if (outputs.length > 1) {
      const turn = (by) => {
        this.at = (this.at + by + outputs.length) % outputs.length;
        this.draw();
      };
      this.pages.replaceChildren(
        button({ icon: "chevron-left", label: "Previous picture", kind: "small", press: () => turn(-1) }),
        live("span", { class: "quiet" }, `${this.at + 1} / ${outputs.length}`),
        button({ icon: "chevron-right", label: "Next picture", kind: "small", press: () => turn(1) }),
      );
    }
    return this.image;
  }

  /** A sound plays by itself: it has no picture that could be in step with others. */
  heard() {
    return h(
      "div",
      { class: "empty" },
      icon("music"),
      h("audio", {
        src: soundOf(this.job).url,
        controls: true,
        preload: "metadata",
        "aria-label": `Sound ${this.number}`,
      }),
    );
  }

  article() {
    return h(
      "div",
      { class: "page", tabIndex: 0, role: "region", "aria-label": `Article ${this.number}` },
      new Article({ press: () => this.acts.details(this) }).update(this.job),
    );
  }

  nothing() {
    const words = isActive(this.job)
      ? `${stateOf(this.job)}. It appears here when it is done.`
      : (this.job.error?.message ?? stateOf(this.job));
    return h("div", { class: "empty" }, icon(STATE_ICON[this.job.status] ?? "clock"), h("p", {}, words));
  }

  /** The whole picture in its full size, once it is looked at closely. */
  sharpen() {
    const { image, output } = this;
    if (
      !image ||
      !output.poster_url ||
      Math.max(output.width ?? 0, output.height ?? 0) <= POSTER_SIDE ||
      image.dataset.sharp
    )
      return;
    image.dataset.sharp = "yes";
    const large = new Image();
    large.src = output.url;
    large.decode().then(
      () => {
        if (this.image === image) image.src = output.url;
      },
      () => {
        delete image.dataset.sharp;
      },
    );
  }

  /** A word over the picture: that it is awaited, or that it cannot be shown. */
  say(text, retry = false) {
    if (this.said === text) return;
    this.said = text;
    this.word.replaceChildren(
      ...(text ? [h("span", {}, text)] : []),
      ...(retry ? [button({ text: "Try again", kind: "small", press: () => this.acts.retry(this) })] : []),
    );
  }

  hears(is) {
    this.sound.setAttribute("aria-pressed", String(is));
    this.sound.querySelector(".icon").replaceWith(icon(is ? "volume-2" : "volume-x"));
  }

  /** The line of a clip that has ended while longer ones go on. */
  held(is) {
    this.node.dataset.held = is ? "yes" : "no";
    if (is) this.say(`Ended at ${clock(this.part.seconds)}`);
  }
}
