// The family of an item: what it came from above it, what came of it below, a row for each generation.
import { button, h, icon } from "../core/dom.js";
import { thumbnailOf } from "../results/cards.js";
import { isDone, stateOf, title } from "../core/words.js";
import { fine } from "./player.js";

const MOST_IN_ROW = 5;
const SVG = "http://www.w3.org/2000/svg";
const MOMENTS = { first: "first frame", last: "last frame", sound: "sound" };

/** What of the one the other was made of, in words. A link without a file is a remix: only the settings went over. */
export function momentWords({ asset, moment }) {
  if (!asset) return "remix";
  if (!moment) return "whole";
  return MOMENTS[moment] ?? (Number.isFinite(Number(moment)) ? `at ${fine(Number(moment))}` : "");
}

/** How many steps each job is away from one, along links in one direction. Nothing is walked twice. */
function distances(id, links, [near, far]) {
  const found = new Map([[id, 0]]);
  for (const from of found.keys()) {
    for (const link of links)
      if (link[near] === from && !found.has(link[far])) found.set(link[far], found.get(from) + 1);
  }
  found.delete(id);
  return found;
}

export class Tree {
  /**
   * Draw the family of a job. `open(job)` is told what was pressed; `signal` ends the drawing.
   * @param {JobView} job
   * @param {RelativesView} relatives
   * @param {{ open: (job: JobView) => void, signal: AbortSignal }} about
   */
  constructor(job, { ancestors, descendants, links }, { open, signal }) {
    this.open = open;
    this.links = links.filter(({ from, to }) => from !== to);
    this.jobs = new Map([...ancestors, ...descendants, job].map((one) => [one.id, one]));
    this.all = new Set();
    this.here = job.id;
    this.rows = this.generations();
    this.lines = document.createElementNS(SVG, "svg");
    this.lines.setAttribute("aria-hidden", "true");
    this.node = h("div", { class: "family" });
    this.draw();
    const watch = new ResizeObserver(() => this.connect());
    watch.observe(this.node);
    signal.addEventListener("abort", () => watch.disconnect(), { once: true });
  }

  /** The rows from the oldest to the youngest; this item stands in the row 0. */
  generations() {
    const rows = new Map([[0, [this.here]]]);
    const placed = new Set();
    const put = (found, sign) =>
      found.forEach((steps, id) => {
        if (!this.jobs.has(id) || placed.has(id)) return;
        placed.add(id);
        rows.set(sign * steps, [...(rows.get(sign * steps) ?? []), id]);
      });
    put(distances(this.here, this.links, ["to", "from"]), -1);
    put(distances(this.here, this.links, ["from", "to"]), 1);
    return [...rows].sort(([a], [b]) => a - b);
  }

  draw() {
    this.nodes = new Map();
    this.node.replaceChildren(this.lines, ...this.rows.map(([row, ids]) => this.generation(row, ids)));
    this.connect();
  }

  generation(row, ids) {
    const shown = this.all.has(row) ? ids : ids.slice(0, MOST_IN_ROW);
    const name = row === 0 ? "This item" : row < 0 ? "Came from" : "Came of it";
    const more = ids.length - shown.length;
    return h(
      "div",
      { class: "generation", role: "group", "aria-label": name, "data-row": row },
      shown.map((id) => this.member(id)),
      more
        ? button({
            text: `${more} more`,
            kind: "small",
            press: () => {
              this.all.add(row);
              this.draw();
            },
          })
        : null,
    );
  }

  member(id) {
    const job = this.jobs.get(id);
    const here = id === this.here;
    const thumb = thumbnailOf(job);
    const said = this.links.filter(({ from, to }) => (here ? false : from === id || to === id)).map(momentWords);
    const label = [title(job), isDone(job) ? "" : stateOf(job), ...new Set(said)].filter(Boolean).join(", ");
    const node = h(
      "button",
      {
        type: "button",
        class: "member",
        title: label,
        "aria-label": label,
        "data-job": id,
        "aria-current": here ? "true" : undefined,
        onclick: () => {
          if (!here) this.open(job);
        },
      },
      thumb
        ? h("img", { src: thumb, alt: "", loading: "lazy", onload: () => this.connect() })
        : icon(job.article ? "newspaper" : "image"),
      job.outputs?.[0]?.kind === "video" ? icon("play") : null,
    );
    this.nodes.set(id, node);
    return node;
  }

  /** The lines between those that are drawn, each with its words. */
  connect() {
    const frame = this.node.getBoundingClientRect();
    if (!frame.width) return;
    const pairs = new Map();
    for (const link of this.links) {
      const key = `${link.from} ${link.to}`;
      if (this.nodes.has(link.from) && this.nodes.has(link.to))
        pairs.set(key, { ...link, words: [...new Set([...(pairs.get(key)?.words ?? []), momentWords(link)])] });
    }
    const parts = [...pairs.values()].flatMap((pair) => this.line(pair, frame));
    this.lines.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    this.lines.replaceChildren(...parts.filter(({ tagName }) => tagName === "path"));
    this.node.querySelectorAll(".kinship").forEach((old) => old.remove());
    this.node.append(...parts.filter(({ tagName }) => tagName !== "path"));
  }

  line({ from, to, words }, frame) {
    const [above, below] = [this.nodes.get(from), this.nodes.get(to)].map((node) => node.getBoundingClientRect());
    const [x1, y1] = [above.left + above.width / 2 - frame.left, above.bottom - frame.top];
    const [x2, y2] = [below.left + below.width / 2 - frame.left, below.top - frame.top];
    const middle = (y1 + y2) / 2;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", `M ${x1} ${y1} C ${x1} ${middle}, ${x2} ${middle}, ${x2} ${y2}`);
    const text = words.filter(Boolean).join(", ");
    // The words stand at the end that is not this item, where the lines lie apart.
    const [x, y] = from === this.here ? [x2, y2 - 10] : [x1, y1 + 10];
    return text ? [path, h("span", { class: "kinship", style: `left:${x}px;top:${y}px` }, text)] : [path];
  }
}
