// The stage of a tab: the newest clip, large, and a card for each of the tab's jobs.
import { StudioElement, announce, button, copyable, download, h, icon } from "./dom.js";
import { cancel, fetchJobs, jobById, onAgain, onChange } from "./live.js";
import { STATE, STEPS, between, catalogue, clock, cost, facts, isActive, isDone, moment, since, stepOf, title, usual } from "./words.js";

const CARDS = 8;

export const showDetails = (job, list) => document.dispatchEvent(new CustomEvent("studio:details", { detail: { job, list } }));
export const recall = (job) => document.dispatchEvent(new CustomEvent("studio:recall", { detail: { job } }));

class Stage extends StudioElement {
  jobs = new Map();
  shown = null;

  connectedCallback() {
    this.family = this.getAttribute("family");
    this.screen = h("section", { class: "screen", "aria-label": "Newest clip" });
    this.cards = h("section", { class: "cards", "aria-label": "Jobs" });
    this.replaceChildren(this.screen, this.cards);
    this.dataset.state = "loading";
    this.screen.append(h("div", { class: "curtain" }));
    this.stops = [onChange((job, before) => this.changed(job, before)), onAgain(() => this.fetch())];
    this.starts = ({ detail }) => { if (detail.family === this.family) this.changed(detail); };
    document.addEventListener("studio:started", this.starts);
    this.tick = setInterval(() => { if (!document.hidden) this.passTime(); }, 1000);
    this.fetch();
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
    document.removeEventListener("studio:started", this.starts);
    clearInterval(this.tick);
  }

  async fetch() {
    try {
      const [newest, done] = await Promise.all([
        fetchJobs({ family: this.family, limit: CARDS }),
        fetchJobs({ family: this.family, status: "succeeded", limit: 1 }),
      ]);
      this.jobs = new Map([...newest.items, ...done.items].map((job) => [job.id, jobById(job.id) ?? job]));
      this.more = Boolean(newest.next_cursor);
      this.drawScreen();
      this.drawCards();
    } catch {
      this.dataset.state = "away";
      this.screen.replaceChildren(h("div", { class: "empty" }, icon("unplug"), h("p", {}, "The studio cannot be reached."),
        h("p", { class: "quiet" }, "Your jobs go on. This page looks again by itself.")));
      setTimeout(() => this.isConnected && this.fetch(), 4000);
    }
  }

