// The endless list: rows of tiles around what is looked at. A page that is far away leaves only its height behind and is
// fetched again on return, so that neither the page nor its memory grows. Knows no filters and no acts.
import { arrange } from "../core/dom.js";
import { day } from "../core/words.js";
import { justify, ratioOf } from "./rows.js";

const PAGE = 60;
const MOST_TILES = 200;
const LONGEST_PAGE = 90;
const NEAR = 900; // px around what is seen
const LARGE_PAGE = 200;
const ABOVE = 8; // px
const SHORT = 0.8; // of the width

const placeOf = (job) => BigInt(job.place ?? 0);

/**
 * Pages between `after` (not included, null: the newest) and `until` (included). Of those with a `node` the jobs are known.
 * `ask({cursor, newer, limit})` fetches a page, `draw(job)` makes a tile's cell, `told(state, error)` hears how it stands:
 * loading, empty, done, more or away.
 */
export class Window {
  /** @type {HTMLElement} */
  list;
  /** @type {(wish: { cursor?: string, newer?: boolean, limit: number }) => Promise<JobsView>} */
  ask;
  /** @type {(job: JobView) => HTMLElement} */
  draw;
  /** @type {(state: string, error?: Error) => void} */
  told;
  /** @type {() => number} */
  edge;

  constructor({ list, ask, draw, told, edge }) {
    Object.assign(this, { list, ask, draw, told, edge });
    this.chunks = [];
    this.turn = 0;
    this.scrolled = () => {
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.settle();
      });
    };
    addEventListener("scroll", this.scrolled, { passive: true });
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(list);
  }

  end() {
    removeEventListener("scroll", this.scrolled);
    this.sizes.disconnect();
    this.turn += 1;
  }

  get shown() {
    return this.list.offsetParent !== null;
  }
  get live() {
    return this.chunks.filter(({ node }) => node);
  }
  get jobs() {
    return this.live.flatMap(({ jobs }) => jobs);
  }
  /** Whether there is nothing older than the `jobs`. */
  get complete() {
    return !this.tailOpen && Boolean(this.chunks.at(-1)?.node);
  }
  get atTop() {
    return !this.headOpen && this.list.getBoundingClientRect().top >= this.edge() - 40;
  }

  /** Begin anew, at a place or at the newest. */
  async start(at = null) {
    const turn = (this.turn += 1);
    this.from = at;
    this.busy = null;
    this.chunks = [];
    this.headOpen = this.tailOpen = false;
    this.told("loading");
    try {
      const cursor = at === null ? undefined : String(BigInt(at) + 1n);
      const page = await this.ask({ cursor, limit: PAGE });
      if (turn !== this.turn) return;
      this.list.replaceChildren();
      this.headOpen = cursor !== undefined && Boolean(page.previous_cursor);
      this.tailOpen = Boolean(page.next_cursor);
      if (page.items.length) this.append(page, cursor === undefined || !this.headOpen ? null : BigInt(cursor));
      this.place();
      if (this.headOpen) this.show(this.list.querySelector(".cell"));
      if (this.headOpen && !page.items.length) return this.start();
      this.tell();
      await this.settle();
    } catch (error) {
      if (turn === this.turn) this.told("away", error);
    }
  }

  /** Put a tile's row first. The heading above it goes as soon as the day's other works are there, its room with it. */
  show(cell) {
    if (cell) scrollBy({ top: cell.getBoundingClientRect().top - this.edge() - ABOVE, behavior: "instant" });
  }

  tell() {
    this.told(!this.chunks.length ? "empty" : this.tailOpen ? "more" : "done");
  }

  // Pages -------------------------------------------------------------------------------------------------------------

  append(page, after) {
    const jobs = page.next_cursor ? justify(page.items, this.width).whole : page.items;
    this.chunks.push({ after, until: placeOf(jobs.at(-1)), jobs });
    this.layOut(this.chunks.length - 1);
  }

  prepend(page) {
    let jobs = page.items;
    while (
      page.previous_cursor &&
      jobs.length > 1 &&
      page.items.length - jobs.length < 12 &&
      justify(jobs, this.width).whole.length < jobs.length
    )
      jobs = jobs.slice(1);
    const first = this.chunks[0];
    const after = page.previous_cursor ? placeOf(jobs[0]) + 1n : null;
    if (jobs.length) {
      this.chunks.unshift({ after, until: first.after, jobs });
      this.layOut(0);
    } else first.after = null;
    this.headOpen = Boolean(page.previous_cursor);
  }

  /** A page that was dropped, again. Where it has grown meanwhile, it becomes two. */
  refill(chunk, page) {
    const jobs = page.items.filter((job) => placeOf(job) >= chunk.until);
    const reached =
      jobs.length < page.items.length || !page.next_cursor || (jobs.length && placeOf(jobs.at(-1)) === chunk.until);
    const index = this.chunks.indexOf(chunk);
    if (index < 0) return;
    if (!jobs.length) return this.drop(index);
    if (!reached) {
      const end = placeOf(jobs.at(-1));
      this.chunks.splice(index + 1, 0, {
        after: end,
        until: chunk.until,
        height: chunk.height ?? 0,
        jobs: null,
        node: null,
        first: chunk.last,
        last: chunk.last,
        count: PAGE,
      });
      chunk.until = end;
    }
    if (chunk.node && same(chunk, jobs)) return jobs.forEach((job) => this.replace(job)); // what moves under a press loses it
    chunk.jobs = jobs;
    this.layOut(index);
  }

  /** Take a page without anything in it out; its neighbours share what it spanned. */
  drop(index) {
    const [chunk] = this.chunks.splice(index, 1);
    const [before, next] = [this.chunks[index - 1], this.chunks[index]];
    chunk.node?.remove();
    if (next) next.after = chunk.after;
    else if (before) before.until = chunk.until;
    this.join(index - 1);
    this.join(index);
  }

  // Drawing -----------------------------------------------------------------------------------------------------------

  get width() {
    return Math.floor(this.list.clientWidth) || 1000;
  }

  layOut(index) {
    const chunk = this.chunks[index];
    const held =
      chunk.node?.contains(document.activeElement) &&
      /** @type {HTMLElement} */ (document.activeElement.closest(".cell"))?.dataset.cell;
    const node = document.createElement("div");
    node.className = "chunk";
    const kept = new Map([...(chunk.node?.querySelectorAll(".cell") ?? [])].map((cell) => [cell.dataset.cell, cell]));
    const days = Map.groupBy ? Map.groupBy(chunk.jobs, (job) => day(job.created_at)) : grouped(chunk.jobs);
    for (const [name, jobs] of days)
      node.append(
        this.section(name, jobs, kept, name === day(chunk.jobs.at(-1).created_at) && index < this.chunks.length - 1),
      );
    chunk.node?.replaceWith(node);
    // A tile that is moved loses the focus.
    if (held)
      /** @type {HTMLElement} */ (this.list.querySelector(`.cell[data-cell="${CSS.escape(held)}"] .tile`))?.focus({
        preventScroll: true,
      });
    Object.assign(chunk, {
      node,
      first: day(chunk.jobs[0].created_at),
      last: day(chunk.jobs.at(-1).created_at),
      count: chunk.jobs.length,
    });
    this.place();
    [index - 1, index, index + 1].forEach((near) => this.join(near));
  }

  section(name, jobs, kept, goesOn) {
    const section = document.createElement("section");
    section.dataset.day = name;
    const heading = document.createElement("h2");
    heading.textContent = name;
    section.append(heading);
    const { rows } = justify(jobs, this.width, { goesOn });
    // A day of few works leaves room beside it for the days before: one tile a line would be a gallery of gaps.
    section.toggleAttribute(
      "data-short",
      rows.length === 1 && rows[0].items.reduce((sum, { width }) => sum + width, 0) < SHORT * this.width,
    );
    for (const { items, height } of rows) {
      const row = document.createElement("div");
      row.className = "row";
      row.style.height = `${height}px`;
      for (const { job, width } of items) {
        const [old, fresh] = [kept.get(job.id), this.draw(job)];
        const cell = old?.dataset.print === fresh.dataset.print ? old : fresh;
        cell.style.width = `${width}px`;
        row.append(cell);
      }
      section.append(row);
    }
    return section;
  }

  /** A day that goes on over the border of two pages has one heading. */
  join(index) {
    const chunk = this.chunks[index];
    if (!chunk?.node) return;
    const sections = chunk.node.children;
    sections[0].toggleAttribute("data-from-before", this.chunks[index - 1]?.last === chunk.first);
    sections[sections.length - 1].toggleAttribute("data-goes-on", this.chunks[index + 1]?.first === chunk.last);
    chunk.height = chunk.node.isConnected && this.shown ? chunk.node.offsetHeight : (chunk.height ?? 0);
  }

  /** Put the nodes into the list in their order, and room where pages are away. What stands is not moved. */
  place() {
    const wanted = [];
    let gap = 0;
    const leave = () => {
      if (gap) {
        const room = document.createElement("div");
        room.className = "room";
        room.style.height = `${gap}px`;
        wanted.push(room);
        gap = 0;
      }
    };
    for (const chunk of this.chunks) {
      if (chunk.node) {
        leave();
        wanted.push(chunk.node);
      } else gap += chunk.height;
    }
    leave();
    arrange(this.list, wanted);
  }

  /** Change the list so that what is looked at stays where it is. */
  anchored(change) {
    const edge = this.edge();
    const seen = this.atTop
      ? null
      : [.../** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll(".cell"))].find(
          (cell) => cell.getBoundingClientRect().bottom > edge,
        );
    const before = seen?.getBoundingClientRect().top;
    change();
    const after = seen && (seen.isConnected ? seen : this.cell(seen.dataset.cell));
    if (after) scrollBy({ top: after.getBoundingClientRect().top - before, behavior: "instant" });
  }

  resized() {
    if (!this.shown || this.laid === this.width) return;
    const first = this.laid === undefined;
    this.laid = this.width;
    if (first) return this.settle();
    this.anchored(() =>
      this.chunks.forEach((chunk, index) => {
        if (chunk.node) this.layOut(index);
      }),
    );
    this.settle();
  }

  // What is near -------------------------------------------------------------------------------------------------------

  /** Drop what is far, fetch what is near, one page at a time. */
  async settle() {
    if (!this.shown || this.busy === this.turn) return;
    const wish = this.look();
    if (!wish) return;
    const turn = (this.busy = this.turn);
    try {
      const page = await wish.fetch();
      if (turn !== this.turn) return;
      this.anchored(() => {
        wish.take(page);
        this.place();
      });
      this.tell();
    } catch (error) {
      if (turn === this.turn) {
        this.busy = null;
        this.told("away", error);
      }
      return;
    }
    this.busy = null;
    this.settle();
  }

  look() {
    const top = -this.list.getBoundingClientRect().top;
    const bottom = top + innerHeight;
    let y = 0,
      tiles = 0;
    const spots = this.chunks
      .map((chunk) => {
        const spot = { chunk, top: y, bottom: (y += chunk.height) };
        spot.far = Math.max(0, spot.top - bottom, top - spot.bottom);
        return spot;
      })
      .sort((a, b) => a.far - b.far);
    let wish = null;
    for (const { chunk, far } of spots) {
      const fits = (tiles += chunk.count) <= MOST_TILES || far === 0;
      if (chunk.node && (!fits || far > 2 * NEAR)) {
        chunk.node = chunk.jobs = null;
        this.place();
      }
      if (!chunk.node && fits && far < NEAR && !wish) wish = this.again(chunk);
    }
    if (wish) return wish;
    if (this.headOpen && top < NEAR)
      return {
        fetch: () => this.ask({ cursor: String(this.chunks[0].after - 1n), newer: true, limit: PAGE }),
        take: (page) => this.prepend(page),
      };
    if (this.tailOpen && y - bottom < NEAR)
      return {
        fetch: () => this.ask({ cursor: String(this.chunks.at(-1).until), limit: PAGE }),
        take: (page) => this.older(page),
      };
    return null;
  }

  again(chunk) {
    return {
      fetch: () => this.ask({ cursor: chunk.after === null ? undefined : String(chunk.after), limit: PAGE }),
      take: (page) => this.refill(chunk, page),
    };
  }

  older(page) {
    this.tailOpen = Boolean(page.next_cursor);
    if (page.items.length) this.append(page, this.chunks.at(-1).until);
  }

  /** Fetch again all that is shown: something may have been missed. */
  async reload() {
    if (!this.chunks.length) return this.start(this.from); // it may still be on its way to a place
    const turn = this.turn;
    for (const chunk of this.live) {
      const page = await this.again(chunk).fetch();
      if (turn !== this.turn) return;
      this.anchored(() => {
        this.refill(chunk, page);
        this.place();
      });
    }
    if (!this.chunks.length) return this.start();
    this.tell();
    this.settle();
  }

  // One job ------------------------------------------------------------------------------------------------------------

  /** @returns {HTMLElement} */
  cell(id) {
    return this.list.querySelector(`.cell[data-cell="${CSS.escape(id)}"]`);
  }

  has(id) {
    return this.live.some(({ jobs }) => jobs.some((job) => job.id === id));
  }

  /** A job as it now stands, where it is shown. */
  replace(job) {
    const index = this.chunks.findIndex(({ node, jobs }) => node && jobs.some(({ id }) => id === job.id));
    if (index < 0) return;
    const chunk = this.chunks[index];
    const at = chunk.jobs.findIndex(({ id }) => id === job.id);
    const reshaped = ratioOf(chunk.jobs[at]) !== ratioOf(job);
    chunk.jobs[at] = job;
    const old = this.cell(job.id);
    const fresh = this.draw(job);
    if (old.dataset.print === fresh.dataset.print) return;
    const held = old.contains(document.activeElement) && document.activeElement.className;
    fresh.style.width = old.style.width;
    old.replaceWith(fresh);
    if (reshaped) this.anchored(() => this.layOut(index));
    if (held)
      /** @type {HTMLElement} */ ([...this.cell(job.id).children].find(({ className }) => className === held))?.focus();
  }

  /** A job that is new to the list, put where it belongs. */
  insert(job) {
    const place = placeOf(job);
    if (!this.chunks.length) return this.start();
    const index = this.chunks.findIndex(({ after, until }) => (after === null || place < after) && place >= until);
    const chunk = this.chunks[index];
    if (!chunk?.node || (index === 0 && this.headOpen)) return;
    const at = chunk.jobs.findIndex((other) => placeOf(other) < place);
    chunk.jobs.splice(at < 0 ? chunk.jobs.length : at, 0, job);
    this.anchored(() => {
      if (chunk.jobs.length > LONGEST_PAGE) this.split(index);
      else this.layOut(index);
    });
    this.tell();
  }

  split(index) {
    const chunk = this.chunks[index];
    const half = Math.ceil(chunk.jobs.length / 2);
    const end = placeOf(chunk.jobs[half - 1]);
    this.chunks.splice(index + 1, 0, {
      after: end,
      until: chunk.until,
      jobs: chunk.jobs.slice(half),
      node: null,
      height: 0,
    });
    Object.assign(chunk, { until: end, jobs: chunk.jobs.slice(0, half) });
    this.layOut(index);
    this.layOut(index + 1);
  }

  remove(ids) {
    const away = new Set(ids);
    this.anchored(() => {
      for (let index = this.chunks.length - 1; index >= 0; index -= 1) {
        const chunk = this.chunks[index];
        if (!chunk.jobs?.some(({ id }) => away.has(id))) continue;
        chunk.jobs = chunk.jobs.filter(({ id }) => !away.has(id));
        if (chunk.jobs.length) this.layOut(index);
        else this.drop(index);
      }
      this.place();
    });
    this.tell();
    this.settle();
  }

  /** All jobs between two places, or all that there are: up to `most`, fetched where they are not shown. */
  async span({ high = null, low = null, most = 1000 } = {}) {
    const found = [];
    let cursor = high === null ? undefined : String(high + 1n);
    while (found.length < most) {
      const page = await this.ask({ cursor, limit: LARGE_PAGE });
      found.push(...page.items.filter((job) => low === null || placeOf(job) >= low));
      const last = page.items.at(-1);
      if (!page.next_cursor || !last || (low !== null && placeOf(last) <= low)) break;
      cursor = page.next_cursor;
    }
    return found.slice(0, most);
  }
}

/** Whether a page that is shown holds just these, under the same headings. */
function same(chunk, jobs) {
  return (
    jobs.length === chunk.jobs.length &&
    jobs.every(({ id }, at) => id === chunk.jobs[at].id) &&
    chunk.first === day(jobs[0].created_at) &&
    chunk.last === day(jobs.at(-1).created_at)
  );
}

function grouped(jobs) {
  const days = new Map();
  for (const job of jobs) days.set(day(job.created_at), [...(days.get(day(job.created_at)) ?? []), job]);
  return days;
}
