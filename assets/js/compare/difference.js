// What is not the same between items: rows of values, and the words in which prompts differ. Pure; words.js says the values.
import {
  between,
  catalogue,
  clock,
  cost,
  familyOf,
  isActive,
  modelOf,
  moment,
  parameter,
  stateOf,
  title,
} from "../core/words.js";

const LONG = 28; // signs; a text that is longer is compared by its words
const ALIKE = 0.3; // of its words; a text with fewer of the first is another text
const MOST_PAIRS = 4_000_000; // of words that are compared; beyond it a text is only said to be another one

const SIGN = "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}]";
const PIECE = new RegExp(`\\s+|${SIGN}|(?:(?!${SIGN})[\\p{L}\\p{N}\\p{M}_'’])+|[^\\s]`, "gu");

/** Words, spaces and marks; Chinese, Japanese and Korean signs one by one. */
export const pieces = (text) => text.match(PIECE) ?? [];

/** Which pieces of two texts are in both, in the same order: two lists of booleans. */
function inBoth(first, second) {
  let start = 0;
  let [endA, endB] = [first.length, second.length];
  while (start < endA && start < endB && first[start] === second[start]) start += 1;
  while (endA > start && endB > start && first[endA - 1] === second[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const kept = [first.map((_, at) => at < start || at >= endA), second.map((_, at) => at < start || at >= endB)];
  const [rows, columns] = [endA - start, endB - start];
  if (!rows || !columns || rows * columns > MOST_PAIRS) return kept;
  const lengths = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
  for (let a = rows - 1; a >= 0; a -= 1) {
    for (let b = columns - 1; b >= 0; b -= 1) {
      lengths[a][b] =
        first[start + a] === second[start + b]
          ? lengths[a + 1][b + 1] + 1
          : Math.max(lengths[a + 1][b], lengths[a][b + 1]);
    }
  }
  for (let a = 0, b = 0; a < rows && b < columns;) {
    if (first[start + a] === second[start + b]) {
      kept[0][start + a] = kept[1][start + b] = true;
      a += 1;
      b += 1;
    } else if (lengths[a + 1][b] >= lengths[a][b + 1]) a += 1;
    else b += 1;
  }
  return kept;
}

/** Whether so much of a text is in the other that marking the rest says something. */
const isAlike = (text, kept) => {
  const words = kept.filter((_, at) => text[at].trim());
  return words.filter(Boolean).length >= words.length * ALIKE;
};

/** Each text as pieces `{ text, own }`: `own` is not in the first text, or of the first not in every other one. A text
 * that has next to nothing of the first is another text, and no word of it is marked. */
export function marked(texts) {
  const split = texts.map(pieces);
  const [first] = split;
  const common = first.map(() => true);
  const marks = split.map((text, index) => {
    if (!index) return null;
    const [ofFirst, ofThis] = inBoth(first, text);
    if (!isAlike(text, ofThis) && !isAlike(first, ofFirst)) return text.map(() => true);
    ofFirst.forEach((kept, at) => {
      common[at] &&= kept;
    });
    return ofThis;
  });
  marks[0] = common;
  return split.map((text, index) => joined(text.map((piece, at) => ({ text: piece, own: !marks[index][at] }))));
}

/** Neighbours of the same kind together; a space between two marked words is marked with them. */
function joined(list) {
  const out = [];
  list.forEach((piece, at) => {
    const blank = /^\s+$/.test(piece.text);
    const own = blank ? Boolean(list[at - 1]?.own && list[at + 1]?.own) : piece.own;
    if (out.length && out.at(-1).own === own) out.at(-1).text += piece.text;
    else out.push({ text: piece.text, own });
  });
  return out;
}

/**
 * Say what can be said of items: `{ label, values, differs, words }`; `words` are pieces per item if a text differs.
 * @param {JobView[]} jobs
 */
export function rows(jobs) {
  const names = [...new Set(jobs.flatMap((job) => Object.keys(job.parameters ?? {})))];
  const row = (label, say, { short = false } = {}) => ({ label, values: jobs.map((job) => say(job) ?? ""), short });
  const all = [
    row("Model", modelOf, { short: true }),
    row("Kind of work", familyOf),
    row("Prompt", (job) => job.prompt),
    ...names.map((name) =>
      row(
        parameter(name, "")[0],
        (job) => (name in (job.parameters ?? {}) ? parameter(name, job.parameters[name])[1] : ""),
        { short: true },
      ),
    ),
    row("Prompt as the model read it", (job) => job.rewritten_prompt),
    row("Given", (job) => (job.inputs ?? []).map((input) => input.name).join(", ")),
    row("Result", resultOf),
    row("Length", (job) => (job.outputs?.[0]?.seconds ? `${Number(job.outputs[0].seconds.toFixed(2))} s` : "")),
    row("Cost", cost),
    row("Took", (job) => (job.finished_at && !isActive(job) ? clock(between(job.created_at, job.finished_at)) : "")),
    row("Region", (job) => catalogue.regions?.[job.region] ?? job.region),
    row("State", (job) => stateOf(job)),
    row("Made", (job) => moment(job.created_at)),
  ];
  // A clip is mostly as long as was asked for: that is not said twice.
  const isNew = ({ label, values }, at) =>
    !all.slice(0, at).some((other) => other.label === label && other.values.join() === values.join());
  return all
    .filter((one, at) => one.values.some(Boolean) && isNew(one, at))
    .map((one) => {
      const differs = new Set(one.values).size > 1;
      const long = differs && one.values.some((value) => value.length > LONG);
      return { ...one, differs, words: long ? marked(one.values) : null };
    });
}

/** @param {JobView} job */
function resultOf(job) {
  const output = job.outputs?.[0];
  const pictures = (job.outputs ?? []).filter(({ kind }) => kind === "image").length;
  return [output?.width ? `${output.width} × ${output.height}` : "", pictures > 1 ? `${pictures} pictures` : ""]
    .filter(Boolean)
    .join(", ");
}

/**
 * Name each item in short: by what tells it from the others, else by its model, else by its own name.
 * @param {JobView[]} jobs
 */
export function shortNames(jobs, said = rows(jobs)) {
  const telling = said.filter((row) => row.short && row.differs && !row.words);
  return jobs.map((job, index) => {
    const words = telling
      .filter(({ values }) => values[index])
      .slice(0, 3)
      .map(({ label, values }) => (label === "Model" ? values[index] : `${label} ${values[index]}`));
    return words.length ? words.join(" · ") : modelOf(job) || title(job);
  });
}
