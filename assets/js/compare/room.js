// The room in which items stand side by side. It places the panes and hands keys and presses to those who do the work:
// sync.js holds the clips together, view.js the pictures, vote.js counts, panels.js draws what stands below.
import { announce, button, h, icon } from "../core/dom.js";
import { showDetails } from "../results/cards.js";
import { fetchJob, onChange } from "../core/live.js";
import { rate, saveSheet, tag } from "./asking.js";
import { shortNames } from "./difference.js";
import { Loader } from "./loading.js";
import { Pane, kindOf, shapeOf } from "./pane.js";
import * as panels from "./panels.js";
import { Ensemble } from "./sync.js";
import { Transport } from "./transport.js";
import { View, layout } from "./view.js";
import { Ballot, TAG } from "./vote.js";

const DIRECTLY = 4; // so many clips may stream; more are fetched whole, see loading.js
const FEW = 4; // the differences of so many stand open from the start
const GAP = 8;
const LINE = 40; // px that the line under a pane takes
const LEAST_ON_PHONE = 150;

let room = null;

/** Open the room for these jobs. `closed()` is told when it is left. */
export async function open(ids, { closed }) {
  room?.dialog.close();
  room = new Room(closed);
  await room.fill(ids);
}

export const close = () => room?.dialog.close();

class Room {
  constructor(closed) {
    this.panes = [];
    this.loader = new Loader();
    this.ensemble = new Ensemble({ changed: () => this.drawClips() });
    this.transport = new Transport(this.ensemble);
    this.grid = h("div", { class: "panes", role: "group", "aria-label": "Items" });
    this.view = new View(this.grid, { changed: () => this.looked() });
    this.split = this.splitter();
    this.panel = h("div", { class: "panel", hidden: true });
    this.notice = h("p", { class: "note-line", role: "status" });
    this.title = h("h2", {}, "Compare");
    this.dialog = h(
      "dialog",
      { class: "compare", "aria-label": "Compare", tabIndex: -1 },
      h("header", {}, this.title, this.notice, h("div", { class: "acts" }, this.acts())),
      h("div", { class: "floor" }, this.grid, this.split),
      this.panel,
      this.foot(),
    );
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("cancel", (event) => {
      if (this.ballot) {
        event.preventDefault();
        this.endVote();
      }
    });
    this.dialog.addEventListener("close", () => this.leave(closed), { once: true });
    this.root = h("div", { class: "studio-element compare-root" }, this.dialog);
    (document.querySelector(".gradio-container") ?? document.body).append(this.root);
    this.sizes = new ResizeObserver(() => this.place());
    this.sizes.observe(this.grid.parentElement);
    this.stop = onChange((job, before) => this.changed(job, before));
    this.dialog.showModal();
    this.dialog.focus();
  }

  acts() {
    const toggles = (name, text, iconName) => {
      const node = button({
        text,
        icon: iconName,
        press: () => this.show(this.shown === name ? null : name),
        act: name,
      });
      node.setAttribute("aria-expanded", "false");
      return named(node, text || "Keys");
    };
    this.over = named(
      button({ text: "Over each other", icon: "columns-2", press: () => this.layOver(!this.isOver), act: "over" }),
      "Over each other",
    );
    this.openers = [
      toggles("differences", "Differences", "table-2"),
      toggles("vote", "Blind vote", "eye-off"),
      toggles("sheet", "Contact sheet", "file-down"),
    ];
    this.keysButton = toggles("keys", "", "keyboard");
    this.linker = button({
      icon: "link",
      label: "Copy the link to this comparison",
      press: () => this.copy(location.href, "The link is copied."),
    });
    return [
      this.over,
      ...this.openers,
      this.linker,
      this.keysButton,
      button({ icon: "x", label: "Close", press: () => this.dialog.close(), act: "close" }),
    ];
  }

  foot() {
    this.zooms = h(
      "div",
      { class: "zooms", role: "group", "aria-label": "Size, all items" },
      button({ icon: "zoom-out", label: "Smaller", press: () => this.view.farther() }),
      (this.fits = button({ text: "Fit", label: "Fit", press: () => this.view.fit() })),
      button({ icon: "zoom-in", label: "Larger", press: () => this.view.nearer() }),
    );
    this.fits.translate = false;
    return h("footer", {}, this.transport.node, this.zooms);
  }

