// What a person says of an item: favourite, stars, tags, collections. Written at once, taken back where it fails.
import { button, h, icon } from "../core/dom.js";
import { fetchCollections, fetchTags, jobById, shelve } from "../core/live.js";
import { announce, toast } from "./voice.js";

const MOST_STARS = 5;

/**
 * Write marks of a job. The sentence is said when they stand; if they cannot, why.
 * @param {JobView} job
 * @param {Record<string, any>} marks
 * @param {string} sentence
 */
export async function mark(job, marks, sentence) {
  try {
    await shelve([job.id], marks);
    announce(sentence);
  } catch (error) {
    toast(error.message);
  }
}

const fresh = (/** @type {JobView} */ job) => jobById(job.id) ?? job;

/** @param {JobView} job */
export function favourite(job) {
  const now = !fresh(job).favourite;
  return mark(job, { favourite: now }, now ? "Now a favourite" : "No favourite any more");
}

/**
 * Give stars; those it has already, pressed again, are taken away.
 * @param {JobView} job
 * @param {number} stars
 */
export function rate(job, stars) {
  const rating = fresh(job).rating === stars ? 0 : stars;
  return mark(job, { rating }, rating ? `${rating} of ${MOST_STARS} stars` : "No stars");
}

/** @param {JobView} job */
export function marks(job) {
  const heart = button({
    icon: job.favourite ? "heart-full" : "heart",
    label: "Favourite",
    kind: "round heart",
    act: "favourite",
    press: () => favourite(job),
  });
  heart.setAttribute("aria-pressed", String(Boolean(job.favourite)));
  const stars = Array.from({ length: MOST_STARS }, (_, index) => {
    const star = button({
      icon: index < (job.rating ?? 0) ? "star-full" : "star",
      label: `${index + 1} ${index ? "stars" : "star"}`,
      kind: "round star",
      act: `star-${index + 1}`,
      press: () => rate(job, index + 1),
    });
    star.setAttribute("aria-pressed", String(job.rating === index + 1));
    star.toggleAttribute("data-lit", index < (job.rating ?? 0));
    return star;
  });
  return h("div", { class: "marks" }, heart, h("div", { class: "stars", role: "group", "aria-label": "Stars" }, stars));
}

let lists = 0;

/**
 * Show the tags of a job, each with a way to take it off, and a line to write another.
 * @param {JobView} job
 */
export function tags(job) {
  const known = h("datalist", { id: `known-tags-${(lists += 1)}` });
  const line = h("input", {
    type: "text",
    class: "line",
    maxLength: 60,
    placeholder: job.tags?.length ? "Add another" : "Add a tag",
    "aria-label": "Add a tag",
    autocomplete: "off",
    list: known.id,
    "data-act": "tag",
    onfocus: () => offer(known),
    onkeydown: (event) => {
      if (event.key === "Escape" && line.value) {
        event.preventDefault();
        event.stopPropagation();
        line.value = "";
      }
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      const name = line.value.trim();
      if (!name) return;
      line.value = "";
      mark(job, { add_tags: [name] }, `Tagged ${name}`);
    },
  });
  return h(
    "div",
    { class: "labels" },
    (job.tags ?? []).map((name) =>
      label(name, `Take off the tag ${name}`, () => mark(job, { remove_tags: [name] }, `${name} taken off`)),
    ),
    line,
    known,
  );
}

async function offer(known) {
  try {
    known.replaceChildren(...(await fetchTags()).map(({ name }) => h("option", { value: name })));
  } catch {
    /* One can write a tag without being offered any. */
  }
}

function label(name, away, press) {
  return h("span", { class: "label" }, h("span", {}, name), button({ icon: "x", label: away, kind: "tiny", press }));
}

/**
 * Show in `holder` the collections a job lies in, and a choice of the others. Their names come from the studio.
 * @param {JobView} job
 * @param {HTMLElement} holder
 */
export async function collections(job, holder) {
  let all;
  try {
    all = await fetchCollections();
  } catch {
    return holder.replaceChildren();
  }
  const held = new Set(job.collections ?? []);
  const others = all.filter(({ id }) => !held.has(id));
  const choice = others.length
    ? h(
        "select",
        {
          class: "line",
          "aria-label": "Add to a collection",
          "data-act": "collection",
          onchange: () => {
            const chosen = others.find(({ id }) => id === choice.value);
            if (chosen) mark(job, { add_to: [chosen.id] }, `Added to ${chosen.name}`);
          },
        },
        h("option", { value: "" }, "Add to…"),
        others.map(({ id, name }) => h("option", { value: id }, name)),
      )
    : null;
  const inside = all.filter(({ id }) => held.has(id));
  holder.replaceChildren(
    ...(inside.length || choice
      ? [
          h("h3", {}, "Collections"),
          h(
            "div",
            { class: "labels" },
            inside.map(({ id, name }) =>
              label(name, `Take out of ${name}`, () => mark(job, { remove_from: [id] }, `Taken out of ${name}`)),
            ),
            choice,
          ),
        ]
      : []),
  );
}

/**
 * Say where the results lie: safe, or how long the provider keeps them.
 * @param {JobView} job
 */
export function safety(job, now = Date.now()) {
  if (job.safe === "disk") return h("p", { class: "safe", "data-tone": "ok" }, icon("shield-check"), "Safe on disk");
  if (job.safe !== "provider") return null;
  const left = job.expires_at ? Date.parse(job.expires_at) - now : null;
  const soon = left !== null && left < 7_200_000;
  const words = left === null ? "" : left <= 0 ? ", and may be gone there by now" : `: ${span(left)} left to fetch it`;
  return h(
    "p",
    { class: "safe", "data-tone": soon ? "bad" : "advice" },
    icon("cloud-alert"),
    `Only with the provider${words}`,
  );
}

function span(milliseconds) {
  const minutes = Math.floor(milliseconds / 60_000);
  return minutes >= 60
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : minutes
      ? `${minutes} min`
      : "less than a minute";
}
