// An illustrated article, drawn while it grows. Markdown becomes nodes here; nothing that arrives is ever read as markup.
import { announce, button, h, icon } from "../core/dom.js";
import { isActive } from "../core/words.js";

const HEADINGS = ["h3", "h4", "h5"];
const LONGEST_MARKED = 20000;
/** @type {[RegExp, (found: RegExpExecArray) => { kind: string, text: string, level?: number }][]} */
const STARTS = [
  [
    /^(#{1,6})\s+(.*)$/,
    (found) => ({ kind: "heading", level: found[1].length, text: found[2].replace(/\s+#+\s*$/, "") }),
  ],
  [/^\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/, () => ({ kind: "rule", text: "" })],
  [/^\s*[-*+]\s+(.*)$/, (found) => ({ kind: "bullets", text: found[1] })],
  [/^\s*\d{1,3}[.)]\s+(.*)$/, (found) => ({ kind: "numbers", text: found[1] })],
  [/^\s*>\s?(.*)$/, (found) => ({ kind: "quote", text: found[1] })],
];

/** The blocks of a text: `{kind, level, items}`, each with the source it was read from. */
export function blocksOf(text) {
  const blocks = [];
  let open = null;
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim()) {
      open = null;
      continue;
    }
    /** @type {{ kind: string, text: string, level?: number }} */
    const read = STARTS.map(([pattern, make]) => pattern.exec(line) && make(pattern.exec(line))).find(Boolean) ?? {
      kind: "words",
      text: line,
    };
    const joins =
      open &&
      (open.kind === read.kind || (read.kind === "words" && ["bullets", "numbers", "quote"].includes(open.kind))) &&
      !["heading", "rule"].includes(read.kind);
    if (!joins) blocks.push((open = { kind: read.kind, level: read.level, items: [read.text] }));
    else if (open.kind === read.kind && read.kind !== "words" && read.kind !== "quote") open.items.push(read.text);
    else open.items.push(`${open.items.pop()}\n${read.text}`);
    if (["heading", "rule"].includes(read.kind)) open = null;
  }
  return blocks;
}

const MARKS = /\*\*(?=\S)([\s\S]+?)\*\*|\*(?=[^\s*])([^*]+?)\*|`([^`]+)`|!\[([^\]]*)\]\([^)]*\)|\[([^\]]+)\]\([^)]*\)/;

/** Words with their emphasis, as nodes. A link keeps its words and loses its address; a picture keeps its description. */
function inline(text) {
  const nodes = [];
  let rest = text.length > LONGEST_MARKED ? "" : text;
  for (let found = MARKS.exec(rest); found; found = MARKS.exec(rest)) {
    const [whole, bold, slanted, code, picture, link] = found;
    nodes.push(rest.slice(0, found.index));
    if (bold) nodes.push(h("strong", {}, inline(bold)));
    else if (slanted) nodes.push(h("em", {}, inline(slanted)));
    else if (code) nodes.push(h("code", {}, code));
    else nodes.push(link ?? picture ?? "");
    rest = rest.slice(found.index + whole.length);
  }
  nodes.push(text.length > LONGEST_MARKED ? text : rest);
  return nodes.filter((node) => node !== "");
}

function draw({ kind, level, items }) {
  switch (kind) {
    case "heading":
      return h(HEADINGS[Math.min(level, 3) - 1], { class: `level${Math.min(level, 3)}` }, inline(items[0]));
    case "rule":
      return h("hr");
    case "bullets":
      return h(
        "ul",
        {},
        items.map((item) => h("li", {}, inline(item))),
      );
    case "numbers":
      return h(
        "ol",
        {},
        items.map((item) => h("li", {}, inline(item))),
      );
    case "quote":
      return h("blockquote", {}, inline(items[0]));
    default:
      return h("p", {}, inline(items[0]));
  }
}

/** An article on the page. `update(job)` adds what has arrived and leaves what stands where it is. */
export class Article {
  /** @param {{ press?: (at: number) => void }} [wanted] */
  constructor({ press } = {}) {
    this.press = press;
    this.node = h("article", { class: "article" });
    this.drawn = [];
  }

  update(job) {
    const outputs = new Map((job.outputs ?? []).map((output) => [output.id, output]));
    const parts = job.article ?? [];
    let pictures = 0;
    parts.forEach((part, place) => {
      if (part.text !== undefined) this.words(place, part.text);
      else this.picture(place, outputs.get(part.output), pictures++);
    });
    this.drawn.splice(parts.length).forEach(({ node }) => node.remove());
    if ((this.remark ?? "") !== (job.remark ?? "")) {
      this.remark = job.remark;
      this.end?.remove();
      this.end =
        job.remark &&
        this.node.appendChild(h("div", { class: "said", "data-tone": "advice" }, icon("info"), h("p", {}, job.remark)));
    }
    this.node.dataset.growing = isActive(job) ? "yes" : "no";
    this.node.translate = !isActive(job); // what was translated cannot grow
    this.node.setAttribute("aria-busy", String(isActive(job)));
    return this.node;
  }

  place(index, kind, make) {
    const here = this.drawn[index];
    if (here?.kind === kind) return here;
    const made = { kind, node: make(), blocks: [] };
    if (here) here.node.replaceWith(made.node);
    else this.node.insertBefore(made.node, this.end || null);
    return (this.drawn[index] = made);
  }

  words(index, text) {
    const part = this.place(index, "words", () => h("div", { class: "text" }));
    const blocks = blocksOf(text);
    blocks.forEach((block, at) => {
      const before = part.blocks[at];
      const source = JSON.stringify(block);
      if (before?.source === source) return;
      if (before && grows(before, block))
        before.node.firstChild.appendData(block.items[0].slice(before.block.items[0].length));
      else {
        const node = draw(block);
        if (before) before.node.replaceWith(node);
        else part.node.append(node);
        part.blocks[at] = { node };
      }
      Object.assign(part.blocks[at], { source, block });
    });
    part.blocks.splice(blocks.length).forEach(({ node }) => node.remove());
  }

  picture(index, output, number) {
    const kind = output ? `picture ${output.id}` : "awaited";
    this.place(index, kind, () =>
      h(
        "figure",
        { style: output?.width ? `--ratio:${output.width / output.height}` : undefined },
        output
          ? this.shown(output, number)
          : h("div", { class: "awaited" }, icon("image"), h("span", {}, "A picture is on its way")),
      ),
    );
  }

  shown(output, number) {
    const picture = h("img", {
      src: output.poster_url ?? output.url,
      alt: `Picture ${number + 1}`,
      width: output.width ?? 0,
      height: output.height ?? 0,
      decoding: "async",
    });
    return this.press
      ? h(
          "button",
          { type: "button", "aria-label": `Picture ${number + 1}, larger`, onclick: () => this.press(number) },
          picture,
        )
      : picture;
  }
}

/** Whether a paragraph only became longer: then its text node does, and nothing is drawn anew. */
function grows({ node, block: before }, block) {
  const [old, now] = [before.items[0], block.items[0]];
  return (
    before.kind === "words" &&
    block.kind === "words" &&
    now.startsWith(old) &&
    !/[*`[\]!]/.test(now) &&
    node.firstChild?.nodeType === Node.TEXT_NODE &&
    node.childNodes.length === 1
  );
}

