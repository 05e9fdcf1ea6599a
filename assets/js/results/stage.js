// The stage of a tab: the newest work, large, and a card for each of the tab's jobs.
import { Article, articleActs } from "./article.js";
import { bothPrompts, card, recall, showDetails } from "./cards.js";
import { StudioElement, announce, arrange, button, download, h, icon, live } from "../core/dom.js";
import { fetchJobs, jobById, onAgain, onChange } from "../core/live.js";
import { outlookNode, passed } from "./outlook.js";
import { Pictures, clip, clipOf, downloads, hasArticle, picturesOf } from "./outputs.js";
import { catalogue, clock, cost, facts, isActive, isDone, since, stateOf, title } from "../core/words.js";

const CARDS = 8;
const NEAR_END = 48;
const LINE_TICKS = 10; // seconds between two looks at a line that one stands in

class Stage extends StudioElement {
  jobs = new Map();
  shown = null;
  /** @type {HTMLElement} */
  all;

  connectedCallback() {
    this.family = this.getAttribute("family");
    this.screen = h("section", { class: "screen", "aria-label": "Newest work" });
    this.cards = h("section", { class: "cards", "aria-label": "Jobs" });
    this.replaceChildren(this.screen, this.cards);
    this.dataset.state = "loading";
    this.screen.append(h("div", { class: "curtain" }));
    this.stops = [onChange((job, before) => this.changed(job, before)), onAgain(() => this.fetch())];
    this.starts = ({ detail }) => {
      if (detail.family === this.family) this.changed(detail);
    };
    document.addEventListener("studio:started", this.starts);
    this.tick = setInterval(() => {
      if (!document.hidden) this.passTime();
    }, 1000);
    this.fetch();
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
    document.removeEventListener("studio:started", this.starts);
    clearInterval(this.tick);
  }

  async fetch() {
    const heard = (this.heard = new Map()); // what is told while the answer is on its way is newer than the answer
    try {
      const [newest, done] = await Promise.all([
        fetchJobs({ family: this.family, limit: CARDS }),
        fetchJobs({ family: this.family, status: "succeeded", limit: 1 }),
      ]);
      if (heard !== this.heard) return; // asked again meanwhile
      this.jobs = new Map([
        .../** @type {[string, JobView][]} */ (
          [...newest.items, ...done.items].map((job) => [job.id, jobById(job.id) ?? job])
        ),
        ...heard,
      ]);
      this.more = Boolean(newest.next_cursor);
      this.drawScreen();
      this.drawCards();
    } catch {
      this.dataset.state = "away";
      this.screen.replaceChildren(
        h(
          "div",
          { class: "empty" },
          icon("unplug"),
          h("p", {}, "The studio cannot be reached."),
          h("p", { class: "quiet" }, "Your jobs go on. This page looks again by itself."),
        ),
      );
      setTimeout(() => this.isConnected && this.fetch(), 4000);
    }
  }

  changed(job, before) {
    if (job.family !== this.family) return;
    const isNew = !this.jobs.has(job.id);
    this.jobs.set(job.id, job);
    this.heard.set(job.id, job);
    if (before && before.status !== job.status) announce(`${title(job).slice(0, 60)}: ${stateOf(job)}`);
    const was = this.onScreen;
    const finishedNow = isDone(job) && before && !isDone(before);
    if (finishedNow && this.playing) this.waiting = job.id;
    else if (finishedNow) this.shown = null;
    if (finishedNow || !this.onScreen || isNew || this.onScreen === job.id || isGrowing(job))
      this.drawScreen({ play: finishedNow });
    if (isNew || was !== this.onScreen || !this.drawCard(job)) this.drawCards();
  }

