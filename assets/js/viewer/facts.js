// Everything that is known of a job, beside what it made. Each part is drawn anew only when what it shows has changed.
import { articleActs } from "../results/article.js";
import { bothPrompts, remark, trouble } from "../results/cards.js";
import { stopButton, turnButton } from "../results/deciding.js";
import { button, copyable, download, h, icon, live } from "../core/dom.js";
import { fetchRelatives } from "../core/live.js";
import { saidOf } from "../results/outlook.js";
import { clipOf, downloads, hasArticle, soundOf } from "../results/outputs.js";
import {
  between,
  catalogue,
  clock,
  cost,
  facts,
  familyOf,
  fileSize,
  isActive,
  isDone,
  modelOf,
  moment,
  money,
  parameter,
  since,
  stateOf,
} from "../core/words.js";
import { collections, marks, safety, tags } from "./order.js";
import { announce } from "./voice.js";

const LONG_WORDS = 60;
const RELATIVES_MS = 250;

/** @typedef {import("./dialog.js").Dialog} Room */

export class Facts {
  /**
   * Draw the facts of a job. `room` is the dialog: it does what the buttons ask, and knows which picture is shown.
   * @param {Room} room
   * @param {JobView} job
   */
  constructor(room, job) {
    this.room = room;
    this.ending = new AbortController();
    /** @type {{ shows: Part[1], draw: Part[2], node: HTMLElement, print?: string }[]} */
    this.parts = PARTS.map(([name, shows, draw]) => ({ shows, draw, node: h("div", { "data-fact": name }) }));
    this.tree = h("div", { "data-fact": "tree" });
    const before = this.parts.findIndex(({ node }) => node.dataset.fact === "support");
    this.node = h(
      "div",
      { class: "about" },
      this.parts.slice(0, before).map(({ node }) => node),
      this.tree,
      this.parts.slice(before).map(({ node }) => node),
    );
    this.update(job);
    this.kin = setTimeout(() => this.relatives(), RELATIVES_MS);
    this.tick = setInterval(() => this.pass(), 1000);
  }

  end() {
    clearTimeout(this.kin);
    clearInterval(this.tick);
    this.ending.abort();
  }

  /** @param {JobView} job */
  update(job) {
    this.job = job;
    for (const part of this.parts) {
      const print = JSON.stringify(part.shows(job, this.room));
      if (part.print === print) continue;
      part.print = print;
      const held =
        part.node.contains(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).dataset.act;
      part.node.replaceChildren(...[part.draw(job, this.room)].flat(2).filter(Boolean));
      if (held) /** @type {HTMLElement} */ (part.node.querySelector(`[data-act="${CSS.escape(held)}"]`))?.focus();
    }
  }

  /** What time changes: a running clock, a countdown. */
  pass() {
    if (document.hidden || !(isActive(this.job) || this.job.safe === "provider")) return;
    for (const part of this.parts) if (["times", "marked"].includes(part.node.dataset.fact)) part.print = null;
    this.update(this.job);
  }

  async relatives() {
    /** @type {RelativesView} */
    let told;
    try {
      told = await fetchRelatives(this.job.id, this.ending.signal);
    } catch {
      return; /* The family can wait; all else is here. */
    }
    if (this.ending.signal.aborted || !(told.ancestors.length || told.descendants.length)) return;
    const { Tree } = await import("./tree.js");
    if (this.ending.signal.aborted) return;
    const tree = new Tree(this.job, told, { open: (job) => this.room.visit(job), signal: this.ending.signal });
    const paid = (told.totals ?? [])
      .filter(({ spent }) => spent)
      .map(({ spent, currency }) => money(spent, currency))
      .join(" + ");
    this.tree.replaceChildren(
      h("h3", {}, "Family"),
      tree.node,
      paid ? live("p", { class: "quiet" }, `${paid} for all of them${catalogue.demo ? ", were it no demo" : ""}`) : "",
    );
  }
}

