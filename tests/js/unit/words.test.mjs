// core/words.js: how a job, its times and its money are said.
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { catalogue, often } from "./page.mjs";

process.env.TZ = "Europe/Berlin";
const words = await import("../../../assets/js/core/words.js");

const ACTIVE = ["queued", "uploading", "submitting", "pending", "running", "saving"];
const ENDED = ["succeeded", "failed", "canceled", "unknown"];

const itIs = (...date) => mock.timers.enable({ apis: ["Date"], now: new Date(...date) });
afterEach(() => mock.timers.reset());

// States --------------------------------------------------------------------------------------------------------------

test("a job is active until it ends or waits for a person", () => {
  for (const status of ACTIVE) {
    assert.ok(words.isActive({ status }), status);
    assert.ok(!words.isActive({ status, decision_wanted: true }), status);
  }
  for (const status of ENDED) assert.ok(!words.isActive({ status }), status);
});

test("a job is done only when it has something to show", () => {
  assert.ok(words.isDone({ status: "succeeded", outputs: [{}] }));
  for (const job of [
    { status: "succeeded", outputs: [] },
    { status: "succeeded" },
    { status: "running", outputs: [{}] },
    { status: "failed", outputs: [{}] },
  ])
    assert.ok(!words.isDone(job), JSON.stringify(job));
});

test("the steps of a job only go on, each active state is in one of them, and success is past them all", () => {
  const steps = ACTIVE.map((status) => words.stepOf({ status }));
  assert.deepEqual(
    steps,
    [...steps].sort((a, b) => a - b),
  );
  assert.deepEqual([...new Set(steps)], [...words.STEPS.keys()]);
  assert.equal(words.stepOf({ status: "succeeded" }), words.STEPS.length);
  for (const status of ENDED.slice(1)) assert.equal(words.stepOf({ status }), -1);
});

test("every state has words of its own, and a wanted decision is said before what goes on", () => {
  const said = [...ACTIVE, ...ENDED].map((status) => words.stateOf({ status }));
  assert.ok(said.every(Boolean));
  assert.equal(new Set(said).size, said.length);
  for (const status of ACTIVE) assert.equal(words.stateOf({ status, decision_wanted: true }), "Waiting for you");
  for (const status of ENDED) assert.equal(words.stateOf({ status, decision_wanted: true }), words.stateOf({ status }));
});

// Money ---------------------------------------------------------------------------------------------------------------

test("money that is not known is not said", () => {
  for (const amount of [null, undefined, "", "a lot", Number.NaN]) assert.equal(words.money(amount, "USD"), "");
});

test("whole cents are said with two digits, whatever the sum was added up from", () => {
  assert.equal(words.money(0, "USD"), "$0.00");
  assert.equal(words.money(0.1 + 0.2, "USD"), "$0.30");
  often((made) => {
    const cents = made.whole(0, 1_000_000);
    const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
    assert.equal(words.money(cents / 100, "USD"), `$${text}`);
    assert.equal(words.money(text, "USD"), `$${text}`);
  });
});

test("parts of a cent are said, up to four digits and without noughts at the end", () => {
  assert.equal(words.money(0.005, "USD"), "$0.005");
  assert.equal(words.money(1.2345, "CNY"), "¥1.2345");
  often((made) => {
    const amount = made.whole(0, 1_000_000) / 10_000;
    const text = words.money(amount, "USD");
    assert.match(text, /^\$\d+\.\d\d(\d?[1-9])?$/);
    assert.equal(Number(text.slice(1)), amount);
  });
});

test("a currency has its sign before the sum, or its name behind it", () => {
  assert.equal(words.money(2, "USD"), "$2.00");
  assert.equal(words.money(2, "CNY"), "¥2.00");
  assert.equal(words.money(2, "EUR"), "2.00 EUR");
});

