// The admin's part of Settings: the lines at the provider, what went wrong lately, the disk. Nothing of it is shown to others.
import { StudioElement, copyable, h, icon, live, styled } from "../core/dom.js";
import { fetchAdmin, onAgain } from "../core/live.js";
import { catalogue, fileSize, moment } from "../core/words.js";
import { about } from "../results/outlook.js";

const LOOK_MS = 5000;
const MOST_LANES = 12;

class Admin extends StudioElement {
  connectedCallback() {
    this.hidden = true;
    this.stop = onAgain(() => this.fetch());
    this.timer = setInterval(() => {
      if (!document.hidden && !this.refused && this.isConnected && (this.hidden || this.getClientRects().length))
        this.fetch();
    }, LOOK_MS);
    this.fetch();
  }

  disconnectedCallback() {
    this.stop?.();
    clearInterval(this.timer);
  }

  async fetch() {
    try {
      this.draw(await fetchAdmin());
    } catch {
      if (this.drawn) return; // the studio is away: what stands here is a few seconds old
      this.refused = true; // whoever is no admin has nothing here
    }
  }

  draw({ jobs = {}, queues = [], errors = [], disk = null, loop = null, ready = true }) {
    this.hidden = false;
    this.drawn = true;
    const open = [.../** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("details[open]"))].map(
      ({ dataset }) => dataset.name,
    );
    this.replaceChildren(
      h("h2", {}, "What is going on"),
      vitals({ jobs, disk, loop, ready }),
      lanes(queues),
      faults(errors),
    );
    open.forEach((name) => {
      /** @type {HTMLDetailsElement} */
      const found = this.querySelector(`details[data-name="${CSS.escape(name)}"]`);
      if (found) found.open = true;
    });
  }
}

const vital = (value, name, tone) =>
  h("div", { class: "vital", "data-tone": tone }, live("b", {}, value), h("span", {}, name));

function vitals({ jobs, disk, loop, ready }) {
  const { waiting = 0, working = 0, unknown = 0 } = jobs;
  return h(
    "div",
    { class: "vitals" },
    ready ? null : vital("Not ready", "no job can be taken now: look at the disk and the log", "bad"),
    vital(String(waiting), "waiting in line"),
    vital(String(working), "in work"),
    unknown ? vital(String(unknown), "not certain: bought or not?", "advice") : null,
    disk
      ? vital(fileSize(disk.free), `free of ${fileSize(disk.total)} on the disk`, disk.low ? "bad" : undefined)
      : null,
    disk?.used ? vital(fileSize(disk.used), "taken by results and files") : null,
    loop
      ? vital(
          String(loop.blocked ?? 0),
          loop.blocked
            ? `times the studio stood still, ${Math.round(loop.longest_ms)} ms at most`
            : "times the studio stood still",
          loop.blocked ? "advice" : undefined,
        )
      : null,
  );
}

/** Every line: its lanes, which are busy, who waits, and whether the provider asked for a pause. */
function lanes(queues) {
  if (!queues.length)
    return h(
      "section",
      { class: "watched" },
      h("h3", {}, "Lines at the provider"),
      h("p", { class: "quiet" }, "Nothing was sent yet. A line appears here with its first job."),
    );
  return h(
    "section",
    { class: "watched" },
    h("h3", {}, "Lines at the provider"),
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Line", "Under way", "Waiting", "What it allows"].map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h(
        "tbody",
        {},
        queues.map((queue) =>
          h(
            "tr",
            {},
            live("th", { scope: "row" }, nameOf(queue)),
            live("td", {}, boxes(queue), queue.lanes ? `${queue.busy} of ${queue.lanes}` : String(queue.busy)),
            live("td", {}, String(queue.waiting ?? 0)),
            live("td", {}, limitOf(queue)),
          ),
        ),
      ),
    ),
  );
}

const nameOf = ({ model, region, bucket }) =>
  [catalogue.models?.[model]?.title ?? model, catalogue.regions?.[region] ?? region].filter(Boolean).join(", ") ||
  bucket;

function boxes({ busy = 0, lanes: many = 0 }) {
  if (many > MOST_LANES) return null;
  return h(
    "span",
    { class: "lanes", "aria-hidden": "true" },
    Array.from({ length: many }, (_, at) => h("i", { "data-busy": at < busy ? "yes" : undefined })),
  );
}

function limitOf({ limit, lanes: many, per_second: pace, cooldown_until: until, refusals }) {
  const left = until ? (Date.parse(until) - Date.now()) / 1000 : 0;
  const said = [
    pace ? `${pace} a second` : "",
    limit && many < limit ? `${many} at once instead of ${limit}, as it lately allowed` : "",
    left > 0 ? `pause for ${about(left)}` : "",
    refusals ? `refused ${refusals} times` : "",
  ];
  return said.filter(Boolean).join(" · ") || "as documented";
}

function faults(errors) {
  return h(
    "section",
    { class: "watched" },
    h("h3", {}, "What did not work, last 24 hours"),
    errors.length
      ? h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["How often", "What", "Last"].map((text) => h("th", { scope: "col" }, text)),
            ),
          ),
          h(
            "tbody",
            {},
            errors.map(({ code, count, message, last_at: last }) =>
              h(
                "tr",
                {},
                live("td", {}, String(count)),
                h(
                  "th",
                  { scope: "row" },
                  message ? h("p", {}, message) : null,
                  code ? copyable(code, "error code") : null,
                ),
                live("td", {}, moment(last)),
              ),
            ),
          ),
        )
      : h("p", { class: "quiet" }, icon("check"), " Nothing."),
  );
}

styled("spend").then(() => customElements.define("studio-admin", Admin));
