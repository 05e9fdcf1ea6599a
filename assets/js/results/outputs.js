// What a job made, as it is shown large: a clip that plays, or pictures, one of them large. Articles are in article.js.
import { button, download, h, icon, live } from "../core/dom.js";
import { title } from "../core/words.js";

/** @param {JobView} job */
export const picturesOf = (job) => (job.outputs ?? []).filter((output) => output.kind === "image");
/** @param {JobView} job */
export const clipOf = (job) => (job.outputs ?? []).find((output) => output.kind === "video");
/** @param {JobView} job */
export const soundOf = (job) => (job.outputs ?? []).find((output) => output.kind === "audio");
/** @param {JobView} job */
export const hasArticle = (job) => Boolean(job.article?.length);

const gone = (what) =>
  h(
    "div",
    { class: "empty" },
    icon("circle-alert"),
    h("p", {}, `This ${what} cannot be shown here.`),
    h("p", { class: "quiet" }, "Its file may have been moved. Download tells more."),
  );

/**
 * Make a clip with the browser's own controls.
 * @param {JobView} job
 */
export function clip(job, output, properties = {}) {
  const video = h("video", {
    src: output.url,
    poster: output.poster_url ?? "",
    controls: true,
    playsInline: true,
    preload: "metadata",
    "aria-label": title(job),
    style: `--ratio:${(output.width || 16) / (output.height || 9)}`,
    ...properties,
  });
  video.addEventListener("error", () => video.replaceWith(gone("clip")), { once: true });
  return video;
}

/** The pictures of a job: one large, the others in a row below. `chosen(index)` is told; `press` makes the large one a button. */
export class Pictures {
  /** @type {(index: number) => void} */
  chosen;
  /** @type {(index: number) => void} */
  press;
  /** @type {boolean} */
  sharp;

  /**
   * @param {JobView} job
   * @param {{ at?: number, chosen?: (index: number) => void, press?: (index: number) => void, sharp?: boolean }} [wanted]
   */
  constructor(job, { at = 0, chosen, press, sharp = false } = {}) {
    this.job = job;
    this.outputs = picturesOf(job);
    this.at = Math.min(Math.max(at, 0), this.outputs.length - 1);
    Object.assign(this, { chosen, press, sharp });
    this.large = h("div", { class: "large" });
    this.strip =
      this.outputs.length > 1
        ? h(
            "div",
            { class: "strip", role: "group", "aria-label": "Pictures", style: `--count:${this.outputs.length}` },
            this.outputs.map((output, index) => this.thumb(output, index)),
          )
        : null;
    this.node = h("div", { class: "pictures" }, this.large, this.strip);
    this.node.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && event.target.closest(".strip") && this.step(step)) {
        event.preventDefault();
        event.stopPropagation();
        this.strip.children[this.at].focus();
      }
    });
    swipe(this.large, (step) => this.step(step));
    this.draw();
  }

  get output() {
    return this.outputs[this.at];
  }

  /** One on or back. False where there is no more. */
  step(by) {
    if (!this.outputs[this.at + by]) return false;
    this.show(this.at + by);
    return true;
  }

  show(index) {
    this.at = index;
    this.draw();
    this.chosen?.(index);
  }

  draw() {
    const { output, outputs, at } = this;
    const name = outputs.length > 1 ? `Picture ${at + 1} of ${outputs.length}: ${title(this.job)}` : title(this.job);
    const picture = h("img", {
      src: output.poster_url ?? output.url,
      alt: name,
      decoding: "async",
      style: output.width ? `--ratio:${output.width / output.height}` : undefined,
      width: output.width ?? 0,
      height: output.height ?? 0,
    });
    if (this.sharp && output.poster_url && Math.max(output.width, output.height) > 1280) {
      const shrunk = 1280 / Math.max(output.width, output.height);
      picture.sizes = "(max-width: 860px) 100vw, 60vw";
      picture.srcset = `${output.poster_url} ${Math.round(output.width * shrunk)}w, ${output.url} ${output.width}w`;
    }
    const shown = this.press
      ? h(
          "button",
          { type: "button", class: "enlarge", "aria-label": `${name}. Larger`, onclick: () => this.press(this.at) },
          picture,
        )
      : picture;
    picture.addEventListener("error", () => shown.replaceWith(gone("picture")), { once: true });
    const arrow = (by, name, label) =>
      outputs[at + by] &&
      button({ icon: name, label, kind: `arrow ${by < 0 ? "back" : "on"}`, press: () => this.step(by) });
    const focused = this.large.contains(document.activeElement) ? document.activeElement : null;
    const held = focused && (focused.matches(".back") ? ".back" : ".on");
    this.large.replaceChildren(
      ...[
        shown,
        arrow(-1, "chevron-left", "Previous picture"),
        arrow(1, "chevron-right", "Next picture"),
        outputs.length > 1
          ? live("span", { class: "count", "aria-hidden": "true" }, `${at + 1} / ${outputs.length}`)
          : null,
      ].filter(Boolean),
    );
    if (held) (this.large.querySelector(held) ?? this.large.querySelector("button"))?.focus();
    [...(this.strip?.children ?? [])].forEach((thumb, index) =>
      thumb.setAttribute("aria-pressed", String(index === at)),
    );
    this.strip?.children[at].scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }

  thumb(output, index) {
    return h(
      "button",
      {
        type: "button",
        "aria-label": `Picture ${index + 1} of ${this.outputs.length}`,
        onclick: () => this.show(index),
      },
      output.thumbnail_url
        ? h("img", { src: output.thumbnail_url, alt: "", loading: "lazy", decoding: "async" })
        : icon("image"),
    );
  }
}

function swipe(node, step) {
  let from = null;
  node.addEventListener(
    "touchstart",
    ({ touches }) => {
      from = touches.length === 1 ? touches[0].clientX : null;
    },
    { passive: true },
  );
  node.addEventListener(
    "touchend",
    ({ changedTouches: [touch] }) => {
      const way = from === null ? 0 : touch.clientX - from;
      if (Math.abs(way) > 48) step(way < 0 ? 1 : -1);
    },
    { passive: true },
  );
}

/**
 * Make links that save: the file that is shown, and all of them if there are several.
 * @param {JobView} job
 */
export function downloads(job, output) {
  const several = picturesOf(job).length > 1;
  return [
    output ? download(output.url, { text: several ? "Download this one" : "Download" }) : null,
    several
      ? h(
          "a",
          { class: "press", href: `/studio/jobs/${encodeURIComponent(job.id)}/files.zip`, download: "" },
          icon("download"),
          h("span", {}, "Download all"),
        )
      : null,
  ];
}