test("sums with more than four digits look like money, too", () => {
  for (const amount of [0.00001, 12.00001, 0.30001, 0.99996])
    assert.match(words.money(amount, "USD"), /^\$\d+\.\d\d/, `${amount}`);
  assert.equal(words.money(-0.5, "USD"), "-$0.50");
});

test("a running job costs its estimate, an ended one its bill, and one that ended without a bill nothing", () => {
  const cost = { estimated: 0.5, actual: null, currency: "USD" };
  assert.equal(words.cost({ status: "running", cost }), "$0.50");
  assert.equal(words.cost({ status: "running", cost: { ...cost, at_most: true } }), "up to $0.50");
  assert.equal(words.cost({ status: "saving", cost: { ...cost, actual: 0.25 } }), "$0.50");
  assert.equal(words.cost({ status: "succeeded", cost: { ...cost, actual: 0.25, at_most: true } }), "$0.25");
  assert.equal(words.cost({ status: "succeeded", cost }), "$0.50");
  for (const status of ["failed", "canceled"]) assert.equal(words.cost({ status, cost }), "$0.00");
});

test("where nobody knows whether it was billed, the estimate is the most it cost", () => {
  const [error, cost] = [{ billed: "unknown" }, { estimated: 0.5, actual: null, currency: "USD" }];
  assert.equal(words.cost({ status: "failed", error, cost }), "up to $0.50");
  assert.equal(words.cost({ status: "failed", error, cost: { ...cost, actual: 0.25 } }), "$0.25");
});

test("a demo says what it would cost", () => {
  const cost = { estimated: 0.5, actual: null, currency: "USD" };
  assert.equal(words.cost({ status: "succeeded", demo: true, cost }), "would be $0.50");
});

// Times ---------------------------------------------------------------------------------------------------------------

test("a clock shows hours only where there are some, and adds up to the whole seconds", () => {
  assert.deepEqual([0, 5, 65, 599, 3599, 3600, 36061].map(words.clock), [
    "0:00",
    "0:05",
    "1:05",
    "9:59",
    "59:59",
    "1:00:00",
    "10:01:01",
  ]);
  often((made) => {
    const seconds = made.between(0, made.one([60, 3600, 400_000]));
    const text = words.clock(seconds);
    assert.match(text, seconds < 3600 ? /^\d{1,2}:[0-5]\d$/ : /^\d+:[0-5]\d:[0-5]\d$/);
    assert.equal(
      text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0),
      Math.floor(seconds),
    );
  });
});

test("a clock begins at nought", () => {
  assert.equal(words.clock(-0.5), "0:00");
  assert.equal(words.clock(-3600), "0:00");
});

test("times between two moments are in seconds, and since is until now", () => {
  itIs(2026, 0, 5, 12);
  often((made) => {
    const [from, length] = [made.whole(0, 2e12), made.whole(-1e7, 1e7)];
    const iso = (ms) => new Date(ms).toISOString();
    assert.equal(words.between(iso(from), iso(from + length)), length / 1000);
    assert.equal(words.since(iso(Date.now() - length)), length / 1000);
  });
  assert.equal(words.between("2026-01-05T11:00:00Z", "2026-01-05T12:00:01.5+01:00"), 1.5);
});

test("days are called today and yesterday by the calendar, not by the hours gone by", () => {
  itIs(2026, 0, 5, 0, 30);
  const dayOf = (...date) => words.day(new Date(...date).toISOString());
  assert.equal(dayOf(2026, 0, 5, 0, 0), "Today");
  assert.equal(dayOf(2026, 0, 5, 0, 30), "Today");
  assert.equal(dayOf(2026, 0, 4, 23, 59), "Yesterday");
  assert.equal(dayOf(2026, 0, 4, 0, 0), "Yesterday");
  assert.ok(!["Today", "Yesterday"].includes(dayOf(2026, 0, 3, 23, 59)));
});

test("a clock that is a little behind the studio's calls nothing tomorrow", () => {
  itIs(2026, 0, 5, 23, 59);
  assert.equal(words.day(new Date(2026, 0, 6, 0, 1).toISOString()), "Today");
});

