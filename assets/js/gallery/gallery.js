// The gallery: everything ever made, found, looked at and kept in order. What is shown stands in the address.
import { StudioElement, announce, button, h, icon } from "../core/dom.js";
import { fetchJob, fetchJobs, jobById, onAgain, onChange } from "../core/live.js";
import { catalogue, clock, since } from "../core/words.js";
import { Acts } from "./acts.js";
import { read, write } from "./address.js";
import { Bar, binNotice } from "./bar.js";
import { Filters } from "./filters.js";
import { Keys } from "./keys.js";
import { Selection, drawBand, onLongPress } from "./select.js";
import { cellOf } from "./tile.js";
import "./toast.js";
import { Window } from "./window.js";

const AT_MS = 350; // while scrolling too: what is written on leaving is too late for a reload. Browsers bear three a second
const GHOSTS = [1.78, 1, 0.56, 1.33, 1.78, 0.75, 1, 1.78, 1.33, 1.78, 0.56, 1];
const NO_WISH = { q: "", in: "", bin: false };

class Gallery extends StudioElement {
  connectedCallback() {
    const said = read();
    if (said) history.scrollRestoration = "manual"; // the place stands in the address
    this.wish = said ? { q: said.q, in: said.in, bin: said.bin } : { ...NO_WISH };
    this.selection = new Selection((ids) => this.chosen(ids));
    this.acts = new Acts(this);
    this.bar = new Bar(this.acts);
    this.filters = new Filters({
      wish: this.wish,
      changed: (wish, { step }) => this.seek(wish, { step }),
      help: () => this.help("showHelp"),
      tools: this.tools(),
    });
    this.notice = h("div", { class: "over" });
    this.list = h("div", { class: "days", role: "group", "aria-label": "Your works", "aria-keyshortcuts": "?" });
    this.sentinel = h("div", { class: "sentinel" });
    this.replaceChildren(this.filters.node, this.filters.more, this.notice, this.list, this.sentinel, this.bar.node);
    this.window = new Window({
      list: this.list,
      ask: (query) => this.ask(query),
      draw: (job) => this.cell(job),
      told: (state, error) => this.told(state, error),
      edge: () => this.edge,
    });
    this.keys = new Keys(this);
    this.away = new AbortController();
    // One begins in the margin too, which belongs to the tab.
    drawBand(this.closest("#tab-gallery") ?? this, this.selection, {
      signal: this.away.signal,
      cells: () => this.list.querySelectorAll(".cell"),
      jobOf: (id) => this.job(id),
    });
    onLongPress(this.list, (id) => {
      const job = this.job(id);
      if (job) this.selection.toggle(job);
    });
    this.listen();
    this.at = said?.at ?? null;
    this.restart(this.at);
    if (said?.open) this.openNamed(said.open);
  }

  disconnectedCallback() {
    this.away.abort();
    this.window.end();
    this.keys.end();
    this.seen.disconnect();
    clearTimeout(this.atTimer);
    this.stops.forEach((stop) => stop());
    clearInterval(this.tick);
  }