/** @typedef {[name: string, shows: (job: JobView, room: Room) => any, draw: (job: JobView, room: Room) => any]} Part */

/**
 * Name, what it shows of a job, how it is drawn: in their order.
 * @type {Part[]}
 */
const PARTS = [
  ["head", (job) => [job.family, job.created_at, job.person, job.imported, facts(job)], head],
  ["marked", (job) => [job.favourite, job.rating, job.safe, job.expires_at], (job) => [marks(job), safety(job)]],
  [
    "trouble",
    (job) => [
      job.status,
      job.attention,
      job.error,
      job.remark,
      job.deleted_at,
      job.cost,
      job.decision_wanted,
      job.on_arrival,
      job.stoppable,
      job.cancel_requested,
    ],
    words,
  ],
  [
    "acts",
    (job) => [
      job.status,
      job.cancelable,
      job.stoppable,
      job.cancel_requested,
      job.deleted_at,
      job.outputs?.length,
      job.priority,
      job.place_in_line?.place,
    ],
    acts,
  ],
  ["saves", (job, room) => [job.status, job.outputs, room.shownOutput?.id, room.showsArticle], saves],
  ["prompts", (job) => [job.prompt, job.rewritten_prompt], prompts],
  ["given", (job) => job.inputs, givenFiles],
  ["settings", (job) => [job.status, job.parameters, job.model], settings],
  ["times", (job) => [job.status, job.cost, job.running_at, job.finished_at], times],
  ["tags", (job) => job.tags, (job) => section("Tags", tags(job))],
  [
    "collections",
    (job) => job.collections,
    (job) => {
      const holder = h("section", {});
      collections(job, holder);
      return holder;
    },
  ],
  ["support", (job) => [job.task_id, job.request_id, job.error?.code], support],
];

/** @param {JobView} job */
function head(job) {
  const maker = job.person && job.person !== "local" ? ` · by ${job.person}` : "";
  const file = job.imported ? (job.outputs?.[0]?.name ?? "a file") : "";
  const [name, more] = file && !modelOf(job) ? [file, facts(job)] : [facts(job), file && `Taken in from ${file}.`];
  return [
    h("p", { class: "quiet" }, `${familyOf(job)} · ${moment(job.created_at)}${maker}`),
    live("h2", {}, name),
    more ? live("p", { class: "quiet" }, more) : null,
  ];
}

/**
 * @param {JobView} job
 * @param {Room} room
 */
function words(job, room) {
  const binned =
    job.deleted_at &&
    h(
      "div",
      { class: "said", "data-tone": "advice" },
      icon("trash-2"),
      h("p", {}, "This lies in the bin."),
      button({ text: "Restore", kind: "small", act: "restore", press: () => room.restore() }),
    );
  return [binned, trouble(job, { form: false }), hasArticle(job) && room.showsArticle ? null : remark(job)];
}

/**
 * @param {JobView} job
 * @param {Room} room
 */
function acts(job, room) {
  const again = ["failed", "canceled"].includes(job.status);
  const made = isDone(job);
  const known = Boolean(modelOf(job)); // a file that was taken in may not say how it was made
  const use = (kind) =>
    made && !hasArticle(job)
      ? button({ text: "Use as…", icon: "forward", kind, act: "use", press: () => room.use() })
      : null;
  return h(
    "div",
    { class: "acts" },
    known || job.prompt
      ? button({
          text: again ? "Edit and try again" : "Remix",
          icon: "wand-sparkles",
          kind: "primary",
          act: "remix",
          press: () => room.remix(),
        })
      : use("primary"),
    known || job.prompt ? use("") : null,
    made && known
      ? button({ text: "Again with new seed", icon: "dices", act: "again", press: () => room.again() })
      : null,
    made ? button({ text: "Compare", icon: "columns-2", act: "mark", press: () => room.mark() }) : null,
    turnButton(job),
    stopButton(job),
    job.deleted_at || isActive(job)
      ? null
      : button({ icon: "trash-2", label: "Delete", kind: "away", act: "discard", press: () => room.discard() }),
  );
}

