// The items that were marked to be compared, at the foot of the viewer, until they are compared or let go.
import { button, h, icon } from "../core/dom.js";
import { thumbnailOf } from "../results/cards.js";
import { title } from "../core/words.js";

const FEWEST = 2;
const MOST = 9;

export class Tray {
  /** `compare(ids)` is told when the person asks for it. */
  constructor({ compare }) {
    this.jobs = new Map();
    this.compare = () => {
      const ids = [...this.jobs.keys()];
      this.clear();
      compare(ids);
    };
    this.node = h("div", { class: "tray", role: "group", "aria-label": "Marked to compare" });
    this.draw();
  }

  /**
   * Mark a job, or unmark it. Gives the sentence to say.
   * @param {JobView} job
   */
  toggle(job) {
    if (this.jobs.has(job.id)) this.jobs.delete(job.id);
    else if (this.jobs.size >= MOST) return `Only ${MOST} can be compared at once.`;
    else this.jobs.set(job.id, job);
    this.draw();
    return this.jobs.has(job.id) ? `Marked to compare: ${this.jobs.size}` : `Not marked any more: ${this.jobs.size}`;
  }

  /** Unmark a job that is gone. */
  drop(id) {
    if (this.jobs.delete(id)) this.draw();
  }

  clear() {
    this.jobs.clear();
    this.draw();
  }

  draw() {
    this.node.hidden = this.jobs.size === 0;
    const enough = this.jobs.size >= FEWEST;
    const start = button({
      text: enough ? `Compare ${this.jobs.size}` : "Mark one more",
      icon: "columns-2",
      kind: "primary",
      act: "compare",
      press: this.compare,
    });
    start.disabled = !enough;
    this.node.replaceChildren(
      h(
        "div",
        { class: "marked" },
        [...this.jobs.values()].map((job) => {
          const thumb = thumbnailOf(job);
          return h(
            "button",
            {
              type: "button",
              class: "mark",
              "aria-label": `Unmark: ${title(job)}`,
              title: `Unmark: ${title(job)}`,
              onclick: () => this.toggle(job),
            },
            thumb ? h("img", { src: thumb, alt: "" }) : icon("image"),
            icon("x"),
          );
        }),
      ),
      start,
      button({ icon: "x", label: "Unmark all", kind: "round", press: () => this.clear() }),
    );
  }
}