  changed(job, before) {
    if (job.family !== this.family) return;
    const isNew = !this.jobs.has(job.id);
    this.jobs.set(job.id, job);
    if (before && before.status !== job.status) announce(`${title(job).slice(0, 60)}: ${STATE[job.status]}`);
    const finishedNow = isDone(job) && before && !isDone(before);
    if (finishedNow && this.playing) this.waiting = job.id;
    else if (finishedNow) this.shown = null;
    if (finishedNow || !this.clip || isNew) this.drawScreen({ play: finishedNow });
    if (isNew || !this.drawCard(job)) this.drawCards();
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

  drawScreen({ play = false } = {}) {
    const done = this.sorted.filter(isDone);
    const newest = done.sort((a, b) => (a.finished_at < b.finished_at ? 1 : -1))[0];
    const clip = (this.shown && this.jobs.get(this.shown)) || (this.waiting && this.clip && this.jobs.get(this.clip)) || newest;
    if (clip) return this.drawClip(clip, play);
    this.clip = null;
    const running = this.sorted.find(isActive);
    this.dataset.state = running ? "waiting" : "empty";
    this.screen.replaceChildren(running ? this.curtain(running) : this.invitation());
  }

  invitation() {
    const { icon: name, invitation, examples = [] } = catalogue.families[this.family];
    const pick = (index) => document.querySelectorAll(`#${this.family}-examples .chip`)[index]?.click();
    return h("div", { class: "empty" }, icon(name), h("p", {}, invitation), h("p", { class: "quiet" }, "Begin with your own words, or with one of these."),
      h("div", { class: "examples" }, examples.map((name, index) => h("button", { type: "button", class: "chip", onclick: () => pick(index) }, name))));
  }

  curtain(job) {
    return h("div", { class: "curtain" }, h("p", { class: "big" }, STATE[job.status]),
      h("p", { class: "quiet", "data-clock": job.id }, clock(since(job.created_at))), h("p", { class: "words" }, title(job)));
  }

  drawClip(job, play) {
    const [output] = job.outputs;
    this.dataset.state = "done";
    const fresh = this.waiting && this.jobs.get(this.waiting);
    const badge = fresh && h("button", { type: "button", class: "fresh", onclick: () => this.show(fresh) }, icon("sparkles"), "A new clip is ready");
    if (this.clip === job.id && this.screen.querySelector("video")) {
      this.screen.querySelector(".fresh")?.remove();
      if (badge) this.screen.append(badge);
      return;
    }
    this.clip = job.id;
    const video = h("video", {
      src: output.url, poster: output.poster_url ?? "", controls: true, playsInline: true, preload: "metadata", loop: false,
      "aria-label": title(job), style: `--ratio:${(output.width || 16) / (output.height || 9)}`,
    });
    video.addEventListener("error", () => video.replaceWith(h("div", { class: "empty" }, icon("circle-alert"), h("p", {}, "This clip cannot be played here."),
      h("p", { class: "quiet" }, "Its file may have been moved. Download tells more."))), { once: true });
    this.screen.replaceChildren(
      h("div", { class: "picture" }, video),
      h("div", { class: "caption" },
        h("div", { class: "about" }, h("p", { class: "words" }, title(job)), h("p", { class: "quiet" }, [facts(job), cost(job)].filter(Boolean).join(" · "))),
        h("div", { class: "acts" },
          button({ text: "Use these settings", icon: "wand-sparkles", press: () => recall(job) }),
          button({ text: "Details", icon: "info", press: () => showDetails(job, this.sorted) }),
          download(output.url))));
    if (badge) this.screen.append(badge);
    if (play && !document.hidden) video.play().catch(() => { video.muted = true; video.play().catch(() => {}); });
  }

  // The cards --------------------------------------------------------------------------------------------------------

  drawCards() {
    const jobs = this.sorted.slice(0, CARDS);
    const old = new Map([...this.cards.querySelectorAll(".card")].map((card) => [card.dataset.job, card]));
    const drawn = jobs.map((job) => this.reuse(old.get(job.id), job));
    const more = this.more && h("button", { type: "button", class: "press wide", onclick: () => document.getElementById("tab-gallery-button")?.click() }, "All in the gallery");
    this.cards.replaceChildren(...[...drawn, more].filter(Boolean));
  }

  drawCard(job) {
    const old = this.cards.querySelector(`.card[data-job="${CSS.escape(job.id)}"]`);
    if (!old) return false;
    const act = old.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const card = this.reuse(old, job);
    if (card !== old) old.replaceWith(card);
    if (act) (card.querySelector(`[data-act="${act}"]`) ?? card).focus();
    return true;
  }

  reuse(old, job) {
    const print = `${job.sequence}|${this.clip === job.id}`;
    if (old?.dataset.print === print) return old;
    const made = card(job, { onStage: this.clip === job.id, show: () => this.show(job), list: () => this.sorted });
    made.dataset.print = print;
    return made;
  }

  passTime() {
    for (const node of this.querySelectorAll("[data-clock]")) {
      const job = this.jobs.get(node.dataset.clock);
      if (job && isActive(job)) node.textContent = clock(since(job.created_at));
    }
  }
}

const THUMB_ICON = { failed: "triangle-alert", canceled: "circle-slash", unknown: "circle-help", running: "clapperboard", saving: "hard-drive-download" };

/** One job as a card. */
function card(job, { onStage, show, list }) {
  const thumb = job.outputs?.[0]?.thumbnail_url ?? job.inputs?.find((input) => input.thumbnail_url)?.thumbnail_url;
  const picture = thumb ? h("img", { src: thumb, alt: "", loading: "lazy", decoding: "async" }) : icon(THUMB_ICON[job.status] ?? "clock");
  const done = isDone(job);
  return h("article", { class: "card", "data-job": job.id, "data-state": job.status, "data-stage": onStage ? "yes" : undefined, tabIndex: -1 },
    done ? h("button", { type: "button", class: "thumb", "aria-label": `Play: ${title(job)}`, "data-act": "play", onclick: show }, picture, icon("play"))
      : h("div", { class: "thumb" }, picture),
    h("div", { class: "middle" }, h("p", { class: "words", title: title(job) }, title(job)), status(job), isActive(job) ? steps(job) : null),
    h("div", { class: "end" }, h("span", { class: "cost" }, cost(job)), actions(job, { list })),
    trouble(job));
}

function status(job) {
  if (isActive(job)) {
    return h("p", { class: "state" }, h("b", {}, STATE[job.status]), " · ", h("span", { class: "clock", "data-clock": job.id }, clock(since(job.created_at))),
      usual(job) ? h("span", { class: "usual" }, ` · ${usual(job)}`) : null);
  }
  const took = job.finished_at && isDone(job) ? ` · took ${clock(between(job.created_at, job.finished_at))}` : "";
  return h("p", { class: "state" }, h("b", {}, STATE[job.status]), ` · ${moment(job.created_at)}${took}`);
}

function steps(job) {
  const now = stepOf(job);
  return h("ol", { class: "steps", "aria-label": `Step ${now + 1} of ${STEPS.length}: ${STEPS[now]}` },
    STEPS.map((step, index) => h("li", { "data-at": index < now ? "past" : index === now ? "now" : "ahead", "aria-hidden": "true" }, step)));
}

function actions(job, { list }) {
  const details = button({ icon: "info", label: "Details", act: "details", kind: "small", press: () => showDetails(job, list()) });
  if (job.cancelable) return h("div", { class: "acts" }, cancelButton(job), details);
  if (["running", "saving"].includes(job.status)) return h("div", { class: "acts" }, details);
  if (["failed", "canceled"].includes(job.status)) {
    return h("div", { class: "acts" }, button({ text: "Edit and try again", act: "recall", kind: "small", press: () => recall(job) }), details);
  }
  return h("div", { class: "acts" }, details);
}

function cancelButton(job) {
  return button({
    text: "Cancel, free", act: "cancel", kind: "small",
    press: async (node) => {
      node.disabled = true;
      try { await cancel(job.id); } catch (error) {
        announce(error.message);
        node.replaceWith(h("span", { class: "quiet", role: "alert" }, error.message));
      }
    },
  });
}

/** What went wrong, or what needs saying. */
export function trouble(job) {
  if (job.status === "running") {
    return h("p", { class: "aside" }, "From here on it cannot be stopped. You can close this page; the clip will be in the gallery.");
  }
  if (job.attention) return h("div", { class: "said", "data-tone": "advice" }, icon("info"), h("p", {}, job.attention));
  if (!job.error) return job.status === "canceled" && !Number(job.cost?.actual) ? h("p", { class: "aside" }, "Stopped before it began. Nothing was charged.") : null;
  const { message, hint, request_id: request } = job.error;
  return h("div", { class: "said", "data-tone": "bad" }, icon("circle-alert"),
    h("div", {}, h("p", {}, message), hint ? h("p", { class: "hint" }, hint) : null, request ? h("p", { class: "ids" }, "Request ", copyable(request, "request id")) : null));
}

customElements.define("studio-stage", Stage);