test("an earlier day is said with its number, and its year only where that is another one", () => {
  itIs(2026, 5, 20, 12);
  const said = (...date) => words.day(new Date(...date).toISOString());
  assert.match(said(2026, 2, 17, 12), /\b17\b/);
  assert.doesNotMatch(said(2026, 2, 17, 12), /20\d\d/);
  assert.match(said(2025, 2, 17, 12), /\b17\b/);
  assert.match(said(2025, 2, 17, 12), /2025/);
});

test("all hours of a day have one name, and no two days share it", () => {
  itIs(2026, 6, 20, 12);
  const names = Array.from({ length: 60 }, (_, ago) => {
    const hours = [0, 0.5, 7, 12, 23.5].map((hour) => new Date(2026, 6, 20 - ago, 0, hour * 60));
    return new Set(hours.map((one) => words.day(one.toISOString())));
  });
  for (const name of names) assert.equal(name.size, 1, [...name].join(" and "));
  assert.equal(new Set(names.flatMap((name) => [...name])).size, 60);
});

test("a day of 23 or 25 hours is called like any other", () => {
  itIs(2026, 9, 26, 12); // the 25th had 25 hours
  assert.equal(words.day(new Date(2026, 9, 25, 0, 30).toISOString()), "Yesterday");
  mock.timers.reset();
  itIs(2026, 2, 30, 12); // the 29th had 23 hours
  assert.notEqual(words.day(new Date(2026, 2, 28, 23, 30).toISOString()), "Yesterday");
});

test("a moment is its day and its time, and nothing where there is none", () => {
  itIs(2026, 0, 5, 12);
  for (const none of [null, undefined, ""]) assert.equal(words.moment(none), "");
  assert.match(words.moment(new Date(2026, 0, 5, 9, 41).toISOString()), /^Today, .*9.41/);
  assert.match(words.moment(new Date(2026, 0, 4, 9, 41).toISOString()), /^Yesterday, .*9.41/);
});

// Sizes and numbers ---------------------------------------------------------------------------------------------------

test("a file's size is said in the largest unit of which there is one", () => {
  assert.equal(words.fileSize(0), "0 KB");
  assert.equal(words.fileSize(1), "1 KB");
  assert.equal(words.fileSize(1536), "2 KB");
  assert.equal(words.fileSize(2 ** 20), "1.0 MB");
  assert.equal(words.fileSize(1.5 * 2 ** 20), "1.5 MB");
  assert.equal(words.fileSize(2 ** 30), "1.0 GB");
  assert.equal(words.fileSize(2.25 * 2 ** 40), "2304.0 GB");
});

test("a file's size is told to within half of its last digit", () => {
  const units = { KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };
  often((made) => {
    const bytes = Math.floor(2 ** made.between(10, 40));
    const [number, unit] = words.fileSize(bytes).split(" ");
    const half = units[unit] * (unit === "KB" ? 0.5 : 0.05);
    assert.ok(Math.abs(Number(number) * units[unit] - bytes) <= half + 1e-6, words.fileSize(bytes));
    assert.ok(bytes + half >= units[unit]);
  });
});

test("a size just short of a unit is said in that unit", () => {
  assert.equal(words.fileSize(2 ** 20 - 1), "1.0 MB");
  assert.equal(words.fileSize(2 ** 30 - 1), "1.0 GB");
});

test("pictures are counted in words, and none are not said", () => {
  assert.deepEqual([0, 1, 2, 12].map(words.counted), ["", "1 picture", "2 pictures", "12 pictures"]);
  assert.equal(words.counted(undefined), "");
});

// Jobs ----------------------------------------------------------------------------------------------------------------

const NAMED = {
  prompt: "  a red fox ",
  imported: true,
  outputs: [{ name: "taken.mp4" }],
  inputs: [{ name: "given.png" }],
  model: "wan",
  model_title: "Wan",
};