  listen() {
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.away.signal });
    on(window, "scroll", () => {
      this.atTimer ||= setTimeout(() => this.keepPlace(), AT_MS);
    });
    on(window, "hashchange", () => this.followAddress());
    on(window, "popstate", () => this.followAddress());
    on(document, "studio:viewing", ({ detail }) => this.viewing(detail.job));
    this.stops = [onChange((job) => this.changed(job)), onAgain(() => this.window.reload().catch(() => {}))];
    this.tick = setInterval(() => {
      if (!document.hidden && this.window.shown) this.passTime();
    }, 1000);
    this.seen = new IntersectionObserver(([{ isIntersecting }]) => {
      if (isIntersecting) this.uncovered();
    });
    this.seen.observe(this);
  }

  /** What the gallery offers besides: shown beside the search. */
  tools() {
    return h(
      "div",
      { class: "acts" },
      h(
        "button",
        { type: "button", class: "press", "data-act": "open-file", "aria-label": "Add files" },
        icon("file-plus"),
        h("span", {}, "Add files"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "press",
          "data-act": "space",
          "aria-label": "Space",
          onclick: async () => (await import("./disk.js")).showDisk(),
        },
        icon("chart-bar"),
        h("span", {}, "Space"),
      ),
      button({ icon: "keyboard", label: "Keys", kind: "round", act: "keys", press: () => this.help("showKeys") }),
    );
  }

  async help(name) {
    (await import("./help.js"))[name]();
  }

  /** Where the part of the window begins that nothing lies over. */
  get edge() {
    return Math.max(0, this.filters.node.getBoundingClientRect().bottom);
  }

  // What is wished -----------------------------------------------------------------------------------------------------

  async ask(query) {
    const { q, in: collection, bin } = this.wish;
    const page = await fetchJobs({ ...query, query: q, collection, deleted: bin ? "true" : undefined });
    this.filters.say(page.remarks ?? []);
    return { ...page, items: page.items.map((job) => jobById(job.id) ?? job) }; // news may have been quicker than the page
  }

  seek(wish, { step = true, at = null, told = true } = {}) {
    this.wish = wish;
    this.selection.clear();
    if (told) write({ ...wish, open: this.opened }, { step });
    this.restart(at);
  }

  async restart(at = null) {
    this.current = null;
    this.notice.replaceChildren(...(this.wish.bin ? [binNotice(() => this.acts.purge(null))] : []));
    await this.window.start(at);
  }

  /** The browser's own buttons, or a link that was put into the address. */
  followAddress() {
    const said = read();
    if (!said) return;
    const same = said.q === this.wish.q && said.in === this.wish.in && said.bin === this.wish.bin;
    if (!same) {
      this.filters.show({ q: said.q, in: said.in, bin: said.bin });
      this.seek({ q: said.q, in: said.in, bin: said.bin }, { at: said.at, told: false });
    }
    if (said.open && said.open !== this.opened) this.openNamed(said.open);
    if (!said.open && this.opened) this.dispatch("studio:details", {});
  }

  /** The tab was opened: its state goes into the address again, and what was looked at is in sight again. */
  uncovered() {
    const job = this.at && this.window.jobs.find(({ place }) => place === this.at);
    if (job) this.window.show(this.window.cell(job.id));
    this.window.settle();
    if (location.hash === "#gallery" && (!this.filters.plain || this.at))
      write({ ...this.wish, at: this.at, open: this.opened });
  }

  keepPlace() {
    this.atTimer = 0;
    if (!this.window.shown || this.dataset.state === "loading") return;
    const { edge } = this;
    const first = this.window.atTop
      ? null
      : [...this.list.querySelectorAll(".cell")].find((cell) => cell.getBoundingClientRect().bottom > edge + 20);
    this.at = first ? this.job(first.dataset.cell)?.place : null;
    if (location.hash.startsWith("#gallery")) write({ ...this.wish, at: this.at, open: this.opened });
  }

  // Opening ------------------------------------------------------------------------------------------------------------

  dispatch(name, detail) {
    document.dispatchEvent(new CustomEvent(name, { detail }));
  }

  open(job) {
    const list = this.window.jobs;
    const ends = { 1: list.at(-1)?.place, [-1]: list[0]?.place };
    const more = async (way) => {
      if (!ends[way]) return [];
      const page = await this.ask({ cursor: ends[way], newer: way < 0 ? "true" : undefined, limit: 60 });
      ends[way] = way < 0 ? page.previous_cursor && page.items[0]?.place : page.next_cursor && page.items.at(-1)?.place;
      return page.items;
    };
    this.dispatch("studio:details", { job: jobById(job.id) ?? job, list, more, complete: this.window.complete });
  }

  async openNamed(id) {
    try {
      this.open(await fetchJob(id));
    } catch (error) {
      this.dispatch("studio:toast", { text: error.message });
    }
  }

  /** The viewer tells what it shows. Opening is a step that the back button takes back; closing takes it back itself. */
  viewing(told) {
    const job = typeof told === "string" ? told : (told?.id ?? null);
    const before = this.opened;
    this.opened = job;
    if (!location.hash.startsWith("#gallery")) return;
    if (job) {
      const named = read()?.open === job;
      if (!named) {
        write({ ...this.wish, at: this.at, open: job }, { step: !before });
        this.stepped ||= !before;
      }
      this.keys.walkTo(job, { focus: false });
    } else if (before) {
      if (this.stepped && read()?.open) history.back();
      else write({ ...this.wish, at: this.at });
      this.stepped = false;
      this.keys.walkTo(before);
    }
  }

  // Drawing ------------------------------------------------------------------------------------------------------------

  job(id) {
    return this.window.jobs.find((job) => job.id === id);
  }

  cell(job) {
    return cellOf(job, {
      selected: this.selection.has(job.id),
      current: this.current === job.id,
      press: (event) => this.pressed(job, event),
      pick: (event) => (event.shiftKey ? this.reach(job) : this.selection.toggle(this.job(job.id) ?? job)),
      heart: () => this.acts.favourite(!(this.job(job.id) ?? job).favourite, [job.id]),
    });
  }

  pressed(job, event) {
    const now = this.job(job.id) ?? job;
    this.keys.walkTo(job.id);
    if (event.shiftKey && (this.selection.anchor || this.selection.size)) return this.reach(now);
    if (event.ctrlKey || event.metaKey || (this.selection.size && event.detail)) return this.selection.toggle(now);
    this.open(now);
  }

  /** From the last chosen one to this one, all between, on screen or not. */
  async reach(job) {
    const from = this.selection.anchor ?? job;
    const [high, low] = BigInt(from.place) > BigInt(job.place) ? [from, job] : [job, from];
    const shown = this.window.jobs;
    const [start, end] = [shown.findIndex(({ id }) => id === high.id), shown.findIndex(({ id }) => id === low.id)];
    if (start >= 0 && end >= 0) return this.selection.set(shown.slice(start, end + 1));
    try {
      this.selection.set(await this.window.span({ high: BigInt(high.place), low: BigInt(low.place) }));
    } catch (error) {
      this.dispatch("studio:toast", { text: error.message });
    }
  }

  chosen(ids) {
    for (const id of ids) {
      const job = this.job(id);
      if (job) this.window.replace(job);
    }
    this.bar.draw(this.selection.briefs, { bin: this.wish.bin });
    this.dataset.choosing = this.selection.size ? "yes" : "no";
  }

  /** Whom an act means: the chosen, else the tile that has the focus. */
  targets() {
    if (this.selection.size) return this.selection.briefs;
    const job = this.job(this.keys.here);
    return job
      ? [
          {
            ...job,
            tags: job.tags ?? [],
            collections: job.collections ?? [],
            bytes: (job.outputs ?? []).reduce((sum, { bytes }) => sum + bytes, 0),
            files: job.outputs?.length ?? 0,
          },
        ]
      : [];
  }

  left(ids) {
    this.selection.forget(ids);
    this.keys.leave(ids);
    this.window.remove(ids);
  }

  back() {
    this.window.reload().catch(() => {});
  }

  // News ---------------------------------------------------------------------------------------------------------------

  changed(job) {
    if (this.dataset.state === "loading" || !this.window) return;
    const belongs = Boolean(job.deleted_at) === this.wish.bin;
    if (this.window.has(job.id)) {
      if (!belongs) return this.left([job.id]);
      if (this.selection.has(job.id)) this.selection.set([job]);
      return this.window.replace(job);
    }
    if (!belongs) return;
    if (this.filters.plain || this.wish.bin) return this.window.insert(job);
    clearTimeout(this.lookTimer); // whether it fits the search only the studio knows
    this.lookTimer = setTimeout(() => {
      if (this.window.atTop && this.window.shown) this.back();
    }, 1500);
  }

  told(state, error) {
    this.dataset.state = state;
    if (state === "loading") {
      this.list.replaceChildren(
        h(
          "div",
          { class: "ghosts", "aria-hidden": "true" },
          GHOSTS.map((ratio) => h("div", { class: "ghost", style: `--ratio:${ratio}` })),
        ),
      );
      this.sentinel.replaceChildren();
    } else if (state === "away") {
      if (!this.window.chunks.length) this.list.replaceChildren();
      this.sentinel.replaceChildren(
        h(
          "div",
          { class: "empty" },
          icon("unplug"),
          h("p", {}, "The studio cannot be reached."),
          h("p", { class: "quiet" }, error.message),
          h(
            "button",
            {
              type: "button",
              class: "press",
              onclick: () => this.window.reload().catch((again) => this.told("away", again)),
            },
            "Try again",
          ),
        ),
      );
    } else if (state === "empty") this.sentinel.replaceChildren(this.nothing());
    else if (state === "more") this.sentinel.replaceChildren(h("p", { class: "quiet" }, "Older ones are coming…"));
    else this.sentinel.replaceChildren(h("p", { class: "quiet" }, this.window.jobs.length > 12 ? "That is all." : ""));
    if (state !== "loading") this.keys.keepOne();
  }

  nothing() {
    const [name, words, more] = this.wish.bin
      ? ["trash-2", "The bin is empty.", `What you delete waits here for ${catalogue.bin_days} days.`]
      : this.wish.in && !this.wish.q
        ? ["folder", "Nothing is in this collection yet.", "Choose works in the gallery and press Collection."]
        : this.filters.plain
          ? [
              "images",
              "What you make is kept here.",
              "Make the first one: it takes a sentence and a minute or two. Or add files you have already.",
            ]
          : ["search", "Nothing was found.", "Try other words, or look at everything."];
    const all = this.filters.plain
      ? h(
          "button",
          { type: "button", class: "press", "data-act": "open-file" },
          icon("file-plus"),
          h("span", {}, "Add files"),
        )
      : button({ text: "Look at everything", press: () => this.filters.set({ ...NO_WISH }) });
    return h("div", { class: "empty" }, icon(name), h("p", {}, words), h("p", { class: "quiet" }, more), all);
  }

  passTime() {
    for (const node of this.list.querySelectorAll("[data-clock]")) {
      const job = jobById(node.dataset.clock);
      if (job) node.textContent = `${node.dataset.words} · ${clock(since(job.created_at))}`;
    }
    if (new Date().getSeconds()) return;
    for (const node of this.list.querySelectorAll(".kept[data-until]")) {
      const cell = node.closest(".cell");
      const job = this.job(cell.dataset.cell);
      if (job) {
        cell.dataset.print = "";
        this.window.replace(job);
      }
    }
  }

  async chooseAll() {
    try {
      const jobs = await this.window.span();
      this.selection.only(jobs);
      announce(`${jobs.length} chosen`);
      if (jobs.length === 1000)
        this.dispatch("studio:toast", { text: "The newest 1,000 are chosen: as many as can be changed at once." });
    } catch (error) {
      this.dispatch("studio:toast", { text: error.message });
    }
  }
}

customElements.define("studio-gallery", Gallery);