  /** Fetch the items; one that cannot be had is named, the others are shown. */
  async fill(ids) {
    this.grid.dataset.state = "loading";
    const got = await Promise.allSettled(ids.map((id) => fetchJob(id)));
    if (!this.dialog.open) return;
    const jobs = /** @type {PromiseFulfilledResult<JobView>[]} */ (
      got.filter(({ status }) => status === "fulfilled")
    ).map(({ value }) => value);
    const lost = ids.length - jobs.length;
    this.grid.dataset.state = "ready";
    this.title.textContent = `Compare ${jobs.length} items`;
    if (lost) this.say(lost === 1 ? "One item is not here any more." : `${lost} items are not here any more.`);
    if (jobs.length < 2) {
      this.grid.replaceChildren(
        h("div", { class: "empty" }, icon("images"), h("p", {}, "There are not two items left to compare.")),
      );
      for (const node of [this.transport.node, this.zooms, this.over, ...this.openers]) node.hidden = true;
      return;
    }
    const acts = {
      hear: (pane) => this.hear(pane),
      details: (pane) => this.details(pane),
      vote: (pane) => this.vote(pane),
      retry: (pane) => this.load(pane),
    };
    const names = shortNames(jobs);
    this.panes = jobs.map((job, index) => new Pane(job, { number: index + 1, name: names[index], acts }));
    this.panes.forEach((pane, index) => {
      pane.name = names[index];
      this.join(pane);
    });
    this.grid.replaceChildren(...this.panes.map((pane) => pane.node));
    this.settle();
    if (jobs.length <= FEW && innerWidth > 900 && innerHeight > 700) this.show("differences");
    if (this.clips.length && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.ensemble.play();
  }

  get clips() {
    return this.panes.filter((pane) => pane.part);
  }
  /** The panes in the order in which they stand now. */
  get standing() {
    return this.ballot ? this.ballot.order.map((item) => this.panes[item]) : this.panes;
  }

  /** Take a pane's clip, if it has one, among those that run together. */
  join(pane) {
    if (pane.part) {
      this.ensemble.remove(pane.part);
      pane.part = null;
    }
    if (pane.kind !== "clip") return;
    pane.part = this.ensemble.add(pane.video, { seconds: pane.output.seconds ?? 0, changed: () => this.drawClips() });
    pane.video.muted = true;
    this.load(pane);
  }

  async load(pane) {
    const { part, output } = pane;
    const again = part.failed;
    if (again) part.renew();
    pane.awaited = "";
    try {
      const many = this.panes.filter(({ kind }) => kind === "clip").length > DIRECTLY;
      pane.video.src = many
        ? await this.loader.load(output.url, {
            bytes: output.bytes,
            progress: (share) => {
              pane.awaited = `Loading ${Math.round(share * 100)} %`;
              this.drawClips();
            },
          })
        : output.url;
      pane.video.load();
    } catch (error) {
      if (error.name === "AbortError") return;
      part.failed = true;
    }
    pane.awaited = "";
    this.ensemble.stir();
  }

  /** After items or the room have changed: who has a clip, and where everything stands. */
  settle() {
    this.transport.node.hidden = !this.clips.length;
    const visual = this.panes.filter(({ kind }) => kind === "clip" || kind === "picture");
    this.over.hidden = this.panes.length !== 2 || visual.length !== 2;
    this.zooms.hidden = !visual.length;
    this.place();
    this.drawClips();
    this.looked();
  }

  place() {
    if (!this.panes.length) return;
    const { clientWidth: width, clientHeight: height } = this.grid.parentElement;
    const shapes = this.panes.map(({ job }) => shapeOf(job));
    const narrow = width < 640;
    const found = this.isOver
      ? { columns: 1, rows: 1 }
      : layout(shapes, { width, height, gap: GAP, line: LINE, least: narrow ? LEAST_ON_PHONE : 0 });
    this.grid.style.setProperty("--columns", found.columns);
    this.grid.style.setProperty("--rows", found.rows);
    this.grid.dataset.small = width / found.columns < 300 ? "yes" : "no";
  }

  // Clips -------------------------------------------------------------------------------------------------------------

  drawClips() {
    this.transport.draw();
    const { state, time } = this.ensemble;
    for (const pane of this.clips) {
      const { part } = pane;
      const over = part.seconds > 0 && time > 0 && !part.lasts(time) && this.ensemble.length - part.seconds > 0.1;
      if (part.failed) pane.say("This clip cannot be shown.", true);
      else if (pane.awaited) pane.say(pane.awaited);
      else if (part.late || (state === "waiting" && !part.ready)) pane.say("Waiting for this clip…");
      else if (!over) pane.say("");
      pane.held(over && !part.failed);
    }
  }

  hear(pane) {
    this.ensemble.listen(this.ensemble.heard === pane.part ? null : pane.part);
    for (const one of this.clips) one.hears(one.part === this.ensemble.heard);
  }

  // Looking -----------------------------------------------------------------------------------------------------------

  looked() {
    const { near, scale } = this.view;
    this.fits.querySelector("span").textContent = near ? `${Math.round(scale * 100)} %` : "Fit";
    if (near) this.panes.forEach((pane) => pane.sharpen());
  }

  layOver(is) {
    if (this.over.hidden) return;
    this.isOver = is;
    this.over.setAttribute("aria-pressed", String(is));
    this.dialog.dataset.over = is ? "yes" : "no";
    this.place();
    if (is) this.split.querySelector("input").focus();
  }

  splitter() {
    const line = h("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      value: 50,
      "aria-label": "How much of the first is shown",
      oninput: (event) => this.dialog.style.setProperty("--split", `${event.target.value}%`),
    });
    return h("div", { class: "split" }, h("i", { "aria-hidden": "true" }), line);
  }