  get sorted() {
    return [...this.jobs.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  }

  get playing() {
    const video = this.screen.querySelector("video");
    return video && !video.paused && !video.ended;
  }

  // The screen -------------------------------------------------------------------------------------------------------

  show(job) {
    this.shown = job.id;
    this.waiting = null;
    this.drawScreen({ play: true });
    this.drawCards();
    this.screen.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  /** What a person asked for, else an article that is being written, else the newest; a clip that plays is not taken away. */
  choose() {
    const byEnd = (a, b) => ((a.finished_at ?? "") < (b.finished_at ?? "") ? 1 : -1);
    const here = (id) => id && this.jobs.get(id);
    return (
      here(this.shown) ||
      (this.playing && here(this.onScreen)) ||
      this.sorted.find(isGrowing) ||
      (this.waiting && here(this.onScreen)) ||
      this.sorted.filter(isShowable).sort(byEnd)[0]
    );
  }

  drawScreen({ play = false } = {}) {
    const job = this.choose();
    if (job) return this.drawWork(job, play);
    this.onScreen = null;
    const running = this.sorted.find(isActive);
    if (!running && this.dataset.state === "empty") return; // what invites may be under a press
    this.dataset.state = running ? "waiting" : "empty";
    delete this.screen.dataset.kind;
    this.screen.replaceChildren(running ? this.curtain(running) : this.invitation());
  }

  invitation() {
    const { icon: name, invitation, examples = [] } = catalogue.families[this.family];
    const pick = (index) =>
      /** @type {HTMLElement} */ (document.querySelectorAll(`#${this.family}-examples .chip`)[index])?.click();
    const files = document.querySelector(`#${this.family}-examples studio-examples`)?.getAttribute("files");
    const chips = files ? [...examples, files] : examples; // in the order of the form's own
    return h(
      "div",
      { class: "empty" },
      icon(name),
      h("p", {}, invitation),
      chips.length
        ? h(
            "p",
            { class: "quiet" },
            examples.length
              ? "Begin with your own words, or with one of these."
              : "Begin with your own files, or try it with ours.",
          )
        : null,
      h(
        "div",
        { class: "examples" },
        chips.map((name, index) => h("button", { type: "button", class: "chip", onclick: () => pick(index) }, name)),
      ),
    );
  }

  curtain(job) {
    return h(
      "div",
      { class: "curtain" },
      live("p", { class: "big" }, stateOf(job)),
      live("p", { class: "quiet", "data-clock": job.id }, clock(since(job.created_at))),
      h("p", { class: "quiet" }, outlookNode(job, { alone: true })),
      h("p", { class: "words" }, title(job)),
    );
  }

  drawWork(job, play) {
    this.dataset.state = isActive(job) ? "growing" : "done";
    const kind = hasArticle(job) ? "article" : clipOf(job) ? "clip" : "pictures";
    const print = JSON.stringify([
      kind,
      job.status,
      job.remark,
      job.rewritten_prompt,
      (job.outputs ?? []).map(({ id }) => id),
    ]);
    const same = this.onScreen === job.id && this.screen.dataset.kind === kind;
    if (!same) this.drawKind(job, kind, play);
    else if (kind === "article") this.growArticle(job);
    else if (kind === "pictures" && print !== this.print) this.drawKind(job, kind, false);
    this.onScreen = job.id;
    if (!same || print !== this.print) this.screen.querySelector(".caption").replaceWith(this.caption(job, kind));
    this.print = print;
    this.drawFresh();
  }

  drawKind(job, kind, play) {
    const list = () => this.sorted;
    this.screen.dataset.kind = kind;
    this.pictures = null;
    let work;
    if (kind === "article") {
      this.article = new Article({ press: (at) => showDetails(this.jobs.get(job.id), list(), at) });
      work = h(
        "div",
        { class: "page", tabIndex: 0, role: "region", "aria-label": "Article" },
        this.article.update(job),
      );
    } else if (kind === "clip") work = h("div", { class: "picture" }, clip(job, clipOf(job)));
    else {
      this.pictures = new Pictures(job, {
        at: 0,
        press: (at) => showDetails(this.jobs.get(job.id), list(), at),
        chosen: () => this.screen.querySelector(".caption").replaceWith(this.caption(this.jobs.get(job.id), kind)),
      });
      work = h("div", { class: "picture" }, this.pictures.node);
    }
    this.screen.replaceChildren(work, h("div", { class: "caption" }));
    const video = this.screen.querySelector("video");
    if (play && video && !document.hidden)
      video.play().catch(() => {
        video.muted = true;
        video.play().catch(() => {});
      });
  }

  /** More of an article has come. Whoever reads at its end is kept there; whoever reads further up is left in peace. */
  growArticle(job) {
    const page = this.screen.querySelector(".page");
    const atEnd = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR_END;
    this.article.update(job);
    if (atEnd && isActive(job)) page.scrollTop = page.scrollHeight;
  }

  caption(job, kind) {
    const growing = isActive(job);
    const acts = growing
      ? []
      : kind === "article"
        ? articleActs(job)
        : kind === "pictures"
          ? downloads(job, this.pictures.output)
          : [download(clipOf(job).url)];
    const quiet = growing
      ? ["Being written", live("span", { "data-clock": job.id }, clock(since(job.created_at)))]
      : [live("span", {}, [facts(job), cost(job)].filter(Boolean).join(" · "))];
    return h(
      "div",
      { class: "caption" },
      h(
        "div",
        { class: "about" },
        h("p", { class: "words" }, title(job)),
        h(
          "p",
          { class: "quiet" },
          quiet.flatMap((part, index) => (index ? [" · ", part] : [part])),
        ),
      ),
      h(
        "div",
        { class: "acts" },
        growing ? null : button({ text: "Use these settings", icon: "wand-sparkles", press: () => recall(job) }),
        button({ text: "Details", icon: "info", press: () => showDetails(job, this.sorted, this.pictures?.at) }),
        acts,
      ),
      job.rewritten_prompt
        ? h(
            "details",
            { class: "rewritten" },
            h("summary", {}, icon("chevron-right"), "How the model read your words"),
            bothPrompts(job),
          )
        : null,
    );
  }

  drawFresh() {
    this.screen.querySelector(".fresh")?.remove();
    const fresh = this.waiting && this.jobs.get(this.waiting);
    if (fresh)
      this.screen.append(
        h(
          "button",
          { type: "button", class: "fresh", onclick: () => this.show(fresh) },
          icon("sparkles"),
          "Your new one is ready",
        ),
      );
  }

  // The cards --------------------------------------------------------------------------------------------------------

  drawCards() {
    const jobs = this.sorted.slice(0, CARDS);
    const old = new Map([...this.cards.querySelectorAll(".card")].map((card) => [card.dataset.job, card]));
    const drawn = jobs.map((job) => this.reuse(old.get(job.id), job));
    this.all ??= h(
      "button",
      { type: "button", class: "press wide", onclick: () => document.getElementById("tab-gallery-button")?.click() },
      "All in the gallery",
    );
    this.keepingFocus(() => arrange(this.cards, this.more ? [...drawn, this.all] : drawn));
  }

  drawCard(job) {
    const old = this.cardOf(job.id);
    if (!old) return false;
    const card = this.reuse(old, job);
    if (card !== old) this.keepingFocus(() => old.replaceWith(card));
    return true;
  }

  cardOf(id) {
    return this.cards.querySelector(`.card[data-job="${CSS.escape(id)}"]`);
  }

  /** Draw; who was on a card is on it afterwards too, on the same button where it has it still. */
  keepingFocus(draw) {
    const here = /** @type {HTMLElement} */ (
      this.cards.contains(document.activeElement) ? document.activeElement : null
    );
    const id = /** @type {HTMLElement} */ (here?.closest(".card"))?.dataset.job;
    draw();
    if (!id || document.activeElement === here) return;
    const card = this.cardOf(id);
    (card?.querySelector(`[data-act="${here.dataset.act}"]`) ?? card)?.focus({ preventScroll: true });
  }

  reuse(old, job) {
    const print = JSON.stringify([
      { ...job, sequence: 0, updated_at: 0, article: hasArticle(job) },
      this.onScreen === job.id,
    ]); // not each word of an article
    if (old?.print === print) return old;
    const made = card(job, { onStage: this.onScreen === job.id, show: () => this.show(job), list: () => this.sorted });
    made.print = print;
    return made;
  }

  passTime() {
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-clock]"))) {
      const job = this.jobs.get(node.dataset.clock);
      if (job && isActive(job)) node.textContent = clock(since(job.created_at));
    }
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-outlook]"))) {
      const job = this.jobs.get(node.dataset.outlook);
      if (job) passed(node, job);
    }
    this.ticks = (this.ticks ?? 0) + 1;
    if (this.ticks % LINE_TICKS === 0 && [...this.jobs.values()].some(hasOutlook)) this.lookAtLine();
  }

  /** The line moves by others' work, of which no news of these jobs tells. */
  lookAtLine() {
    fetchJobs({ family: this.family, limit: CARDS }).catch(() => {
      /* The next look will tell. */
    });
  }
}

/** Whether more can be known of when it will be done than news of it tell. */
const hasOutlook = (job) =>
  isActive(job) && (job.expected === null || (job.status === "queued" && Boolean(job.place_in_line)));

/** Whether an article is being written and has begun. */
const isGrowing = (job) => isActive(job) && hasArticle(job);

/** Whether it is done and there is something to look at. */
const isShowable = (job) => isDone(job) && Boolean(hasArticle(job) || clipOf(job) || picturesOf(job).length);

customElements.define("studio-stage", Stage);
