// gallery/query.js: the words of a search, and filters put in and taken out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { has, partsOf, quoted, toggled, wordAt } from "../../../assets/js/gallery/query.js";
import { often } from "./page.mjs";

const FILTERS = ["is:fav", "kind:video", "family:text", 'in:"For print"', "-tag:cats", "rating>=3", "cost<=1", "fav"];
const WORDS = ["red", "fox", '"on the snow"', "-cat", "snow,ice", "c'est", "雪", "-", "a:b", "tag:", "größe:3"];
const textOf = (made, of = [...WORDS, ...FILTERS]) => made.list(made.whole(0, 7), () => made.one(of)).join(" ");

test("a search falls into words, phrases and filters", () => {
  assert.deepEqual(partsOf('red  fox "on the snow" -cat'), ["red", "fox", '"on the snow"', "-cat"]);
  assert.deepEqual(partsOf('in:"For print" -tag:"big cats" rating>=3'), [
    'in:"For print"',
    '-tag:"big cats"',
    "rating>=3",
  ]);
  assert.deepEqual(partsOf('cost<="1" rating>="3 4" on="1 May"'), ['cost<="1"', 'rating>="3 4"', 'on="1 May"']);
  assert.deepEqual(partsOf('never "closed here'), ["never", '"closed here']);
  assert.deepEqual(partsOf(" \t\n"), []);
});

test("no sign of a search is lost but the spaces between its parts", () => {
  often((made) => {
    const text = made.list(made.whole(0, 25), () => made.one([..."ab:<>=-, é雪🦊'()1"])).join("");
    assert.equal(partsOf(text).join(""), text.replaceAll(" ", ""));
    assert.deepEqual(partsOf(partsOf(text).join(" ")), partsOf(text));
  });
});

test("a filter is there only as a part of its own", () => {
  assert.ok(has("red is:fav fox", "is:fav"));
  assert.ok(!has("red is:favourite", "is:fav"));
  assert.ok(!has("-is:fav", "is:fav"));
  assert.ok(!has('"not is:fav here"', "is:fav"));
  assert.ok(has('fox in:"For print"', 'in:"For print"'));
  assert.ok(!has("", "is:fav"));
});

test("several filters are there only if all are, in whatever order", () => {
  assert.ok(has("kind:video red is:fav", "is:fav kind:video"));
  assert.ok(!has("kind:video red", "is:fav kind:video"));
});

test("toggling puts a filter in where it was not, and takes it out where it was", () => {
  assert.equal(toggled("red fox", "is:fav"), "red fox is:fav");
  assert.equal(toggled("red is:fav fox", "is:fav"), "red fox");
  assert.equal(toggled("", "is:fav"), "is:fav");
  assert.equal(toggled("is:fav", "is:fav"), "");
  often((made) => {
    const [text, filter] = [textOf(made), made.one(FILTERS)];
    assert.equal(has(toggled(text, filter), filter), !has(text, filter));
  });
});

test("toggling leaves all else as it was, in its order", () => {
  often((made) => {
    const [text, filter] = [textOf(made), made.one(FILTERS)];
    const others = (of) => partsOf(of).filter((part) => part !== filter);
    assert.deepEqual(others(toggled(text, filter)), others(text));
  });
});

test("toggling twice gives the search back", () => {
  often((made) => {
    const [text, filter] = [textOf(made, WORDS), made.one(FILTERS)];
    assert.equal(toggled(toggled(text, filter), filter), text);
  });
});

test("of several filters the missing ones are put in, and none stands twice", () => {
  assert.equal(toggled("is:fav red", "is:fav kind:video"), "red is:fav kind:video");
  assert.equal(toggled("kind:video is:fav red", "is:fav kind:video"), "red");
  often((made) => {
    const [text, first] = [textOf(made), made.one(FILTERS)];
    const both = [first, made.one(FILTERS.filter((one) => one !== first))];
    const now = partsOf(toggled(text, both.join(" ")));
    const times = both.map((filter) => now.filter((part) => part === filter).length);
    assert.deepEqual(times, has(text, both.join(" ")) ? [0, 0] : [1, 1]);
  });
});

test("a filter takes the place of those it stands instead of", () => {
  assert.equal(toggled("family:text red family:image", "family:edit", ["family:"]), "red family:edit");
  assert.equal(toggled("family:edit red family:image", "family:edit", ["family:"]), "red");
  assert.equal(toggled("-family:text red", "family:edit", ["family:"]), "-family:text red family:edit");
});

test("a filter is put in after a phrase that nobody has closed yet", () =>
  assert.ok(has(toggled('"red fox', "is:fav"), "is:fav")));

test("a value is quoted only where it must be", () => {
  assert.equal(quoted("cats"), "cats");
  assert.equal(quoted("big cats"), '"big cats"');
  assert.equal(quoted('12" print'), '"12 print"');
  assert.equal(quoted('5"'), '"5"');
  assert.equal(quoted("a\tb"), '"a\tb"');
  assert.equal(quoted(""), "");
});

test("whatever the value, it makes one filter, and the word at its end tells it again", () => {
  often((made) => {
    const value = made.list(made.whole(0, 12), () => made.one([..."abC:<=-,. é雪\"'\u00a0\t"])).join("");
    const filter = `tag:${quoted(value)}`;
    assert.deepEqual(partsOf(filter), [filter]);
    assert.ok(has(`red ${filter} fox`, filter));
    const word = wordAt(`red ${filter}`, 4 + filter.length);
    assert.deepEqual([word.name, word.value], ["tag", value.replaceAll('"', "").toLowerCase()]);
  });
});

test("the word at the caret is the one it stands in or at the end of", () => {
  const text = "red fox tag:Cats";
  const words = Array.from(text, (_, caret) => wordAt(text, caret).text);
  assert.deepEqual(words, [...Array(4).fill("red"), ...Array(4).fill("fox"), ...Array(8).fill("tag:Cats")]);
});

test("the word is told with its place, and between words there is an empty one", () => {
  often((made) => {
    const text = `${made.one(["", " "])}${textOf(made)}${made.one(["", "  "])}`;
    const caret = made.whole(0, text.length);
    const word = wordAt(text, caret);
    assert.equal(text.slice(word.start, word.end), word.text);
    assert.ok(word.start <= caret && caret <= word.end);
    const beside = [text[caret - 1], text[caret]].filter((sign) => sign && sign !== " ");
    if (!beside.length) assert.deepEqual(word, { start: caret, end: caret, text: "", not: "", name: "", value: "" });
    else assert.ok(partsOf(text).includes(word.text));
  });
});

test("a filter at the caret is told by name and value, in small letters and without its quotes", () => {
  const told = (text) => {
    const { not, name, value } = wordAt(text, text.length);
    return [not + name, value];
  };
  assert.deepEqual(told("Tag:Cats"), ["tag", "cats"]);
  assert.deepEqual(told("-tag:cats"), ["-tag", "cats"]);
  assert.deepEqual(told("tag:"), ["tag", ""]);
  assert.deepEqual(told('in:"For pr'), ["in", "for pr"]);
  assert.deepEqual(told('in:"For print"'), ["in", "for print"]);
  assert.deepEqual(told("Red"), ["", "red"]);
  assert.deepEqual(told("rating>=3"), ["", "rating>=3"]);
});
