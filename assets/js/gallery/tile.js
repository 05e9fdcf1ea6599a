// One job as a tile: its picture, its state, where it is kept. A tile is a button; its heart and its mark lie beside it,
// for a pointer: keys reach the same from the tile.
import { h, icon, live } from "../core/dom.js";
import { thumbnailOf } from "../results/cards.js";
import { picturesOf } from "../results/outputs.js";
import { clock, counted, isActive, isDone, since, stateOf, title } from "../core/words.js";

const HOVER_MS = 220;
const DAY_MS = 86_400_000;
const KEPT_DAYS = 30;
const URGENT_HOURS = 2;

/** The cell of a job: `{selected, current}` say how it stands, `press`, `pick`, `heart` are told. */
export function cellOf(job, { selected, current, press, pick, heart }) {
  const node = h(
    "div",
    { class: "cell", "data-cell": job.id, "data-selected": selected ? "yes" : undefined },
    tile(job, { selected, current, press }),
    h(
      "button",
      {
        type: "button",
        class: "pick",
        tabIndex: -1,
        "aria-label": selected ? "Deselect" : "Select",
        "aria-pressed": String(selected),
        onclick: (event) => pick(event),
      },
      icon("check"),
    ),
    job.deleted_at
      ? null
      : h(
          "button",
          {
            type: "button",
            class: "heart",
            tabIndex: -1,
            "aria-label": "Favourite",
            "aria-pressed": String(Boolean(job.favourite)),
            onclick: heart,
          },
          icon(job.favourite ? "heart-full" : "heart"),
        ),
  );
  node.dataset.print = printOf(job, selected);
  return node;
}

/** What a cell shows, in short: an article that grows changes its job often and its tile seldom. */
const printOf = (job, selected) =>
  [
    job.status,
    thumbnailOf(job) ?? "",
    job.outputs?.length ?? 0,
    job.favourite,
    job.rating,
    job.safe,
    job.expires_at ?? "",
    job.deleted_at ?? "",
    selected,
  ].join(" ");

function tile(job, { selected, current, press }) {
  const thumb = thumbnailOf(job);
  const done = isDone(job);
  const active = isActive(job);
  const clip = done && job.outputs[0].kind === "video" ? job.outputs[0] : null;
  const kept = keptWords(job);
  const node = h(
    "button",
    {
      type: "button",
      class: "tile",
      tabIndex: current ? 0 : -1,
      "data-job": job.id,
      "data-state": job.status,
      "data-kind": kindOf(job),
      "aria-label": [
        title(job),
        stateOf(job),
        picturesOf(job).length > 1 ? counted(picturesOf(job).length) : "",
        job.favourite ? "Favourite" : "",
        job.rating ? `${job.rating} of 5 stars` : "",
        kept?.words,
        selected ? "Selected" : "",
      ]
        .filter(Boolean)
        .join(". "),
      onclick: press,
    },
    thumb
      ? h("img", { src: thumb, alt: "", loading: "lazy", decoding: "async", draggable: false })
      : h("span", { class: "blank" }, icon(BLANK[kindOf(job)] ?? "clock")),
    h("span", { class: "words" }, title(job)),
    active
      ? live(
          "span",
          { class: "label" },
          h("i", { class: "dot" }),
          h(
            "span",
            { "data-clock": job.id, "data-words": stateOf(job) },
            `${stateOf(job)} · ${clock(since(job.created_at))}`,
          ),
        )
      : live("span", { class: "label" }, done ? madeLabel(job) : stateOf(job)),
    job.rating ? live("span", { class: "rated", "aria-hidden": "true" }, icon("star-full"), String(job.rating)) : null,
    job.demo
      ? h("span", { class: "badge" }, "Demo")
      : job.imported
        ? h("span", { class: "badge plain" }, "Imported")
        : null,
    kept
      ? live(
          "span",
          {
            class: "kept",
            "data-safe": kept.safe,
            "data-urgent": kept.urgent ? "yes" : undefined,
            "data-until": kept.until,
            title: kept.words,
          },
          icon(kept.icon),
          kept.short ? h("span", {}, kept.short) : null,
        )
      : null,
  );
  if (clip) preview(node, `${clip.url}/preview`);
  return node;
}

const BLANK = {
  article: "newspaper",
  audio: "music",
  image: "image",
  video: "film",
  failed: "triangle-alert",
  canceled: "circle-slash",
  unknown: "circle-help",
};

const kindOf = (job) => (job.article ? "article" : (job.outputs?.[0]?.kind ?? job.status));

/** What a tile says of what was made: how long, how many, or that it is to be read. */
function madeLabel(job) {
  const pictures = picturesOf(job).length;
  if (job.article) return [icon("newspaper"), "Article"];
  if (pictures) return [icon(pictures > 1 ? "images" : "image"), pictures > 1 ? String(pictures) : ""];
  if (job.outputs[0].kind === "audio") return [icon("music"), clock(job.outputs[0].seconds ?? 0)];
  return clock(job.outputs[0].seconds ?? 0);
}

/** Where the results are, and for how long: on our disk, only at the provider, or in the bin. Null where nothing was made. */
export function keptWords(job) {
  if (job.deleted_at) {
    const days = Math.max(0, Math.ceil(KEPT_DAYS - (Date.now() - Date.parse(job.deleted_at)) / DAY_MS));
    const short = days === 1 ? "1 day left" : `${days} days left`;
    return { icon: "trash-2", safe: "bin", short, words: `In the bin, ${short}` };
  }
  if (job.safe === "disk") return { icon: "shield-check", safe: "disk", words: "Safe on disk" };
  if (job.safe !== "provider") return null;
  const left = job.expires_at ? (Date.parse(job.expires_at) - Date.now()) / 1000 : null;
  const short = left === null ? "Not saved yet" : left <= 0 ? "May be lost" : `${countdown(left)} to save`;
  const words =
    left === null
      ? "Not on disk yet: the provider has it"
      : left <= 0
        ? "The provider's time is over: it may be lost"
        : `Not on disk yet: the provider keeps it for ${countdown(left)}`;
  return {
    icon: "cloud-alert",
    safe: "provider",
    short,
    words,
    urgent: left !== null && left < URGENT_HOURS * 3600,
    until: job.expires_at,
  };
}

function countdown(seconds) {
  const minutes = Math.ceil(seconds / 60);
  return minutes >= 120
    ? `${Math.floor(minutes / 60)} h`
    : minutes >= 60
      ? `1 h ${minutes - 60} min`
      : `${minutes} min`;
}

/** A silent look at a clip while the pointer rests on its tile. */
function preview(node, url) {
  if (!matchMedia("(hover: hover)").matches || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let timer, video;
  node.addEventListener("pointerenter", () => {
    timer = setTimeout(() => {
      video = h("video", {
        src: url,
        muted: true,
        loop: true,
        playsInline: true,
        autoplay: true,
        preload: "metadata",
        disablePictureInPicture: true,
        "aria-hidden": "true",
      });
      node.append(video);
    }, HOVER_MS);
  });
  node.addEventListener("pointerleave", () => {
    clearTimeout(timer);
    if (video) {
      video.removeAttribute("src");
      video.load();
      video.remove();
      video = null;
    }
  });
}
