// What was made, large: a clip with its player, pictures to look closer at, an article to read; else what was given.
import { Article } from "../results/article.js";
import { button, h, icon, live } from "../core/dom.js";
import { jobById } from "../core/live.js";
import { Pictures, clipOf, hasArticle, picturesOf, soundOf } from "../results/outputs.js";
import { isDone, stateOf, title } from "../core/words.js";
import { Player } from "./player.js";
import { announce } from "./voice.js";
import { Zoom } from "./zoom.js";

const STATE_ICON = { failed: "triangle-alert", canceled: "circle-slash", unknown: "circle-help" };
const SWIPE_PX = 48;

/** `node` stays in the page while items come and go, so that full screen goes on from one to the next. */
export class Stage {
  constructor(room) {
    this.room = room;
    this.node = h("div", { class: "stage" });
    this.ending = new AbortController();
    document.addEventListener("fullscreenchange", () => this.drawTools(), { signal: this.ending.signal });
    swipe(this.node, (by) => {
      if (!this.zoom?.isZoomed) this.room.turn(by);
    });
  }

  end() {
    this.ending.abort();
  }

  leave() {
    this.player?.end();
    this.zoom?.end();
    this.player = this.zoom = this.pictures = this.article = this.tools = null;
    this.node.replaceChildren();
  }

  /**
   * Draw what a job made. `picture` is the one to begin with.
   * @param {JobView} job
   * @param {number} [picture]
   */
  draw(job, picture) {
    this.leave();
    this.node.replaceChildren(this.work(job, picture));
    this.drawTools();
  }

  /** @param {JobView} job */
  update(job) {
    this.article?.update(job);
  }

  /**
   * Make the node that shows a job's work.
   * @param {JobView} job
   * @param {number} [picture]
   */
  work(job, picture) {
    if (hasArticle(job) && (picture === undefined || !picturesOf(job).length)) {
      this.article = new Article({ press: (at) => this.again(job, at) });
      return h(
        "div",
        { class: "page", tabIndex: 0, role: "region", "aria-label": "Article" },
        this.article.update(job),
      );
    }
    const pane = h("div", { class: "picture", "data-state": job.status });
    const sound = isDone(job) && soundOf(job);
    if (isDone(job) && clipOf(job)) pane.append(this.clip(job, clipOf(job)));
    else if (picturesOf(job).length && (isDone(job) || hasArticle(job))) pane.append(...this.album(job, picture));
    else if (sound)
      pane.append(
        h(
          "div",
          { class: "heard" },
          icon("music"),
          h("p", {}, title(job)),
          h("audio", { src: sound.url, controls: true, preload: "metadata", "aria-label": title(job) }),
        ),
      );
    else pane.append(nothingMade(job));
    return pane;
  }

  /**
   * Draw this job anew, its facts too: what is shown decides what they offer.
   * @param {JobView} job
   * @param {number} [at]
   */
  again(job, at) {
    this.draw(jobById(job.id) ?? job, at);
    this.room.facts?.update(jobById(job.id) ?? job);
  }

  /**
   * Make the player of a clip.
   * @param {JobView} job
   * @param {OutputView} output
   */
  clip(job, output) {
    this.tools = h("span", { class: "tools" });
    this.player = new Player(job, output, { said: announce, acts: [this.tools] });
    const { video, node } = this.player;
    const reel = node.querySelector(".reel");
    this.zoom = new Zoom(reel, {
      content: () => reel.querySelector("video"),
      size: () => [output.width, output.height],
      changed: () => this.drawTools(),
    });
    video.addEventListener("click", () => this.player?.toggle());
    video.addEventListener("dblclick", () => this.fullscreen());
    return node;
  }

