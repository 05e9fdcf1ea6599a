// compare/difference.js: the words in which prompts differ, rows of values, short names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { often } from "./page.mjs";

const { marked, pieces, rows, shortNames } = await import("../../../assets/js/compare/difference.js");

const WORDS = ["a", "red", "fox", "runs", "over", "the", "snow", "at", "night", ",", ".", "雪", "ne-ige", "Übung"];
const SPACES = [" ", "  ", "\n"];
const madeText = (made, most = 20) => made.list(made.whole(0, most), () => made.one(WORDS) + made.one(SPACES)).join("");
/** A text and another one that was made from it by a few changes. */
const madePair = (made) => {
  const first = made.list(made.whole(6, 20), () => made.one(WORDS));
  const second = first.flatMap((word) => made.one([[word], [word], [word], [], [word, "new"], ["other"]]));
  return [first.join(" "), second.join(" ")];
};
const textOf = (list) => list.map(({ text }) => text).join("");
const ownOf = (list) => list.filter(({ own }) => own).map(({ text }) => text);
const isPartOf = (few, all) => {
  let at = 0;
  for (const one of all) if (one === few[at]) at += 1;
  return at === few.length;
};
/** The pieces of a text that are shared, without the spaces. */
const sharedOf = (list) =>
  list.filter(({ own }) => !own).flatMap(({ text }) => pieces(text).filter((one) => one.trim()));

// Pieces --------------------------------------------------------------------------------------------------------------

test("pieces are words, spaces and single marks, and together they are the text", () => {
  assert.deepEqual(pieces("A fox's den, 4k!"), ["A", " ", "fox's", " ", "den", ",", " ", "4k", "!"]);
  assert.deepEqual(pieces("a  \n b"), ["a", "  \n ", "b"]);
  assert.deepEqual(pieces(""), []);
  often((made) => {
    const text = made.list(made.whole(0, 30), () => made.one([..."ab é1_'’,.!雪の눈🦊\u0301 \n"])).join("");
    assert.equal(pieces(text).join(""), text);
  });
});

test("signs of Chinese, Japanese and Korean stand one by one", () => {
  assert.deepEqual(pieces("雪の上 눈위"), ["雪", "の", "上", " ", "눈", "위"]);
});

test("they do so behind a Latin word, too", () => {
  assert.deepEqual(pieces("4K画质"), ["4K", "画", "质"]);
});

// Marked --------------------------------------------------------------------------------------------------------------

test("each text stays what it was, however it is cut and marked", () => {
  often((made) => {
    const texts = [...madePair(made), ...made.list(made.whole(0, 2), () => madeText(made))];
    assert.deepEqual(marked(texts).map(textOf), texts);
  });
});

test("neighbours are never of the same kind, and no piece is empty", () => {
  often((made) => {
    for (const list of marked([...madePair(made), madeText(made)])) {
      assert.ok(list.every(({ text }) => text));
      list.slice(1).forEach((piece, at) => assert.notEqual(piece.own, list[at].own));
    }
  });
});

test("of equal texts, and of a text alone, no word is marked", () => {
  often((made) => {
    const text = madeText(made);
    for (const list of marked(Array(made.whole(1, 4)).fill(text))) assert.deepEqual(ownOf(list), []);
  });
});

test("what is not marked stands in both texts, in the same order", () => {
  let seen = 0;
  often((made) => {
    const pair = madePair(made);
    const lists = marked(pair);
    if (!lists.some((list) => ownOf(list).length)) return;
    seen += 1;
    assert.deepEqual(sharedOf(lists[0]), sharedOf(lists[1]));
    lists.forEach((list, index) => assert.ok(isPartOf(sharedOf(list), pieces(pair[1 - index]))));
  });
  assert.ok(seen > 200, `only ${seen} pairs were alike`);
});

test("a word that was put in, taken out or changed is marked, and nothing else", () => {
  const long = "a red fox runs over the snow at night";
  const told = (second) => marked([long, second]).map(ownOf);
  assert.deepEqual(told("a red fox runs over the deep snow at night"), [[], ["deep"]]);
  assert.deepEqual(told("a fox runs over the snow at night"), [["red"], []]);
  assert.deepEqual(told("a red hare runs over the snow at noon"), [
    ["fox", "night"],
    ["hare", "noon"],
  ]);
});

test("a space is marked only between two marked words", () => {
  const [first, second] = marked(["one red fox in the snow", "one big grey fox in the snow"]);
  assert.deepEqual(ownOf(first), ["red"]);
  assert.deepEqual(ownOf(second), ["big grey"]);
});

test("of the first text a word is marked that any other one lacks", () => {
  const [first, second, third] = marked([
    "a red fox runs over the snow",
    "a fox runs over the snow",
    "a red fox runs over the ice",
  ]);
  assert.deepEqual(ownOf(first), ["red", "snow"]);
  assert.deepEqual(ownOf(second), []);
  assert.deepEqual(ownOf(third), ["ice"]);
});

test("in a text that has next to nothing of the first, no word is marked, nor of the first because of it", () => {
  const [first, second, other] = marked([
    "a red fox runs over the snow",
    "a red hare runs over the snow",
    "neon city, rain, slow camera, wide lens",
  ]);
  assert.deepEqual(ownOf(first), ["fox"]);
  assert.deepEqual(ownOf(second), ["hare"]);
  assert.deepEqual(ownOf(other), []);
});

test("a short text that is wholly in a long one is like it", () => {
  const [, second] = marked(["red fox", "a red fox runs over the snow at night and sleeps by day"]);
  assert.deepEqual(sharedOf(second), ["red", "fox"]);
});

