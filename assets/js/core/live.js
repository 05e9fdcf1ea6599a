// What the page knows of jobs, and the news of them. Whatever is shown is fetched; the stream only says what changed.
import { watch } from "./stream.js";
import { isActive } from "./words.js";

const MOST_KNOWN = 600; // whoever scrolls for an hour leaves no growth: what was not told of for longest is forgotten
/** @type {Map<string, JobView>} */
const known = new Map();
/** @type {Set<(job: JobView, before?: JobView) => void>} */
const listeners = new Set();
const refetchers = new Set();

/**
 * Be told of every change: `changed(job, before)`. Returns a function that stops it.
 * @param {(job: JobView, before?: JobView) => void} changed
 */
export function onChange(changed) {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

/** Be asked to fetch again, after a break in the connection. */
export function onAgain(refetch) {
  refetchers.add(refetch);
  return () => refetchers.delete(refetch);
}

/** @param {string} id */
export const jobById = (id) => known.get(id);

/**
 * Take in a job as the studio tells it; an older telling than the known one is dropped.
 * @param {JobView} told
 */
export function learn(told) {
  const before = known.get(told.id);
  if (before && before.sequence > told.sequence) return before;
  const job = before && before.sequence < told.sequence ? withOutlook(told, before) : told;
  known.delete(job.id);
  known.set(job.id, job);
  if (known.size > MOST_KNOWN) known.delete(known.keys().next().value);
  if (JSON.stringify(before) !== JSON.stringify(job)) listeners.forEach((changed) => changed(job, before));
  return job;
}

/**
 * Keep what was known of when a job will be done: news of it does not tell that. It stands until it is fetched again.
 * @param {JobView} told
 * @param {JobView} before
 * @returns {JobView}
 */
function withOutlook(told, before) {
  if (!isActive(told)) return told;
  const { expected = null, place_in_line: place = null } = before;
  return {
    ...told,
    expected: told.expected ?? expected,
    place_in_line: told.place_in_line ?? (told.status === "queued" ? place : null),
  };
}

/**
 * Fetch one page of jobs, newest first.
 * @returns {Promise<JobsView>}
 */
export async function fetchJobs(query = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const page = await getJson(`/studio/jobs?${new URLSearchParams(asked)}`);
  page.items.forEach(learn);
  return page;
}

export const fetchJob = async (id) => learn(await getJson(`/studio/jobs/${encodeURIComponent(id)}`));
/** What the header shows; whoever else wants to know hears `studio:summary`. */
export async function fetchSummary() {
  const summary = await getJson("/studio/summary");
  document.dispatchEvent(new CustomEvent("studio:summary", { detail: summary }));
  return summary;
}

export async function cancel(id) {
  learn(
    await getJson(`/studio/jobs/${encodeURIComponent(id)}/cancel`, { method: "POST", headers: { "X-Studio": "1" } }),
  );
}

/** What a person decides of a job of which nobody knows whether it was bought: `send` it again for the price `agreed`,
 *  or `drop` it. */
export const decide = async (id, decision, agreed) =>
  learn(await postJson(`/studio/jobs/${encodeURIComponent(id)}/decide`, { decision, agreed }));
/** What becomes of a result that can no longer be stopped: `keep` or `hide`. */
export const arrive = async (id, wish) =>
  learn(await postJson(`/studio/jobs/${encodeURIComponent(id)}/arrival`, { on_arrival: wish }));
/** Before those of its person that wait in line (1), or in its turn again (0). */
export const hurry = async (id, priority) =>
  learn(await postJson(`/studio/jobs/${encodeURIComponent(id)}/priority`, { priority }));
/** What was spent between two days, by person, model and day. */
export const fetchSpend = (span) => getJson(`/studio/spend?${new URLSearchParams(span)}`);
/** The limits on money: those that apply, for an admin all; set one in the place of the same, or take one away. */
export const fetchCaps = () => getJson("/studio/caps");
export const putCap = (cap) => postJson("/studio/caps", cap);
export const dropCap = (id) => postJson(`/studio/caps/${encodeURIComponent(id)}/drop`, {});
/**
 * Fetch queues, limits, errors and disk; for admins.
 * @returns {Promise<AdminView>}
 */
export const fetchAdmin = () => getJson("/studio/admin");

export const fetchKeys = () => getJson("/studio/keys");
export const testKey = (region) => postJson(`/studio/keys/${encodeURIComponent(region)}/test`, {});
export const addKey = (region, key, workspace) =>
  postJson(`/studio/keys/${encodeURIComponent(region)}`, { key, workspace });

const postJson = (url, body) =>
  getJson(url, {
    method: "POST",
    headers: { "X-Studio": "1", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

async function getJson(url, options) {
  const answer = await fetch(url, options);
  if (!answer.ok) {
    const { message, price } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(message ?? `The studio answered ${answer.status}.`), { price });
  }
  return answer.json();
}

function again() {
  refetchers.forEach((refetch) => refetch());
}

function start() {
  try {
    const worker = new SharedWorker(new URL("worker.js", import.meta.url), { type: "module", name: "studio" });
    worker.port.onmessage = ({ data }) => (data.job ? learn(data.job) : again());
    worker.onerror = alone;
    worker.port.start();
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
  } catch {
    alone();
  }
}

/** Without a shared worker a page watches by itself, and only while it is looked at. */
function alone() {
  let end = null;
  const decide = () => {
    if (document.hidden) {
      end?.();
      end = null;
    } else if (!end) {
      end = watch({ job: learn, again });
      again();
    }
  };
  document.addEventListener("visibilitychange", decide);
  decide();
}

start();

/** Mark jobs: `{favourite, rating, add_tags, remove_tags, add_to, remove_from}`, each where it is wished. */
export const shelve = async (jobs, marks) => (await postJson("/studio/shelf", { jobs, ...marks })).jobs.map(learn);
/** To the bin: `{moved, kept: [{job, why}]}`. */
export const discard = (jobs) => postJson("/studio/bin", { jobs });
export const restore = (jobs) => postJson("/studio/bin/restore", { jobs });
export const fetchTags = () => getJson("/studio/tags");
export const fetchCollections = () => getJson("/studio/collections");
/**
 * Fetch what a job came from and what came of it: `{ancestors, descendants, links, totals}`.
 * @returns {Promise<RelativesView>}
 */
export const fetchRelatives = (id, signal) => getJson(`/studio/jobs/${encodeURIComponent(id)}/relatives`, { signal });
/** A new collection, another name for one, and one no more; the jobs in it stay. */
export const makeCollection = (name) => postJson("/studio/collections", { name });
export const renameCollection = (id, name) => postJson(`/studio/collections/${encodeURIComponent(id)}`, { name });
export const dropCollection = (id) => postJson(`/studio/collections/${encodeURIComponent(id)}/drop`, {});
/** Remove for good: these, or with null all that is in the bin. */
export const emptyBin = (jobs) => postJson("/studio/bin/empty", { jobs });
/** Make a ZIP ready: `{url, files, bytes}`. */
export const prepareExport = (wish) => postJson("/studio/exports", wish);
export const fetchDisk = () => getJson("/studio/disk");
/**
 * Fetch how database and files stand to each other, for admins: `{notice, outcome}`.
 * @returns {Promise<ArchiveView>}
 */
export const fetchArchive = () => getJson("/studio/archive");
/**
 * Begin to take in what lies on the disk and is not in the gallery.
 * @returns {Promise<ArchiveView>}
 */
export const adoptFiles = () => postJson("/studio/archive/adopt", {});
/** What cleaning up took away on a day: back to where it was, or gone for good. */
export const bringBack = (day) => postJson("/studio/removed/restore", { day });
export const emptyRemoved = (day) => postJson("/studio/removed/empty", { day });
/** Files that nobody needs: `{files, count, bytes, removed}`. */
export const sweep = (dryRun) => postJson("/studio/janitor", { dry_run: dryRun });
/** Have everything that is not on our disk tried again at once: `{tried}`. */
export const retryNow = () => postJson("/studio/guard/retry", {});
