// The dialog around one item: what was made, large; what is known of it, beside; the way to the next.
import { button, h } from "../core/dom.js";
import { discard, fetchJob, jobById, onChange, restore } from "../core/live.js";
import { clipOf, hasArticle } from "../results/outputs.js";
import { isActive, isDone, title } from "../core/words.js";
import { Facts } from "./facts.js";
import { actOf, keyHelp } from "./keys.js";
import { favourite, rate } from "./order.js";
import { Stage } from "./stage.js";
import { announce, toast, voice } from "./voice.js";

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const NEWER = -1;
const OLDER = 1;

export class Dialog {
  /** @type {import("./tray.js").Tray | undefined} */
  tray;

  /** `host` is the element that it lies in. */
  constructor(host) {
    this.host = host;
    this.showsFacts = true;
    this.stage = new Stage(this);
    this.about = h("div", { class: "about" });
    this.frame = h("div", { class: "frame" }, this.stage.node, this.about);
    this.corner = h("div", { class: "corner", role: "group", "aria-label": "Viewer" });
    this.node = h("dialog", { class: "viewer", "aria-label": "Details", tabIndex: -1 }, this.frame, this.corner, voice);
    host.prepend(this.node);
    this.node.addEventListener("click", (event) => {
      if (event.target === this.node) this.close();
    });
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.node.addEventListener("cancel", (event) => {
      if (this.help) {
        event.preventDefault();
        this.toggleHelp();
      }
    });
    this.node.addEventListener("close", () => this.closed());
    // A press with the mouse leaves the focus where it is, so that Space still plays after a press on Loop.
    this.node.addEventListener("mousedown", (event) => {
      if (event.target.closest("button")) event.preventDefault();
    });
    this.stop = onChange((job) => {
      if (this.job?.id === job.id) this.changed(job);
    });
  }

  end() {
    this.stop();
    this.stage.end();
    this.close();
    this.leave();
    this.node.remove();
  }

  /**
   * Open the dialog at a job; what the wish may say stands in viewer.js.
   * @param {{
   *   job: JobView, list?: JobView[], at?: number, more?: (by: number) => Promise<JobView | JobView[]>, complete?: boolean,
   * }} wish
   */
  open({ job, list = [], at, more, complete }) {
    this.list = list.map((one) => one.id);
    this.jobs = new Map(list.map((one) => [one.id, one]));
    this.more = more;
    this.ended = new Set(complete ? [OLDER] : []);
    this.reaching = {};
    this.anchor = job.id;
    if (!this.node.open) this.node.showModal();
    this.draw(job, at);
    this.node.focus();
  }

  close() {
    if (this.node.open) this.node.close();
  }

  closed() {
    if (document.fullscreenElement) document.exitFullscreen();
    this.leave();
    this.job = null;
    tell("studio:viewing", { job: null });
  }

  leave() {
    this.stage.leave();
    this.facts?.end();
    this.facts = null;
    if (this.help) this.toggleHelp();
  }

  /**
   * Show a job. `picture` is the one to begin with; of an article the pictures are shown only if one is asked for.
   * @param {JobView} job
   * @param {number} [picture]
   */
  draw(job, picture) {
    const held = this.node.contains(document.activeElement) && !this.corner.contains(document.activeElement);
    this.leave();
    this.job = job;
    this.node.setAttribute("aria-label", `Details: ${title(job)}`);
    this.stage.draw(job, picture);
    this.facts = new Facts(this, job);
    this.about.replaceWith(this.facts.node);
    this.about = this.facts.node;
    this.drawCorner();
    this.drawFrame();
    this.frame.scrollTop = 0;
    if (held || document.activeElement === document.body) this.node.focus(); // the keys go on
    announce([this.place, title(job)].filter(Boolean).join(". "));
    tell("studio:viewing", { job });
    fetchJob(job.id).catch(() => {});
    this.foresee();
  }

  /** @param {JobView} job */
  changed(job) {
    const before = this.job;
    this.job = job;
    const ids = (one) => (one.outputs ?? []).map(({ id }) => id).join();
    if (
      before.status !== job.status ||
      (ids(before) !== ids(job) && !this.stage.article) ||
      (hasArticle(job) && !hasArticle(before))
    )
      this.stage.draw(job, this.stage.pictures?.at);
    else this.stage.update(job);
    this.facts?.update(job);
  }

  get shownOutput() {
    return this.stage.pictures?.output;
  }
  get showsArticle() {
    return Boolean(this.stage.article);
  }

  /** Where the item stands among those that are listed: `3 of 60`. */
  get place() {
    const at = this.list.indexOf(this.job.id);
    return at < 0 || this.list.length < 2
      ? ""
      : `${at + 1} of ${this.list.length}${this.more && !this.ended.has(OLDER) ? "+" : ""}`;
  }