test("a job is called by its prompt, else its imported file, else its first input, else its model", () => {
  assert.equal(words.title(NAMED), "a red fox");
  for (const prompt of ["", " \n", null, undefined]) assert.equal(words.title({ ...NAMED, prompt }), "taken.mp4");
  assert.equal(words.title({ ...NAMED, prompt: "", imported: false }), "given.png");
  assert.equal(words.title({ ...NAMED, prompt: "", imported: true, outputs: [] }), "given.png");
  assert.equal(words.title({ ...NAMED, prompt: "", imported: false, inputs: [] }), "Wan");
  assert.equal(words.title({ prompt: "", model: "imported", model_title: "imported" }), "From a file");
});

test("no job is without a name", () => {
  often((made) => {
    const job = Object.fromEntries(Object.entries(NAMED).filter(() => made.one([true, false])));
    assert.ok(words.title({ ...job, prompt: made.one(["", " ", undefined]) }).trim());
  });
});

test("a model and a kind of work that a file did not tell are not said by their stand-in", () => {
  assert.equal(words.modelOf({ model: "imported", model_title: "imported" }), "");
  assert.equal(words.modelOf({ model: "wan", model_title: "Wan" }), "Wan");
  assert.equal(words.familyOf({ family: "imported" }), "From a file");
  assert.equal(words.familyOf({ family: "text-to-video" }), catalogue.families["text-to-video"].label);
  assert.equal(words.familyOf({ family: "gone" }), "gone");
});

test("a kind of file has its names from the catalogue, and another one is a file", () => {
  assert.deepEqual(words.kindNames("image"), ["picture", "pictures"]);
  assert.deepEqual(words.kindNames("hologram"), ["file", "files"]);
});

test("facts are the model, then the size, then the length", () => {
  const job = {
    model: "wan",
    model_title: "Wan",
    outputs: [{ kind: "video", width: 1280, height: 720, seconds: 5.04 }],
  };
  assert.equal(words.facts(job), "Wan · 1280 × 720 · 5 s");
  assert.equal(words.facts({ ...job, demo: true }), "Demo · Wan · 1280 × 720 · 5 s");
  assert.equal(words.facts({ ...job, outputs: [{ kind: "audio", seconds: 12.34 }] }), "Wan · 12.3 s");
});

test("several pictures are counted among the facts, a single one is not", () => {
  const picture = { kind: "image", width: 1024, height: 768 };
  const job = (count) => ({ model: "wan", model_title: "Wan", outputs: Array(count).fill(picture) });
  assert.equal(words.facts(job(1)), "Wan · 1024 × 768");
  assert.equal(words.facts(job(3)), "Wan · 3 pictures · 1024 × 768");
});

test("an article is said to be one, with its pictures and without their size", () => {
  const job = { model: "wan", model_title: "Wan", article: [{}] };
  const picture = { kind: "image", width: 1024, height: 768 };
  assert.equal(words.facts(job), "Wan · Article");
  assert.equal(words.facts({ ...job, outputs: [picture] }), "Wan · Article · 1 picture");
});

test("where nothing is known there are no facts", () => {
  assert.equal(words.facts({ model: "imported", outputs: [] }), "");
  assert.equal(words.facts({}), "");
});

test("a parameter is said with its label, and its value as the catalogue has it", () => {
  assert.deepEqual(words.parameter("size", "1280*720"), ["Size", "1280 × 720"]);
  assert.deepEqual(words.parameter("duration", 5), ["Length", "5 s"]);
  assert.deepEqual(words.parameter("shot_type", "multi"), ["Shots", "Several shots"]);
  assert.deepEqual(words.parameter("shot_type", "third"), ["Shots", "third"]);
  assert.deepEqual(words.parameter("prompt_extend", true), ["prompt extend", "On"]);
  assert.deepEqual(words.parameter("a_b_c", false), ["a b c", "Off"]);
  assert.deepEqual(words.parameter("seed", 0), ["seed", "0"]);
});
