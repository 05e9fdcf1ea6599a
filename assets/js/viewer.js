// The details of a job in a dialog, and the way back from a job to its form.
import { Article, articleActs } from "./article.js";
import { bothPrompts, recall, remark, trouble } from "./cards.js";
import { StudioElement, announce, button, copyable, download, h, icon } from "./dom.js";
import { cancel, fetchJob, jobById, onChange } from "./live.js";
import { Pictures, clip, clipOf, downloads, hasArticle, picturesOf } from "./outputs.js";
import { STATE, between, catalogue, clock, cost, facts, fileSize, isActive, isDone, moment, money, parameter, title } from "./words.js";

const STATE_ICON = { failed: "triangle-alert", canceled: "circle-slash", unknown: "circle-help" };

class Viewer extends StudioElement {
  connectedCallback() {
    this.dialog = h("dialog", { class: "viewer", "aria-label": "Details", tabIndex: -1, onclick: (event) => { if (event.target === this.dialog) this.dialog.close(); } });
    this.notice = h("div", { class: "notice", role: "status", hidden: true });
    this.replaceChildren(this.dialog, this.notice);
    this.dialog.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && !event.target.closest("video, audio, input, textarea")) { event.preventDefault(); this.turn(step); }
    });
    this.dialog.addEventListener("close", () => { this.dialog.replaceChildren(); this.job = this.pictures = this.article = null; });
    this.opens = ({ detail }) => this.open(detail.job, detail.list ?? [], detail.at);
    this.recalls = ({ detail }) => this.recall(detail.job, detail.words);
    document.addEventListener("studio:details", this.opens);
    document.addEventListener("studio:recall", this.recalls);
    this.stop = onChange((job, before) => { if (this.job === job.id) this.changed(job, before); });
  }

  disconnectedCallback() {
    document.removeEventListener("studio:details", this.opens);
    document.removeEventListener("studio:recall", this.recalls);
    this.stop();
  }

  open(job, list, at) {
    this.list = list.map((one) => one.id);
    this.draw(job, at);
    if (!this.dialog.open) this.dialog.showModal();
    fetchJob(job.id).catch(() => {});
  }

  changed(job, before) {
    if (!before || before.status !== job.status || (hasArticle(job) && !this.article && !this.pictures)) this.draw(job, this.pictures?.at);
    else if (this.article) this.article.update(job);
  }

  /** The next picture of this job, and after its last one the next job. */
  turn(by) {
    if (!this.pictures?.step(by)) this.step(by);
  }

  step(by) {
    const next = this.list[this.list.indexOf(this.job) + by];
    const job = next && jobById(next);
    if (!job) return;
    this.draw(job, by < 0 && !hasArticle(job) ? picturesOf(job).length - 1 : undefined);
    fetchJob(job.id).catch(() => {});
  }

  /** `picture` is the one to begin with; of an article the pictures are shown only where one is asked for. */
  draw(job, picture) {
    this.job = job.id;
    this.pictures = this.article = null;
    const at = this.list.indexOf(job.id);
    const about = this.dialog.querySelector(".about")?.scrollTop;
    this.dialog.replaceChildren(
      h("div", { class: "frame" }, this.work(job, picture), h("div", { class: "about" }, this.about(job))),
      h("div", { class: "corner" },
        button({ icon: "chevron-left", label: "Newer", press: () => this.step(-1), kind: at > 0 ? "" : "off" }),
        button({ icon: "chevron-right", label: "Older", press: () => this.step(1), kind: at >= 0 && at < this.list.length - 1 ? "" : "off" }),
        button({ icon: "x", label: "Close", press: () => this.dialog.close() })));
    if (about && this.drawn === job.id) this.dialog.querySelector(".about").scrollTop = about;
    this.drawn = job.id;
    if (this.dialog.open && !this.dialog.contains(document.activeElement)) this.dialog.focus(); // the keys go on
  }

  /** What was made, large; what was given, where nothing was. */
  work(job, picture) {
    if (hasArticle(job) && (picture === undefined || !picturesOf(job).length)) {
      this.article = new Article({ press: (at) => this.draw(jobById(job.id) ?? job, at) });
      return h("div", { class: "page", tabIndex: 0, role: "region", "aria-label": "Article" }, this.article.update(job));
    }
    const pane = h("div", { class: "picture", "data-state": job.status });
    if (isDone(job) && clipOf(job)) pane.append(clip(job, clipOf(job), { autoplay: true }));
    else if (picturesOf(job).length && (isDone(job) || hasArticle(job))) {
      this.pictures = new Pictures(job, { at: picture ?? 0, sharp: true, chosen: () => this.drawSaves(job) });
      pane.append(this.pictures.node);
      if (hasArticle(job)) pane.append(button({ text: "Back to the article", icon: "newspaper", kind: "over", press: () => this.draw(jobById(job.id) ?? job) }));
    } else pane.append(nothingMade(job));
    return pane;
  }

  about(job) {
    const family = catalogue.families?.[job.family]?.label ?? job.family;
    const rows = Object.entries(job.parameters ?? {}).map(([name, value]) => parameter(name, value));
    this.saves = h("div", { class: "acts saves" });
    this.drawSaves(job);
    return [
      h("p", { class: "quiet" }, `${family} · ${moment(job.created_at)}`),
      h("h2", {}, facts(job)),
      trouble(job), this.article ? null : remark(job), this.saves,
      job.rewritten_prompt ? bothPrompts(job) : job.prompt ? section("Prompt", h("p", { class: "prompt" }, job.prompt)) : null,
      givenFiles(job),
      section("Settings", table([["State", STATE[job.status]], ["Region", catalogue.regions?.[job.region] ?? job.region], ...rows])),
      section("Cost and time", table([...receipt(job), ["Took", job.finished_at && !isActive(job) ? clock(between(job.created_at, job.finished_at)) : ""]])),
      section("For support", table([["Job", copyable(job.id, "job id")], ["Task", job.task_id && copyable(job.task_id, "task id")], ["Request", job.request_id && copyable(job.request_id, "request id")], ["Error", job.error?.code && copyable(job.error.code, "error code")]])),
      h("div", { class: "acts" },
        button({ text: "Use these settings", icon: "wand-sparkles", kind: "primary", press: () => { this.dialog.close(); recall(job); } }),
        job.cancelable ? button({ text: "Cancel, free", press: (node) => { node.disabled = true; cancel(job.id).catch((error) => announce(error.message)); } }) : null),
    ];
  }

  /** What can be saved: the picture that is shown, all of them, the clip, the article; each with its size. */
  drawSaves(job) {
    if (!isDone(job)) return;
    const output = this.pictures?.output ?? clipOf(job);
    const links = this.pictures ? downloads(job, output) : hasArticle(job) ? articleActs(job) : output ? [download(output.url)] : [];
    const size = output ? h("span", { class: "quiet" }, [output.width ? `${output.width} × ${output.height}` : "", fileSize(output.bytes)].filter(Boolean).join(", ")) : null;
    this.saves.replaceChildren(...[...links, size].filter(Boolean));
  }

  /** Put the job's files among the uploads again, in their order, then ask the studio to fill the form. */
  async recall(job, words = false) {
    this.dialog.close();
    const inputs = words ? [] : [...(job.inputs ?? [])].sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
    if (inputs.length) this.say(`Bringing back ${inputs.length === 1 ? "your file" : `your ${inputs.length} files`}…`, 0);
    const paths = await Promise.all(inputs.map((input) => this.upload(input)));
    const files = {};
    inputs.forEach(({ field }, index) => { if (paths[index]) (files[field] ??= []).push(paths[index]); });
    const lost = inputs.filter((_, index) => !paths[index]).map(({ name }) => name);
    this.context.trigger("recall", { job: job.id, files, words });
    const done = words ? "The prompt is in the form." : "The form has these settings now.";
    this.say(lost.length ? `${lost.join(", ")} could not be fetched. Please choose ${lost.length > 1 ? "them" : "it"} again.` : done, lost.length ? 8000 : 2500);
    scrollTo({ top: 0, behavior: "smooth" });
  }

  async upload(input) {
    try {
      const answer = await fetch(input.url);
      if (!answer.ok) return null;
      const blob = await answer.blob();
      return (await this.context.upload(new File([blob], input.name, { type: blob.type }))).path;
    } catch { return null; }
  }

  /** A line at the foot of the page, for a while; 0 ms is until the next one. */
  say(text, ms) {
    clearTimeout(this.hush);
    this.notice.textContent = text;
    this.notice.hidden = false;
    if (ms) this.hush = setTimeout(() => { this.notice.hidden = true; }, ms);
  }
}