const COPY = "Copy as Markdown";

/** What can be done with a finished article: keep it whole, or take its words elsewhere. */
export function articleActs(job, { kind = "" } = {}) {
  return [
    button({ text: COPY, icon: "copy", kind, press: (node) => copy(job, node) }),
    h(
      "a",
      { class: `press ${kind}`, href: `/studio/jobs/${encodeURIComponent(job.id)}/article.zip`, download: "" },
      icon("download"),
      h("span", {}, "Download"),
    ),
  ];
}

/** The article as it was kept; put together from its parts where no file of it is there. */
async function markdownOf(job) {
  const kept = job.outputs?.find((output) => output.kind === "article");
  if (kept) return (await fetch(kept.url)).text();
  let pictures = 0;
  return (job.article ?? [])
    .map((part) => part.text ?? `\n\n![Picture ${(pictures += 1)}](picture-${pictures}.png)\n\n`)
    .join("");
}

async function copy(job, press) {
  const words = press.querySelector(":scope > span:last-child");
  let done = "Copied";
  try {
    const text = await markdownOf(job);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyByHand(text, press);
    }
  } catch {
    done = "Could not be copied";
  }
  announce(done);
  words.textContent = done;
  setTimeout(() => {
    words.textContent = COPY;
  }, 1800);
}

/** Browsers give the clipboard to safe addresses only; elsewhere a selection is copied. */
function copyByHand(text, near) {
  const area = h("textarea", { class: "sr", value: text, readOnly: true });
  near.after(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("the browser did not copy");
}
