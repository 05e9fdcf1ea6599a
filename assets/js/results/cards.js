// One job as a card: its picture, its state, what can be done with it, and what needs saying.
import { billed, decision, isForTheForm, remedy, stopButton, stopping, subject, turnButton } from "./deciding.js";
import { button, copyable, h, icon, live } from "../core/dom.js";
import { inLine, outlookNode } from "./outlook.js";
import { picturesOf } from "./outputs.js";
import { STEPS, between, clock, cost, isActive, isDone, moment, since, stateOf, stepOf, title } from "../core/words.js";

/** Ask for the details of a job; `list` is what one can page through, `at` the picture to begin with. */
export const showDetails = (job, list, at) =>
  document.dispatchEvent(new CustomEvent("studio:details", { detail: { job, list, at } }));

/** Ask for a form filled like this job; with `words` only the prompt is filled, with the words as the model rewrote them. */
export const recall = (job, { words = false } = {}) =>
  document.dispatchEvent(new CustomEvent("studio:recall", { detail: { job, words } }));

const THUMB_ICON = {
  failed: "triangle-alert",
  canceled: "circle-slash",
  unknown: "circle-help",
  running: "clapperboard",
  saving: "hard-drive-download",
};

/** A small picture of a job: of what it made, else of what it was given. Never an original. */
export const thumbnailOf = (job) =>
  [...(job.outputs ?? []), ...(job.inputs ?? [])].find((file) => file.thumbnail_url)?.thumbnail_url;

/** One job as a card. */
export function card(job, { onStage, show, list }) {
  const thumb = thumbnailOf(job);
  const picture = thumb
    ? h("img", { src: thumb, alt: "", loading: "lazy", decoding: "async" })
    : icon(job.article ? "newspaper" : (THUMB_ICON[job.status] ?? "clock"));
  const many = picturesOf(job).length;
  const count = many > 1 ? live("span", { class: "many" }, String(many)) : null;
  const moves = job.outputs?.[0]?.kind === "video";
  return h(
    "article",
    {
      class: "card",
      "data-job": job.id,
      "data-state": job.status,
      "data-stage": onStage ? "yes" : undefined,
      tabIndex: -1,
    },
    isDone(job)
      ? h(
          "button",
          {
            type: "button",
            class: "thumb",
            "aria-label": `${moves ? "Play" : "Show"}: ${title(job)}`,
            "data-act": "play",
            onclick: show,
          },
          picture,
          moves ? icon("play") : null,
          count,
        )
      : h("div", { class: "thumb" }, picture, count),
    h(
      "div",
      { class: "middle" },
      h("p", { class: "words", title: title(job) }, title(job)),
      status(job),
      isActive(job) ? steps(job) : null,
    ),
    h("div", { class: "end" }, live("span", { class: "cost" }, cost(job)), actions(job, { list })),
    trouble(job),
    remark(job),
  );
}

function status(job) {
  if (isActive(job)) {
    return live(
      "p",
      { class: "state" },
      h("b", {}, stateOf(job)),
      " · ",
      live("span", { class: "clock", "data-clock": job.id }, clock(since(job.created_at))),
      outlookNode(job),
    );
  }
  const took = job.finished_at && isDone(job) ? ` · took ${clock(between(job.created_at, job.finished_at))}` : "";
  return live("p", { class: "state" }, h("b", {}, stateOf(job)), ` · ${moment(job.created_at)}${took}`);
}

function steps(job) {
  const now = stepOf(job);
  const words = STEPS.map(({ ahead, done, doing }, index) => (index < now ? done : index > now ? ahead : doing));
  if (inLine(job)) words[0] = "In line";
  return live(
    "ol",
    { class: "steps", "aria-label": `Step ${now + 1} of ${STEPS.length}: ${words[now]}` },
    words.map((step, index) =>
      h("li", { "data-at": index < now ? "past" : index === now ? "now" : "ahead", "aria-hidden": "true" }, step),
    ),
  );
}

function actions(job, { list }) {
  const details = button({
    icon: "info",
    label: "Details",
    act: "details",
    kind: "small",
    press: () => showDetails(job, list()),
  });
  const first =
    stopButton(job) ??
    (hasEnded(job) && !job.error?.action
      ? button({ text: "Edit and try again", act: "recall", kind: "small", press: () => recall(job) })
      : null);
  return h("div", { class: "acts" }, turnButton(job), first, details);
}

const hasEnded = (job) => ["failed", "canceled"].includes(job.status);

/** What went wrong, or what needs saying while it goes on. `form` is false where another button opens the form. */
export function trouble(job, { form = true } = {}) {
  if (job.decision_wanted) return decision(job);
  if (isActive(job) && (job.status === "running" || !job.attention)) return stopping(job);
  if (job.attention) return h("div", { class: "said", "data-tone": "advice" }, icon("info"), h("p", {}, job.attention));
  if (!job.error)
    return job.status === "canceled" && !Number(job.cost?.actual)
      ? h("p", { class: "aside" }, "Stopped before it began. Nothing was charged.")
      : null;
  const { message, hint, request_id: request } = job.error;
  const act = form || !isForTheForm(job) ? remedy(job) : null;
  return h(
    "div",
    { class: "said", "data-tone": "bad" },
    icon("circle-alert"),
    h(
      "div",
      {},
      subject(job),
      h("p", {}, message),
      hint ? h("p", { class: "hint" }, hint) : null,
      billed(job) ? h("p", { class: "hint billed" }, billed(job)) : null,
      job.error.detail
        ? h(
            "details",
            { class: "own-words" },
            h("summary", {}, "The provider's own words"),
            h("p", {}, job.error.detail),
          )
        : null,
      request ? h("p", { class: "ids" }, "Request ", copyable(request, "request id")) : null,
    ),
    act ? h("div", { class: "acts" }, act) : null,
  );
}

/** The lasting sentence on a job that did not go wholly as it was wished. */
export const remark = (job) =>
  job.remark ? h("div", { class: "said", "data-tone": "advice" }, icon("info"), h("p", {}, job.remark)) : null;

/** The person's words and the model's, side by side. */
export function bothPrompts(job) {
  return h(
    "div",
    { class: "both" },
    h("section", {}, h("h3", {}, "Your words"), h("p", { class: "prompt" }, job.prompt || "None")),
    h(
      "section",
      {},
      h("h3", {}, "As the model rewrote them"),
      h("p", { class: "prompt" }, job.rewritten_prompt),
      button({
        text: "Use this next time",
        icon: "wand-sparkles",
        kind: "small",
        act: "words",
        press: () => recall(job, { words: true }),
      }),
    ),
  );
}
