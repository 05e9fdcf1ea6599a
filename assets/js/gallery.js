// The gallery: every job, newest first, in tiles as wide as their pictures; fetched a page at a time while scrolling.
import { StudioElement, h, icon } from "./dom.js";
import { fetchJobs, jobById, onAgain, onChange } from "./live.js";
import { picturesOf } from "./outputs.js";
import { showDetails, thumbnailOf } from "./cards.js";
import { STATE, catalogue, clock, counted, day, isActive, isDone, since, title } from "./words.js";

const PAGE = 60;
const MOST_TILES = 420;
const HOVER_MS = 220;

class Gallery extends StudioElement {
  connectedCallback() {
    this.query = { query: "", family: "", status: "" };
    this.list = h("div", { class: "days" });
    this.sentinel = h("div", { class: "sentinel" });
    this.replaceChildren(this.bar(), this.list, this.sentinel);
    this.watcher = new IntersectionObserver((seen) => { if (seen.some((entry) => entry.isIntersecting)) this.next(); }, { rootMargin: "600px" });
    this.watcher.observe(this.sentinel);
    this.stops = [onChange((job) => this.changed(job)), onAgain(() => this.restart())];
    this.tick = setInterval(() => { if (!document.hidden) this.passTime(); }, 1000);
    this.addEventListener("keydown", (event) => this.walk(event));
    this.restart();
  }

  disconnectedCallback() {
    this.watcher.disconnect();
    this.stops.forEach((stop) => stop());
    clearInterval(this.tick);
  }