const section = (name, ...content) => h("section", {}, h("h3", {}, name), content);

function table(rows) {
  return h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** Where nothing was made: the state, over the picture that it was to be made of. */
function nothingMade(job) {
  const picture = job.inputs?.find((input) => input.kind === "image");
  const state = h("div", { class: "empty" }, icon(STATE_ICON[job.status] ?? "clock"), h("p", {}, STATE[job.status]));
  return picture ? h("div", { class: "given-large" }, h("img", { src: picture.url, alt: picture.name }), state) : state;
}

/** What was expected, and what was billed. */
function receipt(job) {
  const { estimated, actual, currency, at_most: atMost } = job.cost ?? {};
  const known = actual !== null && actual !== undefined && !isActive(job);
  if (!known || actual === estimated) return [["Cost", cost(job)]];
  return [["Expected", `${atMost ? "up to " : ""}${money(estimated, currency)}`], [job.demo ? "Would be billed" : "Billed", money(actual, currency)]];
}

/** The files that were given, by field, in their order, with what the prompt calls them. */
function givenFiles(job) {
  const fields = new Map();
  for (const input of [...(job.inputs ?? [])].sort((a, b) => (a.position ?? 0) - (b.position ?? 0))) {
    fields.set(input.field, [...(fields.get(input.field) ?? []), input]);
  }
  return [...fields].map(([name, inputs]) => {
    const calls = catalogue.models?.[job.model]?.calls?.[name] ?? {};
    const counted = {};
    return section(catalogue.fields?.[name]?.label ?? "Given", h("div", { class: "files" }, inputs.map((input) => {
      const pattern = calls[input.kind] ?? "";
      counted[pattern] = (counted[pattern] ?? 0) + 1;
      return given(input, pattern.replace("{}", counted[pattern]));
    })));
  });
}

function given(input, called) {
  const name = h("span", { class: "name" }, called ? h("b", { class: "called" }, called) : null, input.name);
  if (input.kind === "audio") return h("div", { class: "file played" }, h("div", { class: "line" }, icon("music"), name), h("audio", { src: input.url, controls: true, preload: "none", "aria-label": input.name }));
  if (input.kind === "video") return h("div", { class: "file played" }, moving(input), h("div", { class: "line" }, name));
  return h("a", { class: "file", href: input.url, target: "_blank", rel: "noopener" },
    input.thumbnail_url ? h("img", { src: input.thumbnail_url, alt: "", loading: "lazy" }) : icon("image"), name);
}

/** A clip that was given: its first picture, until it is asked to play. */
function moving(input) {
  const start = h("button", { type: "button", class: "start", "aria-label": `Play ${input.name}`, onclick: () => {
    const video = h("video", { src: input.url, controls: true, autoplay: true, playsInline: true, "aria-label": input.name });
    start.replaceWith(video);
    video.focus();
  } }, input.thumbnail_url ? h("img", { src: input.thumbnail_url, alt: "", loading: "lazy" }) : null, icon("play"));
  return start;
}

customElements.define("studio-viewer", Viewer);
