// How a job is said: states, times, money. The catalogue's own words come with the page.

export const catalogue = JSON.parse(document.getElementById("studio-words")?.textContent ?? "{}");

/** What a kind of file is called, one and several: image, video, audio. */
export const kindNames = (kind) => catalogue.kinds?.[kind] ?? ["file", "files"];
export const KIND_ICONS = { image: "image", video: "film", audio: "music" };

const SIGNS = { USD: "$", CNY: "¥" };
export const CURRENCIES = Object.keys(SIGNS);
/** What a job goes through, said of a step that is to come, that is done, and that is now. */
export const STEPS = [
  { ahead: "Send", doing: "Sending", done: "Sent" },
  { ahead: "Wait", doing: "Waiting", done: "Waited" },
  { ahead: "Work", doing: "In work", done: "Made" },
  { ahead: "Save", doing: "Saving", done: "Saved" },
];
const ACTIVE = { queued: 0, uploading: 0, submitting: 0, pending: 1, running: 2, saving: 3 };

/**
 * Tell whether a job goes on by itself; one that waits for a person's decision does not.
 * @param {JobView} job
 */
export const isActive = (job) => job.status in ACTIVE && !job.decision_wanted;
/** @param {JobView} job */
export const isDone = (job) => job.status === "succeeded" && job.outputs?.length > 0;
/** @param {JobView} job */
export const stepOf = (job) => ACTIVE[job.status] ?? (job.status === "succeeded" ? 4 : -1);

const STATE = {
  queued: "Waiting to start",
  uploading: "Sending your files",
  submitting: "Handing it over",
  pending: "Waiting for a free place",
  running: "In work",
  saving: "Saving it",
  succeeded: "Done",
  failed: "Did not work",
  canceled: "Canceled",
  unknown: "Not certain",
};

/**
 * Say a job's state in words.
 * @param {JobView} job
 */
export const stateOf = (job) => (job.decision_wanted && job.status in ACTIVE ? "Waiting for you" : STATE[job.status]);

export function money(amount, currency) {
  if (amount === null || amount === undefined || amount === "") return "";
  const number = Number(amount);
  if (Number.isNaN(number)) return "";
  const text = Math.abs(number)
    .toFixed(4)
    .replace(/0{1,2}$/, "");
  const minus = number < 0 ? "-" : "";
  return SIGNS[currency] ? `${minus}${SIGNS[currency]}${text}` : `${minus}${text} ${currency}`;
}

/**
 * Say what a job costs now: billed, or what it will be, at most or exactly. A job that ended without a bill is free.
 * @param {JobView} job
 */
export function cost(job) {
  const { estimated, actual, currency, at_most: atMost } = job.cost ?? {};
  if (job.error?.billed === "unknown" && !actual) return `up to ${money(estimated, currency)}`;
  const ended = actual ?? (["failed", "canceled"].includes(job.status) ? 0 : null);
  const words =
    ended === null || isActive(job) ? `${atMost ? "up to " : ""}${money(estimated, currency)}` : money(ended, currency);
  return job.demo ? `would be ${words}` : words;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export const since = (iso) => (Date.now() - Date.parse(iso)) / 1000;
export const between = (from, to) => (Date.parse(to) - Date.parse(from)) / 1000;

/** Say a file's size, rounded, in the largest unit that it fills once rounded. */
export function fileSize(bytes) {
  const kilobytes = Math.max(bytes ? 1 : 0, Math.round(bytes / 2 ** 10));
  if (kilobytes < 1024) return `${kilobytes} KB`;
  const megabytes = (bytes / 2 ** 20).toFixed(1);
  return Number(megabytes) < 1024 ? `${megabytes} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`;
}

/** Number a local calendar day. A day of 23 or 25 hours counts as one, too. */
const dayNumber = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86400000;

export function day(iso) {
  const then = new Date(iso);
  const now = new Date();
  const days = dayNumber(now) - dayNumber(then);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  const sameYear = then.getFullYear() === now.getFullYear();
  return then.toLocaleDateString(undefined, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: sameYear ? undefined : "numeric",
  });
}

export function moment(iso) {
  if (!iso) return "";
  const then = new Date(iso);
  return `${day(iso)}, ${then.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}`;
}

const UNKNOWN = "imported"; // what the studio writes where a file says neither kind of work nor model

/**
 * Name a job: by its words, the file it was taken in from, its picture, or its effect.
 * @param {JobView} job
 */
export function title(job) {
  return (
    job.prompt?.trim() ||
    (job.imported && job.outputs?.[0]?.name) ||
    job.inputs?.[0]?.name ||
    modelOf(job) ||
    "From a file"
  );
}

/**
 * Say the model in words; empty if a file did not say.
 * @param {JobView} job
 */
export const modelOf = (job) => (job.model === UNKNOWN ? "" : job.model_title);

/**
 * Say the kind of work in words.
 * @param {JobView} job
 */
export const familyOf = (job) =>
  catalogue.families?.[job.family]?.label ?? (job.family === UNKNOWN ? "From a file" : job.family);

/** @param {JobView} job */
export function facts(job) {
  const output = job.outputs?.[0];
  const pictures = (job.outputs ?? []).filter(({ kind }) => kind === "image").length;
  const size = output?.width ? `${output.width} × ${output.height}` : "";
  return [
    job.demo ? "Demo" : "",
    modelOf(job),
    ...(job.article ? ["Article", counted(pictures)] : [pictures > 1 ? counted(pictures) : "", size]),
    output?.seconds ? `${Number(output.seconds.toFixed?.(1) ?? output.seconds)} s` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

export const counted = (pictures) => (pictures ? `${pictures} picture${pictures === 1 ? "" : "s"}` : "");

/** The label and the words of one parameter. */
export function parameter(name, value) {
  const field = catalogue.fields?.[name] ?? {};
  const words =
    typeof value === "boolean"
      ? value
        ? "On"
        : "Off"
      : (field.choices?.[String(value)] ?? `${String(value).replace("*", " × ")}${field.unit ? ` ${field.unit}` : ""}`);
  return [field.label ?? name.replaceAll("_", " "), words];
}