  /**
   * Make the pictures of a job, with what lies over them.
   * @param {JobView} job
   * @param {number} [picture]
   */
  album(job, picture) {
    this.tools = h("div", { class: "tools over" });
    this.pictures = new Pictures(
      job,
      /** @type {{ at: number, sharp: boolean, chosen: () => void }} */ ({
        at: picture ?? 0,
        sharp: true,
        chosen: () => {
          this.zoom.reset();
          this.room.facts?.update(jobById(job.id) ?? job);
          announce(this.pictures.large.querySelector("img")?.alt ?? "");
        },
      }),
    );
    const { large } = this.pictures;
    const shown = () => large.querySelector("img");
    this.zoom = new Zoom(large, {
      content: shown,
      changed: () => this.drawTools(),
      sharpen: () => this.sharpen(shown()),
      size: () => [this.pictures.output.width, this.pictures.output.height],
    });
    large.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button")) this.zoom?.toggle(event);
    });
    const back = hasArticle(job)
      ? button({ text: "Back to the article", icon: "newspaper", kind: "over", press: () => this.again(job) })
      : null;
    return [this.pictures.node, this.tools, back].filter(Boolean);
  }

  /** Looked at closely, a picture is shown as it was made; until that is here, its smaller copy stands. */
  async sharpen(shown) {
    const { output } = this.pictures;
    if (!shown || !output.poster_url || shown.dataset.sharp) return;
    shown.dataset.sharp = "yes";
    const whole = h("img", { src: output.url });
    try {
      await whole.decode();
    } catch {
      return; /* The smaller copy is what there is. */
    }
    shown.removeAttribute("srcset");
    shown.src = output.url;
  }

  /** The two buttons of every picture and clip. */
  drawTools() {
    if (!this.tools) return;
    const zoomed = Boolean(this.zoom?.isZoomed);
    const full = Boolean(document.fullscreenElement);
    const print = `${zoomed} ${full}`;
    if (this.tools.dataset.print === print) return;
    this.tools.dataset.print = print;
    const held =
      this.tools.contains(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).dataset.act;
    this.tools.replaceChildren(
      button({
        icon: zoomed ? "scan" : "zoom-in",
        label: zoomed ? "Fit" : "Full size",
        kind: "round",
        act: "actual",
        press: () => this.zoom.toggle(),
      }),
      button({
        icon: full ? "minimize" : "maximize",
        label: full ? "Leave full screen" : "Full screen",
        kind: "round",
        act: "fullscreen",
        press: () => this.fullscreen(),
      }),
    );
    if (held) this.tools.querySelector(`[data-act="${held}"]`).focus();
  }

  fullscreen() {
    if (document.fullscreenElement) {
      document.exitFullscreen();
      return;
    }
    if (this.node.requestFullscreen)
      this.node.requestFullscreen().catch(() => announce("Full screen is not allowed here."));
    else this.player?.video.webkitEnterFullscreen?.(); // iPhones know it for clips alone
  }
}

/**
 * Show, if nothing was made, the state over the picture that it was to be made of.
 * @param {JobView} job
 */
function nothingMade(job) {
  const picture = job.inputs?.find((input) => input.kind === "image");
  const state = h("div", { class: "empty" }, icon(STATE_ICON[job.status] ?? "clock"), live("p", {}, stateOf(job)));
  return picture ? h("div", { class: "given-large" }, h("img", { src: picture.url, alt: picture.name }), state) : state;
}

/** A finger that wipes sideways turns to the next. It is heard before the pictures, which know their own job only. */
function swipe(node, step) {
  let from = null;
  node.addEventListener(
    "touchstart",
    (event) => {
      const free = event.touches.length === 1 && !event.target.closest("input, select, .strip, .page");
      from = free ? event.touches[0] : null;
      event.stopPropagation();
    },
    { passive: true, capture: true },
  );
  node.addEventListener(
    "touchend",
    (event) => {
      event.stopPropagation();
      if (!from) return;
      const [wide, high] = [
        event.changedTouches[0].clientX - from.clientX,
        event.changedTouches[0].clientY - from.clientY,
      ];
      if (Math.abs(wide) > SWIPE_PX && Math.abs(wide) > Math.abs(high) * 1.5) step(wide < 0 ? 1 : -1);
      from = null;
    },
    { passive: true, capture: true },
  );
}