  drawCorner() {
    const at = this.list.indexOf(this.anchor);
    const away = this.anchor !== this.job.id;
    const newer = at > 0 || (at === 0 && this.more && !this.ended.has(NEWER));
    const older = at >= 0 && (at < this.list.length - 1 || (this.more && !this.ended.has(OLDER)));
    const focused =
      this.corner.contains(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).dataset.act;
    const facts = button({
      icon: "panel-right",
      label: this.showsFacts ? "Hide the facts" : "Show the facts",
      act: "facts",
      press: () => this.toggleFacts(),
    });
    facts.setAttribute("aria-pressed", String(this.showsFacts));
    this.corner.replaceChildren(
      h("span", { class: "place", translate: "no" }, this.place),
      ...(away
        ? [button({ icon: "undo-2", label: "Back to where you were", act: "back", press: () => this.go(this.anchor) })]
        : []),
      button({
        icon: "chevron-left",
        label: "Newer",
        act: "newer",
        press: () => this.step(NEWER),
        kind: newer ? "" : "off",
      }),
      button({
        icon: "chevron-right",
        label: "Older",
        act: "older",
        press: () => this.step(OLDER),
        kind: older ? "" : "off",
      }),
      button({ icon: "keyboard", label: "Keys", act: "help", press: () => this.toggleHelp() }),
      facts,
      button({ icon: "x", label: "Close", act: "close", press: () => this.close() }),
    );
    if (focused) (this.corner.querySelector(`[data-act="${focused}"]:not(.off)`) ?? this.node).focus();
  }

  drawFrame() {
    this.node.dataset.facts = this.showsFacts ? "on" : "off";
    this.about.inert = !this.showsFacts;
  }

  toggleFacts() {
    this.showsFacts = !this.showsFacts;
    this.drawCorner();
    this.drawFrame();
    announce(this.showsFacts ? "Facts shown" : "Facts hidden");
  }

  toggleHelp() {
    const had = this.help;
    this.help = had ? null : keyHelp({ close: () => this.toggleHelp(), hasClip: Boolean(this.stage.player) });
    had?.remove();
    if (!this.help) return this.node.focus();
    this.node.append(this.help);
    this.help.querySelector("button").focus();
  }

  /** The next picture of this job, and after its last one the next job. */
  turn(by) {
    if (!this.stage.pictures?.step(by)) this.step(by);
  }

  async step(by) {
    if (this.stepping) return;
    this.stepping = true;
    try {
      const job = await this.neighbour(by);
      if (!job || !this.node.open) {
        this.drawCorner();
        return;
      }
      this.anchor = job.id;
      this.draw(job, by < 0 && !hasArticle(job) ? Infinity : undefined);
    } catch (error) {
      toast(error.message);
    } finally {
      this.stepping = false;
    }
  }

  /** The job before or after, fetched where it is not known here; null at the end. */
  async neighbour(by) {
    const at = this.list.indexOf(this.anchor);
    if (at < 0) return null;
    if (this.list[at + by] === undefined && this.more && !this.ended.has(by)) await this.reach(by);
    const id = this.list[this.list.indexOf(this.anchor) + by];
    return id === undefined ? null : this.find(id);
  }

  /** Ask the gallery for what lies beyond the list; twice at once is asked once. */
  reach(by) {
    const { reaching } = this;
    return (reaching[by] ??= this.extend(by).finally(() => {
      reaching[by] = null;
    }));
  }

  async extend(by) {
    const { jobs, ended } = this;
    const found = [await this.more(by)].flat().filter((job) => job && !jobs.has(job.id));
    if (jobs !== this.jobs) return; // opened anew meanwhile, on another list
    if (!found.length) ended.add(by);
    found.forEach((job) => jobs.set(job.id, job));
    const ids = found.map(({ id }) => id);
    this.list = by < 0 ? [...ids, ...this.list] : [...this.list, ...ids];
  }

  find(id) {
    return jobById(id) ?? this.jobs.get(id) ?? fetchJob(id);
  }

  async go(id) {
    try {
      this.draw(await this.find(id));
    } catch (error) {
      toast(error.message);
    }
  }

  /**
   * Look at a relative: the place in the list is kept, to come back to.
   * @param {JobView} job
   */
  visit(job) {
    if (this.list.includes(job.id)) this.anchor = job.id;
    this.draw(jobById(job.id) ?? job);
  }

  /** Fetch what one is likely to see next: its picture, and at the end of the list what lies beyond. */
  foresee() {
    const at = this.list.indexOf(this.anchor);
    for (const by of [OLDER, NEWER]) {
      const id = this.list[at + by];
      const job = jobById(id) ?? this.jobs.get(id);
      const poster = job && isDone(job) && job.outputs[0].poster_url;
      if (poster) new Image().src = poster;
      if (at >= 0 && !id && this.more && !this.ended.has(by))
        this.reach(by).then(
          () => {
            if (this.job) this.drawCorner();
          },
          () => {},
        );
    }
  }