/**
 * Offer what can be saved: the picture that is shown, all of them, the clip, the article; each with its size.
 * @param {JobView} job
 * @param {Room} room
 */
function saves(job, room) {
  if (!isDone(job)) return null;
  const output = room.shownOutput ?? clipOf(job) ?? soundOf(job);
  const article = hasArticle(job) && !room.shownOutput;
  const links = room.shownOutput
    ? downloads(job, output)
    : article
      ? articleActs(job)
      : output
        ? [download(output.url)]
        : [];
  const clean = output && !article ? download(`${output.url}?clean=1`, { text: "Export clean" }) : null;
  clean?.setAttribute("title", "The same file without any words in it");
  const size = output
    ? [
        output.width ? `${output.width} × ${output.height}` : "",
        output.seconds ? `${output.seconds.toFixed(1)} s` : "",
        fileSize(output.bytes),
      ]
        .filter(Boolean)
        .join(", ")
    : "";
  const said = modelOf(job)
    ? "Download keeps the recipe in the file, Export clean leaves it out."
    : "Export clean leaves out what is written in the file, such as where it was taken.";
  const recipe = clean ? ` · ${said}` : "";
  return h(
    "div",
    { class: "acts saves" },
    links,
    clean,
    size ? h("span", { class: "quiet" }, live("span", {}, size), recipe) : null,
  );
}

/** @param {JobView} job */
function prompts(job) {
  const both = job.rewritten_prompt
    ? bothPrompts(job)
    : job.prompt
      ? section("Prompt", h("p", { class: "prompt" }, job.prompt))
      : null;
  if (!both) return null;
  const texts = [job.prompt, job.rewritten_prompt].filter(Boolean);
  const places = both.matches(".both") ? both.querySelectorAll("section") : [both];
  [...places].forEach((place, index) => {
    if (texts[index]) place.append(copyWords(texts[index], index));
  });
  return both;
}

/** A button that copies words which stand beside it. */
function copyWords(text, index) {
  return button({
    icon: "copy",
    label: index ? "Copy the rewritten prompt" : "Copy the prompt",
    kind: "round copy",
    act: `copy-${index}`,
    press: async (node) => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = h("textarea", { class: "sr", value: text, readOnly: true });
        node.after(area); // browsers give the clipboard to safe addresses only; elsewhere a selection is copied
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      announce("Copied");
      node.replaceChildren(icon("check"));
      setTimeout(() => node.replaceChildren(icon("copy")), 1500);
    },
  });
}

/** @param {JobView} job */
function settings(job) {
  const rows = Object.entries(job.parameters ?? {})
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => parameter(name, value));
  const short = rows.filter(([, value]) => value.length <= LONG_WORDS);
  const long = rows.filter(([, value]) => value.length > LONG_WORDS);
  return [
    section(
      "Settings",
      table([
        ["State", stateOf(job)],
        ["Model", modelOf(job)],
        ["Region", catalogue.regions?.[job.region] ?? job.region],
        ...short,
      ]),
    ),
    ...long.map(([name, value]) => section(name, h("p", { class: "prompt" }, value))),
  ];
}

/** @param {JobView} job */
function times(job) {
  const { running_at: began, finished_at: ended, created_at: asked } = job;
  const active = isActive(job);
  const waited = began ? clock(between(asked, began)) : active ? clock(since(asked)) : "";
  const worked = began && ended ? clock(between(began, ended)) : began && active ? clock(since(began)) : "";
  const all = ended && !active ? clock(between(asked, ended)) : "";
  if (job.imported) return null; // when it was made, and for how much, nobody wrote down
  return section(
    "Cost and time",
    table([...receipt(job), ["How long", saidOf(job)], ["Waited", waited], ["In work", worked], ["In all", all]]),
  );
}

