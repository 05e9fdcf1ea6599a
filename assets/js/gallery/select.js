// What is chosen, and the ways to choose: presses with shift and ctrl, a band drawn with the pointer, a long press.
import { h } from "../core/dom.js";

const LONG_MS = 480;
const SLACK = 6; // px that a press may tremble
const EDGE = 70; // px from the edge of the window where it begins to scroll

/** The chosen jobs, in brief: their ids, what their files weigh, and whether they can be compared. */
export class Selection {
  constructor(changed) {
    this.chosen = new Map();
    this.changed = changed;
    this.anchor = null; // the job that a press with shift reaches from
  }

  get size() {
    return this.chosen.size;
  }
  get ids() {
    return [...this.chosen.keys()];
  }
  get briefs() {
    return [...this.chosen.values()];
  }
  has(id) {
    return this.chosen.has(id);
  }

  set(jobs, on = true) {
    for (const job of jobs) {
      if (on) this.chosen.set(job.id, brief(job));
      else this.chosen.delete(job.id);
    }
    this.changed(jobs.map(({ id }) => id));
  }

  toggle(job) {
    this.anchor = job;
    this.set([job], !this.has(job.id));
  }

  /** Exactly these. */
  only(jobs) {
    const before = this.ids;
    this.chosen = new Map(jobs.map((job) => [job.id, brief(job)]));
    this.changed([...new Set([...before, ...this.ids])]);
  }

  clear() {
    this.only([]);
    this.anchor = null;
  }

  forget(ids) {
    const known = ids.filter((id) => this.chosen.delete(id));
    if (known.length) this.changed(known);
  }
}

const brief = (job) => ({
  id: job.id,
  place: job.place,
  favourite: job.favourite,
  rating: job.rating,
  tags: job.tags ?? [],
  collections: job.collections ?? [],
  bytes: (job.outputs ?? []).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
  files: job.outputs?.length ?? 0,
});

/** Let a band be drawn over tiles. `cells()` are those in the page, `jobOf(id)` knows their jobs; `signal` ends it. */
export function drawBand(area, selection, { cells, jobOf, signal }) {
  let from = null,
    band = null,
    before = null,
    scroller = 0,
    last = null;

  const draw = () => {
    const here = { x: last.clientX + scrollX, y: last.clientY + scrollY };
    const box = {
      left: Math.min(from.x, here.x),
      top: Math.min(from.y, here.y),
      right: Math.max(from.x, here.x),
      bottom: Math.max(from.y, here.y),
    };
    Object.assign(band.style, {
      left: `${box.left}px`,
      top: `${box.top}px`,
      width: `${box.right - box.left}px`,
      height: `${box.bottom - box.top}px`,
    });
    const inside = [],
      outside = [];
    for (const cell of cells()) {
      const { left, top, right, bottom } = cell.getBoundingClientRect();
      const touched =
        left + scrollX < box.right &&
        right + scrollX > box.left &&
        top + scrollY < box.bottom &&
        bottom + scrollY > box.top;
      const [id, job] = [cell.dataset.cell, jobOf(cell.dataset.cell)];
      if (touched && job && !selection.has(id)) inside.push(job);
      if (!touched && job && selection.has(id) && !before.has(id)) outside.push(job);
    }
    if (inside.length) selection.set(inside);
    if (outside.length) selection.set(outside, false);
  };
  const roll = () => {
    const speed =
      last.clientY < EDGE
        ? last.clientY - EDGE
        : last.clientY > innerHeight - EDGE
          ? last.clientY - innerHeight + EDGE
          : 0;
    if (speed) {
      scrollBy({ top: speed / 3, behavior: "instant" });
      draw();
    }
    scroller = requestAnimationFrame(roll);
  };
  const end = () => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    cancelAnimationFrame(scroller);
    if (band) {
      band.remove();
      document.body.classList.remove("banding");
      const stop = (event) => {
        event.preventDefault();
        event.stopPropagation();
      };
      addEventListener("click", stop, { capture: true, once: true }); // the press that ends the band opens nothing
      setTimeout(() => removeEventListener("click", stop, { capture: true }));
    }
    from = band = null;
  };
  const move = (event) => {
    last = event;
    if (!band) {
      if (Math.hypot(event.clientX + scrollX - from.x, event.clientY + scrollY - from.y) < SLACK) return;
      band = document.body.appendChild(h("div", { class: "band", "aria-hidden": "true" }));
      document.body.classList.add("banding");
      scroller = requestAnimationFrame(roll);
    }
    draw();
  };
  area.addEventListener(
    "pointerdown",
    (event) => {
      if (
        event.pointerType !== "mouse" ||
        event.button !== 0 ||
        event.target.closest("input, dialog, a, .pick, .heart, [data-no-band]")
      )
        return;
      from = { x: event.clientX + scrollX, y: event.clientY + scrollY };
      before = new Set(event.shiftKey || event.ctrlKey || event.metaKey ? selection.ids : []);
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
      addEventListener("pointercancel", end);
    },
    { signal },
  );
  area.addEventListener("dragstart", (event) => event.preventDefault(), { signal });
}

/** Tell of a finger that rests on a tile. */
export function onLongPress(area, pressed) {
  let timer, at;
  const stop = () => clearTimeout(timer);
  area.addEventListener("pointerdown", (event) => {
    const cell = event.pointerType !== "mouse" && event.target.closest(".cell");
    if (!cell) return;
    at = event;
    timer = setTimeout(() => {
      const swallow = (click) => {
        click.preventDefault();
        click.stopPropagation();
      };
      area.addEventListener("click", swallow, { capture: true, once: true });
      addEventListener(
        "pointerup",
        () => setTimeout(() => area.removeEventListener("click", swallow, { capture: true }), 60),
        { once: true },
      );
      navigator.vibrate?.(12);
      pressed(cell.dataset.cell);
    }, LONG_MS);
  });
  area.addEventListener("pointermove", (event) => {
    if (at && Math.hypot(event.clientX - at.clientX, event.clientY - at.clientY) > SLACK * 2) stop();
  });
  ["pointerup", "pointercancel"].forEach((name) => area.addEventListener(name, stop));
  area.addEventListener("contextmenu", (event) => {
    if (at && event.pointerType === "touch") event.preventDefault();
  });
}
