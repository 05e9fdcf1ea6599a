// The details of a job in a dialog, and the way back from a job to its form.
import { StudioElement, announce, button, copyable, download, h, icon } from "./dom.js";
import { cancel, fetchJob, jobById, onChange } from "./live.js";
import { STATE, between, catalogue, clock, cost, facts, fileSize, isActive, isDone, moment, parameter, title } from "./words.js";
import { recall, trouble } from "./stage.js";

class Viewer extends StudioElement {
  connectedCallback() {
    this.dialog = h("dialog", { class: "viewer", "aria-label": "Details", onclick: (event) => { if (event.target === this.dialog) this.dialog.close(); } });
    this.replaceChildren(this.dialog);
    this.dialog.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && !event.target.closest("video, input, textarea")) { event.preventDefault(); this.step(step); }
    });
    this.dialog.addEventListener("close", () => { this.dialog.replaceChildren(); this.job = null; });
    this.opens = ({ detail }) => this.open(detail.job, detail.list ?? []);
    this.recalls = ({ detail }) => this.recall(detail.job);
    document.addEventListener("studio:details", this.opens);
    document.addEventListener("studio:recall", this.recalls);
    this.stop = onChange((job, before) => { if (this.job === job.id && (!before || before.status !== job.status)) this.draw(job); });
  }

  disconnectedCallback() {
    document.removeEventListener("studio:details", this.opens);
    document.removeEventListener("studio:recall", this.recalls);
    this.stop();
  }

  open(job, list) {
    this.list = list.map((one) => one.id);
    this.draw(job);
    if (!this.dialog.open) this.dialog.showModal();
    fetchJob(job.id).catch(() => {});
  }

  step(by) {
    const next = this.list[this.list.indexOf(this.job) + by];
    const job = next && jobById(next);
    if (job) { this.draw(job); fetchJob(job.id).catch(() => {}); }
  }

  draw(job) {
    this.job = job.id;
    const at = this.list.indexOf(job.id);
    const [output] = job.outputs ?? [];
    this.dialog.replaceChildren(
      h("div", { class: "frame" },
        h("div", { class: "picture", "data-state": job.status }, isDone(job)
          ? h("video", { src: output.url, poster: output.poster_url ?? "", controls: true, autoplay: true, playsInline: true, "aria-label": title(job) })
          : h("div", { class: "empty" }, icon(job.status === "failed" ? "triangle-alert" : job.status === "canceled" ? "circle-slash" : "clock"), h("p", {}, STATE[job.status]))),
        h("div", { class: "about" }, this.about(job))),
      h("div", { class: "corner" },
        button({ icon: "chevron-left", label: "Newer", press: () => this.step(-1), kind: at > 0 ? "" : "off" }),
        button({ icon: "chevron-right", label: "Older", press: () => this.step(1), kind: at >= 0 && at < this.list.length - 1 ? "" : "off" }),
        button({ icon: "x", label: "Close", press: () => this.dialog.close() })));
  }

  about(job) {
    const rows = Object.entries(job.parameters ?? {}).map(([name, value]) => parameter(name, value));
    const took = job.finished_at ? clock(between(job.created_at, job.finished_at)) : "";
    const family = catalogue.families?.[job.family]?.label ?? job.family;
    return [
      h("p", { class: "quiet" }, `${family} · ${moment(job.created_at)}`),
      h("h2", {}, facts(job)),
      trouble(job),
      job.prompt ? section("Prompt", h("p", { class: "prompt" }, job.prompt)) : null,
      job.rewritten_prompt ? section("As the model rewrote it", h("p", { class: "prompt" }, job.rewritten_prompt)) : null,
      job.inputs?.length ? section("Given", h("div", { class: "files" }, job.inputs.map(given))) : null,
      section("Settings", table([["State", STATE[job.status]], ["Region", catalogue.regions?.[job.region] ?? job.region], ...rows])),
      section("Cost and time", table([["Cost", cost(job)], ["Took", isActive(job) ? "" : took]])),
      job.outputs?.length ? section("Files", h("div", { class: "files" }, job.outputs.map(made))) : null,
      section("For support", table([["Job", copyable(job.id, "job id")], ["Task", job.task_id && copyable(job.task_id, "task id")], ["Request", job.request_id && copyable(job.request_id, "request id")], ["Error", job.error?.code && copyable(job.error.code, "error code")]])),
      h("div", { class: "acts" },
        button({ text: "Use these settings", icon: "wand-sparkles", kind: "primary", press: () => { this.dialog.close(); recall(job); } }),
        job.cancelable ? button({ text: "Cancel, free", press: (node) => { node.disabled = true; cancel(job.id).catch((error) => announce(error.message)); } }) : null),
    ];
  }

  /** Put the job's files among the uploads again, then ask the studio to fill the form. */
  async recall(job) {
    const files = {};
    for (const input of job.inputs ?? []) {
      try {
        const blob = await (await fetch(input.url)).blob();
        files[input.field] = (await this.context.upload(new File([blob], input.name, { type: blob.type }))).path;
      } catch { announce(`${input.name} could not be fetched. Please choose it again.`); }
    }
    this.context.trigger("recall", { job: job.id, files });
    announce("The form has these settings now.");
    scrollTo({ top: 0, behavior: "smooth" });
  }
}

const section = (name, ...content) => h("section", {}, h("h3", {}, name), content);

function table(rows) {
  return h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function given(input) {
  return h("a", { class: "file", href: input.url, target: "_blank", rel: "noopener" },
    input.thumbnail_url ? h("img", { src: input.thumbnail_url, alt: "", loading: "lazy" }) : icon(input.kind === "audio" ? "music" : "image"), h("span", {}, input.name));
}

function made(output) {
  const size = output.width ? `${output.width} × ${output.height}, ` : "";
  return h("div", { class: "file" }, icon("film"), h("span", {}, `${size}${fileSize(output.bytes)}`), download(output.url, { kind: "small" }));
}

customElements.define("studio-viewer", Viewer);