  // What keys and buttons ask for -----------------------------------------------------------------------------------

  key(event) {
    const act = actOf(event);
    if (!act || act === "close") return;
    if (ACTS[act](this, event) === false) return;
    event.preventDefault();
    event.stopPropagation(); // the gallery below has keys of its own
  }

  remix() {
    const { job } = this;
    this.close();
    tell("studio:recall", { job });
  }

  again() {
    const { job } = this;
    this.close();
    tell("studio:again", { job });
  }

  /**
   * Offer a menu of what this could be used for: what is shown, at the moment it is shown; or a given file.
   * @param {InputView} [input]
   */
  use(input) {
    const file =
      input ?? this.shownOutput ?? clipOf(this.job) ?? this.job.outputs?.find(({ kind }) => kind !== "article");
    if (!file?.id) return;
    const { player } = this.stage;
    player?.video.pause();
    tell("studio:use", {
      asset: file.id,
      job: this.job.id,
      kind: file.kind,
      moment: !input && player ? player.moment : null,
    });
  }

  async mark() {
    const { job } = this; // the one that was looked at when the key was pressed
    if (!isDone(job)) return;
    const { Tray } = await import("./tray.js");
    this.tray ??= new Tray({
      compare: (jobs) => {
        this.close();
        tell("studio:compare", { jobs });
      },
    });
    this.frame.after(this.tray.node);
    announce(this.tray.toggle(job));
  }

  async discard() {
    const { job } = this;
    if (isActive(job) || job.deleted_at || this.discarding) return;
    this.discarding = true;
    try {
      const { moved, kept = [] } = await discard([job.id]);
      if (!moved) return toast(kept[0]?.why ?? "This could not be moved to the bin.");
      await this.leaveBehind(job);
    } catch (error) {
      toast(error.message);
    } finally {
      this.discarding = false;
    }
  }

  /**
   * Go on to the next item, and offer to bring this one back.
   * @param {JobView} job
   */
  async leaveBehind(job) {
    const next = (await this.neighbour(OLDER)) ?? (await this.neighbour(NEWER));
    this.tray?.drop(job.id);
    const at = this.list.indexOf(job.id);
    this.list = this.list.filter((id) => id !== job.id);
    if (next) {
      this.anchor = next.id;
      this.draw(next);
    } else this.close();
    tell("studio:undo", {
      text: "Moved to the bin.",
      undo: async () => {
        await restore([job.id]);
        if (at >= 0) this.list.splice(at, 0, job.id);
        if (!this.node.open) return;
        this.anchor = job.id;
        this.draw(await fetchJob(job.id));
      },
    });
  }

  async restore() {
    try {
      await restore([this.job.id]);
      await fetchJob(this.job.id);
      toast("Taken out of the bin.");
    } catch (error) {
      toast(error.message);
    }
  }
}

/** Of a clip: false where none is shown, so that the key is left to the browser. */
const withClip =
  (does) =>
  ({ stage: { player } }) =>
    player ? does(player) : false;
const withZoom =
  (does) =>
  ({ stage: { zoom } }) =>
    zoom ? does(zoom) : false;

const ACTS = {
  next: (dialog) => dialog.turn(OLDER),
  previous: (dialog) => dialog.turn(NEWER),
  fullscreen: (dialog) => dialog.stage.fullscreen(),
  actual: withZoom((zoom) => zoom.toggle()),
  closer: withZoom((zoom) => zoom.closer()),
  farther: withZoom((zoom) => zoom.farther()),
  facts: (dialog) => dialog.toggleFacts(),
  help: (dialog) => dialog.toggleHelp(),
  play: withClip((player) => player.toggle()),
  frameOn: withClip((player) => player.step(1)),
  frameBack: withClip((player) => player.step(-1)),
  secondOn: withClip((player) => player.skip(1)),
  secondBack: withClip((player) => player.skip(-1)),
  start: withClip((player) => player.first()),
  end: withClip((player) => player.last()),
  loop: withClip((player) => player.loop()),
  sound: withClip((player) => player.sound()),
  slower: withClip((player) => player.faster(-1)),
  faster: withClip((player) => player.faster(1)),
  rate: (dialog, event) => {
    rate(dialog.job, Number(event.key));
  },
  unrate: (dialog) => {
    rate(dialog.job, 0);
  },
  favourite: (dialog) => {
    favourite(dialog.job);
  },
  mark: (dialog) => {
    dialog.mark();
  },
  discard: (dialog) => {
    dialog.discard();
  },
  undo: () => false, // whoever shows the offer to undo hears this key
  remix: (dialog) => dialog.remix(),
  use: (dialog) => dialog.use(),
};