/**
 * Say what was expected, and what was billed.
 * @param {JobView} job
 */
function receipt(job) {
  const { estimated, actual, currency, at_most: atMost } = job.cost ?? {};
  const known = actual !== null && actual !== undefined && !isActive(job);
  if (!known || actual === estimated) return [["Cost", cost(job)]];
  return [
    ["Expected", `${atMost ? "up to " : ""}${money(estimated, currency)}`],
    [job.demo ? "Would be billed" : "Billed", money(actual, currency)],
  ];
}

/** @param {JobView} job */
function support(job) {
  return section(
    "For support",
    table([
      ["Job", copyable(job.id, "job id")],
      ["Task", job.task_id && copyable(job.task_id, "task id")],
      ["Request", job.request_id && copyable(job.request_id, "request id")],
      ["Error", job.error?.code && copyable(job.error.code, "error code")],
    ]),
  );
}

const section = (name, ...content) => h("section", {}, h("h3", {}, name), content);

function table(rows) {
  return h(
    "dl",
    {},
    rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), live("dd", {}, value)]),
  );
}

/**
 * Show the files that were given, by field, in their order, with what the prompt calls them.
 * @param {JobView} job
 * @param {Room} room
 */
function givenFiles(job, room) {
  const fields = new Map();
  for (const input of [...(job.inputs ?? [])].sort((a, b) => (a.position ?? 0) - (b.position ?? 0))) {
    fields.set(input.field, [...(fields.get(input.field) ?? []), input]);
  }
  return [...fields].map(([name, inputs]) => {
    const calls = catalogue.models?.[job.model]?.calls?.[name] ?? {};
    const counted = {};
    return section(
      catalogue.fields?.[name]?.label ?? "Given",
      h(
        "div",
        { class: "files" },
        inputs.map((input) => {
          const pattern = calls[input.kind] ?? "";
          counted[pattern] = (counted[pattern] ?? 0) + 1;
          return given(input, pattern.replace("{}", counted[pattern]), room);
        }),
      ),
    );
  });
}

/**
 * Show one file that was given.
 * @param {InputView} input
 * @param {string} called
 * @param {Room} room
 */
function given(input, called, room) {
  const name = h("span", { class: "name" }, called ? h("b", { class: "called" }, called) : null, input.name);
  const use = input.id
    ? button({ icon: "forward", label: `Use ${input.name} as…`, kind: "round", press: () => room.use(input) })
    : null;
  if (input.kind === "audio")
    return h(
      "div",
      { class: "file played" },
      h("div", { class: "line" }, icon("music"), name, use),
      h("audio", { src: input.url, controls: true, preload: "none", "aria-label": input.name }),
    );
  if (input.kind === "video")
    return h("div", { class: "file played" }, moving(input), h("div", { class: "line" }, name, use));
  return h(
    "div",
    { class: "file" },
    h(
      "a",
      { class: "file", href: input.url, target: "_blank", rel: "noopener" },
      input.thumbnail_url ? h("img", { src: input.thumbnail_url, alt: "", loading: "lazy" }) : icon("image"),
      name,
    ),
    use,
  );
}

/**
 * Show a clip that was given: its first picture, until it is asked to play.
 * @param {InputView} input
 */
function moving(input) {
  const start = h(
    "button",
    {
      type: "button",
      class: "start",
      "aria-label": `Play ${input.name}`,
      onclick: () => {
        const video = h("video", {
          src: input.url,
          controls: true,
          autoplay: true,
          playsInline: true,
          "aria-label": input.name,
        });
        start.replaceWith(video);
        video.focus();
      },
    },
    input.thumbnail_url ? h("img", { src: input.thumbnail_url, alt: "", loading: "lazy" }) : null,
    icon("play"),
  );
  return start;
}
