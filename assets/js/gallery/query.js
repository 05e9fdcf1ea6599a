// The words of a search as a person edits them: filters put in and taken out, and the word under the caret. The studio
// alone understands them (services/gallery/search_syntax.py).

const PART = /-?(?:[\p{L}]+(?:>=|<=|[:=<>]))?(?:"[^"]*"?|[^\s"]+)/gu;

export const partsOf = (text) => text.match(PART) ?? [];

/** Close a phrase that is still open, or it would swallow what is written behind it. */
const closed = (text) => ((text.match(/"/g)?.length ?? 0) % 2 ? `${text}"` : text);

/** Whether all these filters, parted by spaces, stand in the text. */
export const has = (text, filters) => partsOf(filters).every((one) => partsOf(text).includes(one));

/** With filters where they were not there, without them where they were. Whatever begins like one of `instead` goes. */
export function toggled(text, filters, instead = []) {
  const wished = partsOf(filters);
  const kept = partsOf(closed(text)).filter(
    (one) => !wished.includes(one) && !instead.some((start) => one.startsWith(start)),
  );
  return [...kept, ...(has(text, filters) ? [] : wished)].join(" ");
}

export const quoted = (value) => (/[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value);

/** The word at the caret: `{start, end, text, not, name, value}`. Of a filter, `not` is its minus and `name` its name. */
export function wordAt(text, caret) {
  for (const found of text.matchAll(PART)) {
    const stop = found.index + found[0].length;
    if (found.index <= caret && caret <= stop) return cut(text, found.index, stop);
  }
  return { start: caret, end: caret, text: "", not: "", name: "", value: "" };
}

function cut(text, start, end) {
  const word = text.slice(start, end);
  const [, not = "", name = "", value = word] = word.match(/^(-?)([\p{L}]+):"?([^"]*)"?$/u) ?? [];
  return { start, end, text: word, not, name: name.toLowerCase(), value: value.toLowerCase() };
}
