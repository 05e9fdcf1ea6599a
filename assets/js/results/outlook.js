// When a job will be done, as far as anybody knows: its place in the line, and how long such jobs took. Nothing is
// counted down: what is said stays true while time passes.
import { live } from "../core/dom.js";
import { catalogue, isActive, since } from "../core/words.js";

const BEFORE_WORK = ["queued", "uploading", "submitting", "pending"];

/** A span of seconds as people say it. */
export function about(seconds) {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toFixed(1))} h`;
}

/**
 * Say the place in the studio's own line; empty once the provider has the job.
 * @param {JobView} job
 */
export function place(job) {
  if (!inLine(job)) return "";
  const { place: at, of, lanes } = job.place_in_line;
  const pace = lanes ? `, ${lanes} at a time` : "";
  return at === 1 ? `next in line${pace}` : `number ${at} of ${of} in line${pace}`;
}

/**
 * Tell whether a job stands in the studio's own line.
 * @param {JobView} job
 */
export const inLine = (job) => job.status === "queued" && Boolean(job.place_in_line?.place);

/**
 * Say how long such jobs take: as measured here if there were any, else as the provider says.
 * @param {JobView} job
 */
export function outlook(job) {
  if (!isActive(job) || job.status === "saving") return "";
  const { expected } = job;
  if (!expected || expected.documented) return documented(job);
  const waits = BEFORE_WORK.includes(job.status);
  const [half, most] = waits
    ? [expected.queue_p50 + expected.run_p50, expected.queue_p90 + expected.run_p90]
    : [expected.run_p50, expected.run_p90];
  if (overdue(job, most)) return "longer than usual, and still going";
  const [usual, late] = [about(half), about(most)];
  const then = place(job) ? "then usually" : waits ? "usually" : "usually in work for";
  return usual === late ? `${then} ${usual}` : `${then} ${usual}, 9 in 10 within ${late}`;
}

/**
 * Say place and time in one line; empty if there is nothing to be said.
 * @param {JobView} job
 */
export const saidOf = (job) => [place(job), outlook(job)].filter(Boolean).join(" · ");

/**
 * Make a node for a job's line; `passed` keeps it true as time passes. What is not `alone` follows other words.
 * @param {JobView} job
 */
export function outlookNode(job, { alone = false } = {}) {
  const { samples, documented: told } = job.expected ?? {};
  const title =
    samples && !told ? `Measured on ${samples === 1 ? "one job" : `${samples} jobs`} like this one` : undefined;
  const node = live("span", { class: "usual", "data-outlook": job.id, "data-alone": alone ? "yes" : undefined, title });
  passed(node, job);
  return node;
}

/**
 * Say it anew in a node that `outlookNode` made.
 * @param {HTMLElement & { said?: string }} node
 * @param {JobView} job
 */
export function passed(node, job) {
  const words = saidOf(job);
  const text = words && !node.dataset.alone ? ` · ${words}` : words;
  if (node.said !== text) node.textContent = node.said = text;
}

/** @param {JobView} job */
function overdue(job, most) {
  const from = job.status === "running" ? job.running_at : job.status === "pending" ? job.submitted_at : null;
  return Boolean(from) && since(from) > most;
}

/**
 * Say the range that the provider's documentation gives.
 * @param {JobView} job
 */
function documented(job) {
  if (job.demo) return "the demo is quicker than the real thing";
  const [least, most] = catalogue.models?.[job.model]?.usual ?? [];
  if (!most) return "";
  if (job.submitted_at && since(job.submitted_at) > most) return "longer than the provider says, and still going";
  const minutes = `${Math.max(1, Math.round(least / 60))} to ${Math.round(most / 60)} min`;
  return `the provider says ${most < 120 ? `${least} to ${most} s` : minutes}`;
}