test("a change in a text of thousands of words is marked", () => {
  const texts = ["fox", "hare"].map((word) => `${"so it goes on, ".repeat(2000)}the ${word}${" and on".repeat(2000)}`);
  assert.deepEqual(marked(texts).map(ownOf), [["fox"], ["hare"]]);
});

test("two texts of thousands of words that differ from end to end are not compared: one is another text", () => {
  const text = (cycle) => Array.from({ length: 3000 }, (_, at) => `${cycle} ${"abcdefg"[at % cycle]}`).join(" ");
  const short = (of) => of.slice(0, 400);
  assert.ok(marked([text(5), text(7)].map(short)).some((list) => ownOf(list).length));
  assert.deepEqual(marked([text(5), text(7)]).map(ownOf), [[], []]);
});

// Rows ----------------------------------------------------------------------------------------------------------------

const JOB = {
  family: "text-to-video",
  model: "wan",
  model_title: "Wan",
  region: "intl",
  status: "succeeded",
  prompt: "a red fox runs over the snow at night",
  parameters: { size: "1280*720", duration: 5 },
  outputs: [{ kind: "video", width: 1280, height: 720, seconds: 5 }],
  inputs: [],
  cost: { actual: 0.5, currency: "USD" },
  created_at: "2026-01-05T10:00:00Z",
  finished_at: "2026-01-05T10:01:05Z",
};
const rowOf = (jobs, label) => rows(jobs).find((row) => row.label === label);

test("a row holds one value for each item, in words", () => {
  const said = rows([JOB, { ...JOB, model_title: "Qwen" }]);
  for (const { values } of said) assert.equal(values.length, 2);
  const values = Object.fromEntries(said.map((row) => [row.label, row.values[0]]));
  assert.deepEqual(
    { ...values, Made: "" },
    {
      Model: "Wan",
      "Kind of work": "Text to video",
      Prompt: JOB.prompt,
      Size: "1280 × 720",
      Length: "5 s",
      Result: "1280 × 720",
      Cost: "$0.50",
      Took: "1:05",
      Region: "Singapore",
      State: "Done",
      Made: "",
    },
  );
  assert.ok(values.Made);
});

test("a row differs where its values do", () => {
  const said = rows([JOB, { ...JOB, model_title: "Qwen", parameters: { ...JOB.parameters, size: "720*1280" } }, JOB]);
  const differing = said.filter(({ differs }) => differs).map(({ label }) => label);
  assert.deepEqual(differing, ["Model", "Size"]);
  assert.ok(rows([JOB, { ...JOB }]).every(({ differs, words }) => !differs && words === null));
});

test("what no item says has no row, and what one lacks is empty there", () => {
  const bare = { ...JOB, parameters: {}, inputs: [{ name: "fox.png" }, { name: "hare.png" }] };
  assert.equal(rowOf([JOB], "Given"), undefined);
  assert.deepEqual(rowOf([JOB, bare], "Given").values, ["", "fox.png, hare.png"]);
  assert.deepEqual(rowOf([JOB, bare], "Size").values, ["1280 × 720", ""]);
});

test("a length is said twice only where the clip is not as long as was asked for", () => {
  const lengths = (seconds) =>
    rows([{ ...JOB, outputs: [{ ...JOB.outputs[0], seconds }] }])
      .filter(({ label }) => label === "Length")
      .map(({ values }) => values[0]);
  assert.deepEqual(lengths(5), ["5 s"]);
  assert.deepEqual(lengths(5.0417), ["5 s", "5.04 s"]);
});

test("long texts that differ come with their words marked, short ones do not", () => {
  const other = "a red hare runs over the snow at night";
  const { words, values } = rowOf([JOB, { ...JOB, prompt: other }], "Prompt");
  assert.deepEqual(words.map(textOf), values);
  assert.deepEqual(words.map(ownOf), [["fox"], ["hare"]]);
  assert.equal(rowOf([JOB, { ...JOB, model_title: "Qwen" }], "Model").words, null);
});

test("how long it took is said only of what has ended", () => {
  assert.equal(rowOf([{ ...JOB, status: "running" }], "Took"), undefined);
  assert.equal(rowOf([{ ...JOB, finished_at: null }], "Took"), undefined);
});

test("several pictures are counted, with the size of the first", () => {
  const picture = { kind: "image", width: 1024, height: 1024 };
  assert.deepEqual(rowOf([{ ...JOB, outputs: [picture, picture, picture] }], "Result").values, [
    "1024 × 1024, 3 pictures",
  ]);
  assert.deepEqual(rowOf([{ ...JOB, outputs: [picture] }], "Result").values, ["1024 × 1024"]);
});

test("a short name is what tells an item from the others", () => {
  const size = { ...JOB, parameters: { size: "720*1280", duration: 5 } };
  assert.deepEqual(shortNames([JOB, size]), ["Size 1280 × 720", "Size 720 × 1280"]);
  assert.deepEqual(shortNames([JOB, { ...JOB, model_title: "Qwen" }]), ["Wan", "Qwen"]);
  assert.deepEqual(shortNames([JOB, { ...size, model_title: "Qwen" }]), [
    "Wan · Size 1280 × 720",
    "Qwen · Size 720 × 1280",
  ]);
});

test("a short name has at most three parts", () => {
  const with5 = (value) => ({ ...JOB, parameters: { a: value, b: value, c: value, d: value, e: value } });
  assert.deepEqual(shortNames([with5(1), with5(2)]), ["a 1 · b 1 · c 1", "a 2 · b 2 · c 2"]);
});

test("who differs in nothing is called by the model, and without one by its own name", () => {
  assert.deepEqual(shortNames([JOB, { ...JOB }]), ["Wan", "Wan"]);
  const imported = { ...JOB, model: "imported", model_title: "imported" };
  assert.deepEqual(shortNames([imported, { ...imported }]), [JOB.prompt, JOB.prompt]);
});
