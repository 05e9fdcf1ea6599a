// What the page knows of jobs, and the news of them. Whatever is shown is fetched; the stream only says what changed.
import { watch } from "./stream.js";

const known = new Map();
const listeners = new Set();
const refetchers = new Set();

/** Be told of every change: `changed(job, before)`. Returns a function that stops it. */
export function onChange(changed) { listeners.add(changed); return () => listeners.delete(changed); }

/** Be asked to fetch again, after a break in the connection. */
export function onAgain(refetch) { refetchers.add(refetch); return () => refetchers.delete(refetch); }

export const jobById = (id) => known.get(id);

/** Take in a job as the studio tells it; an older telling than the known one is dropped. */
export function learn(job) {
  const before = known.get(job.id);
  if (before && before.sequence > job.sequence) return before;
  known.set(job.id, job);
  if (JSON.stringify(before) !== JSON.stringify(job)) listeners.forEach((changed) => changed(job, before));
  return job;
}

/** One page of jobs, newest first. */
export async function fetchJobs(query = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const page = await getJson(`/studio/jobs?${new URLSearchParams(asked)}`);
  page.items.forEach(learn);
  return page;
}

export const fetchJob = async (id) => learn(await getJson(`/studio/jobs/${encodeURIComponent(id)}`));
export const fetchSummary = () => getJson("/studio/summary");

export async function cancel(id) {
  learn(await getJson(`/studio/jobs/${encodeURIComponent(id)}/cancel`, { method: "POST", headers: { "X-Studio": "1" } }));
}

export const fetchKeys = () => getJson("/studio/keys");
export const testKey = (region) => postJson(`/studio/keys/${encodeURIComponent(region)}/test`, {});
export const addKey = (region, key, workspace) => postJson(`/studio/keys/${encodeURIComponent(region)}`, { key, workspace });

const postJson = (url, body) => getJson(url, { method: "POST", headers: { "X-Studio": "1", "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function getJson(url, options) {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? `The studio answered ${answer.status}.`);
  return answer.json();
}

function again() { refetchers.forEach((refetch) => refetch()); }

function start() {
  try {
    const worker = new SharedWorker(new URL("worker.js", import.meta.url), { type: "module", name: "studio" });
    worker.port.onmessage = ({ data }) => (data.job ? learn(data.job) : again());
    worker.onerror = alone;
    worker.port.start();
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  } catch { alone(); }
}

/** Without a shared worker a page watches by itself, and only while it is looked at. */
function alone() {
  let end = null;
  const decide = () => {
    if (document.hidden) { end?.(); end = null; } else if (!end) { end = watch({ job: learn, again }); again(); }
  };
  document.addEventListener("visibilitychange", decide);
  decide();
}

start();