  bar() {
    const search = h("input", { type: "search", placeholder: "Search your prompts", "aria-label": "Search your prompts", autocomplete: "off" });
    let timer;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => { this.query.query = search.value.trim(); this.restart(); }, 250);
    });
    const filters = [["All", {}], ...Object.entries(catalogue.families ?? {}).map(([id, { label }]) => [label, { family: id }]), ["Did not work", { status: "failed" }]];
    const chips = filters.map(([label, filter], index) => h("button", {
      type: "button", class: "chip", "aria-pressed": String(index === 0),
      onclick: (event) => {
        chips.forEach((chip) => chip.setAttribute("aria-pressed", String(chip === event.currentTarget)));
        this.query = { ...this.query, family: "", status: "", ...filter };
        this.restart();
      },
    }, label));
    return h("div", { class: "find", role: "search" }, h("label", { class: "search" }, icon("search"), search), h("div", { class: "chips" }, chips));
  }

  async restart() {
    this.cursor = undefined;
    this.jobs = [];
    this.drawn = 0;
    this.turn = (this.turn ?? 0) + 1;
    this.dataset.state = "loading";
    this.list.replaceChildren(h("div", { class: "tiles" }, Array.from({ length: 8 }, (_, index) => h("div", { class: "tile ghost", style: `--ratio:${[1.78, 1, 0.56, 1.33][index % 4]}` }))));
    await this.next(true);
  }

  async next(first = false) {
    if (this.busy === this.turn || (!first && (!this.cursor || this.drawn >= MOST_TILES))) return;
    const turn = (this.busy = this.turn);
    try {
      const page = await fetchJobs({ ...this.query, cursor: this.cursor, limit: PAGE });
      if (turn !== this.turn) return;
      if (first) this.list.replaceChildren();
      this.cursor = page.next_cursor;
      page.items.forEach((job) => this.append(job));
      this.dataset.state = this.jobs.length ? "done" : "empty";
      this.drawEnd();
    } catch (error) {
      if (turn === this.turn) {
        this.dataset.state = "away";
        if (first) this.list.replaceChildren();
        this.sentinel.replaceChildren(h("p", { class: "quiet" }, `${error.message} `), h("button", { type: "button", class: "press", onclick: () => this.restart() }, "Try again"));
      }
    } finally { if (this.busy === turn) this.busy = null; }
    if (this.cursor && this.drawn < MOST_TILES && this.sentinel.getBoundingClientRect().top < innerHeight + 600 && this.offsetParent) this.next();
  }

  append(job) {
    this.jobs.push(job);
    this.drawn += 1;
    this.group(job).append(this.tile(job));
  }

  group(job) {
    const name = day(job.created_at);
    const last = this.list.lastElementChild;
    if (last?.dataset.day === name) return last.querySelector(".tiles");
    const tiles = h("div", { class: "tiles" });
    this.list.append(h("section", { "data-day": name }, h("h2", {}, name), tiles));
    return tiles;
  }

  drawEnd() {
    const searching = this.query.query || this.query.family || this.query.status;
    if (!this.jobs.length) {
      this.sentinel.replaceChildren(h("div", { class: "empty" }, icon("images"), h("p", {}, searching ? "Nothing was found." : "What you make is kept here."),
        h("p", { class: "quiet" }, searching ? "Try other words, or look at all." : "Make the first one: it takes a sentence and a minute or two.")));
    } else if (this.cursor && this.drawn >= MOST_TILES) {
      // So many tiles are slow to lay out: the older ones take the place of these.
      this.sentinel.replaceChildren(h("button", { type: "button", class: "press wide", onclick: () => {
        this.list.replaceChildren();
        this.drawn = 0;
        this.scrollIntoView();
        this.next();
      } }, "Show older ones"));
    } else this.sentinel.replaceChildren(...(this.cursor ? [] : [h("p", { class: "quiet" }, this.jobs.length > 12 ? "That is all." : "")]));
  }

  changed(job) {
    const old = this.list.querySelector(`.tile[data-job="${CSS.escape(job.id)}"]`);
    const index = this.jobs.findIndex((known) => known.id === job.id);
    if (index >= 0) this.jobs[index] = job;
    if (old) {
      if (old.dataset.print === printOf(job)) return;
      const made = this.tile(job);
      const focused = document.activeElement === old;
      old.replaceWith(made);
      if (focused) made.focus();
      return;
    }
    const { query, family, status } = this.query;
    const fits = (!family || family === job.family) && (!status || status === job.status) && (!query || title(job).toLowerCase().includes(query.toLowerCase()));
    if (index >= 0 || !fits || !this.jobs || this.dataset.state === "loading" || (this.jobs[0] && this.jobs[0].created_at > job.created_at)) return;
    this.jobs.unshift(job);
    if (this.dataset.state === "empty") this.sentinel.replaceChildren();
    this.dataset.state = "done";
    const name = day(job.created_at);
    const top = this.list.firstElementChild;
    if (top?.dataset.day === name) top.querySelector(".tiles").prepend(this.tile(job));
    else this.list.prepend(h("section", { "data-day": name }, h("h2", {}, name), h("div", { class: "tiles" }, this.tile(job))));
    this.drawn += 1;
  }

  tile(job) {
    const output = job.outputs?.[0];
    const thumb = thumbnailOf(job);
    const ratio = output?.width && output?.height ? output.width / output.height : 16 / 9;
    const done = isDone(job);
    const label = isActive(job) ? h("span", { class: "label" }, h("i", { class: "dot" }), h("span", { "data-clock": job.id, "data-words": STATE[job.status] }, `${STATE[job.status]} · ${clock(since(job.created_at))}`))
      : h("span", { class: "label" }, done ? madeLabel(job) : STATE[job.status]);
    const node = h("button", {
      type: "button", class: "tile", "data-job": job.id, "data-state": job.status, "data-print": printOf(job), style: `--ratio:${ratio.toFixed(3)}`,
      "aria-label": [title(job), STATE[job.status], done && picturesOf(job).length > 1 ? counted(picturesOf(job).length) : ""].filter(Boolean).join(". "), onclick: () => showDetails(jobById(job.id) ?? job, this.jobs),
    }, thumb ? h("img", { src: thumb, alt: "", loading: "lazy", decoding: "async" }) : null, h("span", { class: "words" }, title(job)), label, job.demo ? h("span", { class: "badge" }, "Demo") : null);
    if (done && output.kind === "video") preview(node, output.url);
    return node;
  }

  passTime() {
    for (const node of this.querySelectorAll("[data-clock]")) {
      const job = jobById(node.dataset.clock);
      if (job) node.textContent = `${node.dataset.words} · ${clock(since(job.created_at))}`;
    }
  }

  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "down", ArrowUp: "up" }[event.key];
    const tiles = [...this.querySelectorAll(".tile[data-job]")];
    const here = tiles.indexOf(document.activeElement);
    if (!step || here < 0) return;
    event.preventDefault();
    if (typeof step === "number") return tiles[here + step]?.focus();
    const box = tiles[here].getBoundingClientRect();
    const way = step === "down" ? 1 : -1;
    const near = tiles.map((tile) => [tile, tile.getBoundingClientRect()])
      .filter(([, other]) => way * (other.top - box.top) > 20)
      .sort(([, a], [, b]) => Math.abs(a.top - box.top) * 4 + Math.abs(a.left - box.left) - (Math.abs(b.top - box.top) * 4 + Math.abs(b.left - box.left)));
    near[0]?.[0].focus();
  }
}

/** What a tile shows, in short: an article that grows changes its job often and its tile seldom. */
const printOf = (job) => [job.status, thumbnailOf(job) ?? "", job.outputs?.length ?? 0].join(" ");

/** What a tile says of what was made: how long, how many, or that it is to be read. */
function madeLabel(job) {
  const pictures = picturesOf(job).length;
  if (job.article) return [icon("newspaper"), "Article"];
  if (pictures) return [icon(pictures > 1 ? "images" : "image"), pictures > 1 ? String(pictures) : ""];
  return clock(job.outputs[0].seconds ?? 0);
}

/** A silent look at a clip while the pointer rests on its tile. */
function preview(node, url) {
  if (!matchMedia("(hover: hover)").matches || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let timer, video;
  node.addEventListener("pointerenter", () => {
    timer = setTimeout(() => {
      video = h("video", { src: url, muted: true, loop: true, playsInline: true, autoplay: true, "aria-hidden": "true" });
      node.append(video);
    }, HOVER_MS);
  });
  node.addEventListener("pointerleave", () => {
    clearTimeout(timer);
    if (video) { video.removeAttribute("src"); video.load(); video.remove(); video = null; }
  });
}

customElements.define("studio-gallery", Gallery);