  details(pane) {
    this.ensemble.pause();
    showDetails(
      pane.job,
      this.panes.map(({ job }) => job),
    );
  }

  // Panels ------------------------------------------------------------------------------------------------------------

  show(name) {
    if (this.ballot && name) return;
    this.shown = name;
    for (const node of [...this.openers, this.keysButton])
      node.setAttribute("aria-expanded", String(node.dataset.act === name));
    const draws = {
      differences: () =>
        panels.differences(this.panes, {
          everything: this.everything ?? false,
          toggled: (all) => {
            this.everything = all;
            this.show("differences");
            this.panel.querySelector("input").focus();
          },
        }),
      vote: () => panels.voteForm({ start: (wish) => this.startVote(wish) }),
      sheet: () => panels.sheetForm({ count: this.panes.length, make: (title, press) => this.sheet(title, press) }),
      keys: () => panels.keys(),
    };
    this.fillPanel(name ? draws[name]() : null);
    if (name === "vote" || name === "sheet") this.panel.querySelector("select, input")?.focus();
  }

  fillPanel(node) {
    this.panel.hidden = !node;
    this.panel.replaceChildren(...(node ? [node] : []));
  }

  async sheet(title, press) {
    press.disabled = true;
    try {
      const name = await saveSheet(
        this.panes.map(({ job }) => job.id),
        title,
      );
      this.say(`Saved as ${name}.`);
      this.show(null);
    } catch (error) {
      this.say(error.message);
    } finally {
      press.disabled = false;
    }
  }

  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(done);
    } catch {
      this.say("The browser did not allow copying.");
    }
  }

  say(text) {
    clearTimeout(this.hush);
    this.notice.textContent = text;
    this.hush = setTimeout(() => {
      this.notice.textContent = "";
    }, 6000);
  }

  // The vote ----------------------------------------------------------------------------------------------------------

  startVote({ seed, rounds }) {
    this.show(null);
    this.layOver(false);
    this.ballot = new Ballot({ count: this.panes.length, seed, rounds });
    this.dialog.dataset.blind = "yes";
    this.drawRound();
  }

  drawRound() {
    const { standing, ensemble } = this;
    const plays = ensemble.wants;
    standing.forEach((pane, index) => pane.call(index + 1, null));
    this.grid.append(...standing.map((pane) => pane.node)); // a clip that is moved stops: all begin anew
    this.fillPanel(panels.voteLine(this.ballot, { none: () => this.vote(null), end: () => this.endVote() }));
    this.title.textContent = "Blind vote";
    this.place();
    if (this.clips.length) {
      ensemble.wants = plays;
      ensemble.seek(0);
    }
    this.dialog.focus();
  }

  vote(pane) {
    const { ballot } = this;
    if (!ballot) return;
    const place = pane ? this.standing.indexOf(pane) : null;
    ballot.vote(place);
    announce(pane ? `Voted for ${place + 1}.` : "No preference.");
    if (ballot.over) this.endVote();
    else this.drawRound();
  }

  endVote() {
    const { ballot } = this;
    this.ballot = null;
    this.dialog.dataset.blind = "no";
    this.panes.forEach((pane, index) => pane.call(index + 1, pane.name));
    const plays = this.ensemble.wants;
    this.grid.append(...this.panes.map((pane) => pane.node));
    if (this.clips.length) {
      this.ensemble.wants = plays;
      this.ensemble.seek(this.ensemble.time);
    }
    this.title.textContent = `Compare ${this.panes.length} items`;
    this.place();
    if (!ballot.cast) return this.fillPanel(null);
    this.fillPanel(
      panels.result(ballot, this.panes, {
        keep: (what, node) => this.keep(what, ballot, node),
        again: () => this.show("vote"),
        copy: () => this.copy(this.told(ballot), "The result is copied."),
      }),
    );
    this.panel.querySelector(".press")?.focus();
    announce(panels.verdictOf(ballot, this.panes));
  }

  async keep(what, ballot, node) {
    node.disabled = true;
    const ids = this.panes.map(({ job }) => job.id);
    try {
      if (what === "winner")
        await tag(
          ballot.winners.map((item) => ids[item]),
          TAG,
        );
      else await rate(ids, ballot.ratings);
      this.say(what === "winner" ? `Tagged “${TAG}”.` : "The ratings are kept.");
    } catch (error) {
      node.disabled = false;
      this.say(error.message);
    }
  }

  told(ballot) {
    const lines = this.panes.map((pane, item) => `${pane.number}. ${pane.name}: ${ballot.votes[item]}`);
    return [
      `Blind vote, seed ${ballot.seed}, ${ballot.cast} votes`,
      ...lines,
      ...(ballot.none ? [`No preference: ${ballot.none}`] : []),
    ].join("\n");
  }

  // The rest ----------------------------------------------------------------------------------------------------------

  /** An item has changed while it stands here: finished, failed, grown. A vote is not disturbed. */
  changed(job, before) {
    const pane = this.panes.find((one) => one.job.id === job.id);
    if (!pane || pane.job === job) return;
    const other = !before || before.status !== job.status || kindOf(job) !== pane.kind || pane.kind === "article";
    pane.job = job;
    if (!other || this.ballot) return;
    if (pane.part) {
      this.ensemble.remove(pane.part);
      pane.part = null;
    }
    pane.draw();
    this.join(pane);
    const names = shortNames(this.panes.map((one) => one.job));
    this.panes.forEach((one, index) => {
      one.name = names[index];
      one.call(index + 1, names[index]);
    });
    this.settle();
    if (this.shown === "differences") this.show("differences");
  }

  key(event) {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.target.matches("input:not([type=range], [type=checkbox]), select, textarea")
    )
      return;
    const { ensemble, view } = this;
    const range = event.target.matches("input[type=range]");
    const pan = (x, y) =>
      view.near ? view.pan(x, y) : x && this.clips.length ? ensemble.seek(ensemble.time - Math.sign(x)) : false;
    const acts = {
      " ": () => (event.target.closest("button, [type=checkbox]") || !this.clips.length ? false : ensemble.toggle()),
      ",": () => ensemble.step(-1),
      ".": () => ensemble.step(1),
      l: () => this.transport.nextLoop(),
      m: () =>
        this.clips.length &&
        this.hear(this.clips.find(({ part }) => part === ensemble.heard) ?? this.chosen ?? this.clips[0]),
      "+": () => view.nearer(),
      "=": () => view.nearer(),
      "-": () => view.farther(),
      d: () => this.toggle("differences"),
      b: () => (this.ballot ? false : this.toggle("vote")),
      o: () => this.layOver(!this.isOver),
      "?": () => this.toggle("keys"),
      0: () => (this.ballot ? this.vote(null) : view.fit()),
      ArrowLeft: () => !range && pan(0.08, 0),
      ArrowRight: () => !range && pan(-0.08, 0),
      ArrowUp: () => !range && view.near && pan(0, 0.08),
      ArrowDown: () => !range && view.near && pan(0, -0.08),
    };
    const done = /^[1-9]$/.test(event.key)
      ? this.choose(Number(event.key))
      : (acts[event.key] ?? acts[event.key.toLowerCase()] ?? (() => false))();
    if (done === false) return;
    event.preventDefault();
    event.stopPropagation();
  }

  toggle(name) {
    this.show(this.shown === name ? null : name);
  }

  choose(number) {
    const pane = this.standing[number - 1];
    if (!pane) return false;
    if (this.ballot) this.vote(pane);
    else {
      pane.node.focus();
      if (pane.part) {
        this.chosen = pane;
        if (this.ensemble.heard) this.hear(pane);
      }
    }
    return true;
  }

  leave(closed) {
    this.stop();
    this.sizes.disconnect();
    this.ensemble.close();
    this.loader.close();
    this.root.remove();
    if (room === this) room = null;
    closed();
  }
}

/** Its words go where the room is narrow; its name stays. */
function named(node, name) {
  node.setAttribute("aria-label", name);
  node.title = name;
  return node;
}
