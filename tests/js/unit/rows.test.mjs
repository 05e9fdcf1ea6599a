// gallery/rows.js: tiles of many shapes in rows of one width.
import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { often } from "./page.mjs";

const { justify, ratioOf } = await import("../../../assets/js/gallery/rows.js");

const GAP = 8;
const NOON = new Date(2026, 4, 20, 12);
const HOUR = 3_600_000;

before(() => mock.timers.enable({ apis: ["Date"], now: NOON }));
after(() => mock.timers.reset());

const jobOf = (width, height, hoursAgo = 0) => ({
  created_at: new Date(NOON - hoursAgo * HOUR).toISOString(),
  outputs: [{ kind: "image", width, height }],
});
const madeJobs = (made, most = 60) =>
  made.list(made.whole(1, most), () => jobOf(made.whole(1, 4000), made.whole(1, 4000)));
const targetOf = (width) => (width < 700 ? 128 : 190);
const sumOf = (items) => items.reduce((sum, { job }) => sum + ratioOf(job), 0);
const roomOf = (items, width) => width - (items.length - 1) * GAP;
const shownWidth = (items) => items.reduce((sum, item) => sum + item.width, (items.length - 1) * GAP);
const isFull = ({ items }, width) => sumOf(items) * targetOf(width) >= roomOf(items, width);
const jobsOf = (rows) => rows.flatMap(({ items }) => items.map(({ job }) => job));

test("a shape is that of the first output with a size, else of the first input with one", () => {
  assert.equal(ratioOf({ outputs: [{ width: 1280, height: 720 }], inputs: [{ width: 1, height: 1 }] }), 1280 / 720);
  assert.equal(
    ratioOf({
      outputs: [
        { width: 0, height: 0 },
        { width: 600, height: 800 },
      ],
    }),
    0.75,
  );
  assert.equal(ratioOf({ outputs: [{ width: null, height: null }], inputs: [{ width: 500, height: 400 }] }), 1.25);
  assert.equal(ratioOf({ outputs: [], inputs: [{}, { width: 400, height: 500 }] }), 0.8);
});

test("what has no size is as wide as a film, a sound nearly square", () => {
  assert.equal(ratioOf({}), 16 / 9);
  assert.equal(ratioOf({ outputs: [{ kind: "video" }] }), 16 / 9);
  assert.equal(ratioOf({ outputs: [{ kind: "audio", width: null }] }), 1.3);
});

test("a shape between the flattest and the tallest is kept, any other is cut to one of the two", () => {
  const [tallest, flattest] = [ratioOf(jobOf(1, 100_000)), ratioOf(jobOf(100_000, 1))];
  assert.ok(tallest > 0.4 && tallest < 9 / 16 && flattest > 21 / 9 && flattest < 3);
  often((made) => {
    const [width, height] = [made.whole(1, 4000), made.whole(1, 4000)];
    const ratio = ratioOf(jobOf(width, height));
    if (width / height <= tallest) assert.equal(ratio, tallest);
    else if (width / height >= flattest) assert.equal(ratio, flattest);
    else assert.equal(ratio, width / height);
  });
});

test("every job has one tile, and they stand in their order", () => {
  often((made) => {
    const jobs = madeJobs(made);
    assert.deepEqual(jobsOf(justify(jobs, made.whole(0, 2600), { goesOn: made.one([true, false]) }).rows), jobs);
  });
});

test("a full row is as wide as the page, to the pixel", () => {
  let seen = 0;
  often((made) => {
    const width = made.whole(420, 2600);
    for (const { items } of justify(madeJobs(made), width).rows.filter((row) => isFull(row, width))) {
      seen += 1;
      assert.equal(shownWidth(items), width);
    }
  });
  assert.ok(seen > 500, `only ${seen} rows were full`);
});

test("every tile keeps its shape: only rounding, which the last of a row makes good, moves its edges", () => {
  often((made) => {
    const width = made.whole(420, 2600);
    for (const { items, height } of justify(madeJobs(made), width, { goesOn: true }).rows) {
      const full = Math.abs(shownWidth(items) - width) <= items.length;
      const exact = full ? roomOf(items, width) / sumOf(items) : targetOf(width);
      assert.ok(Math.abs(height - exact) <= 0.5, `height ${height} instead of ${exact}`);
      items.forEach((item, at) => {
        const off = Math.abs(item.width - ratioOf(item.job) * exact);
        const most = at === items.length - 1 ? items.length / 2 : 0.5;
        assert.ok(off <= most + 1e-6, `tile ${at} of ${items.length} is ${off} px off`);
      });
    }
  });
});

test("a full row is no higher than wished, and would be with one tile less", () => {
  often((made) => {
    const width = made.whole(420, 2600);
    const { rows } = justify(madeJobs(made), width);
    rows.forEach((row, at) => {
      if (at < rows.length - 1) assert.ok(isFull(row, width));
      if (isFull(row, width)) assert.ok(row.height <= targetOf(width));
      const fewer = row.items.slice(0, -1);
      if (fewer.length) assert.ok(!isFull({ items: fewer }, width));
    });
  });
});

test("rows are lower on a narrow page", () => {
  const heightAt = (width) => justify([jobOf(100, 100)], width).rows[0].height;
  assert.equal(heightAt(699), heightAt(320));
  assert.equal(heightAt(700), heightAt(2600));
  assert.ok(heightAt(699) < heightAt(700));
});

test("whole are the jobs of the full rows, and those rows stay as they are when more jobs come", () => {
  often((made) => {
    const [jobs, width] = [madeJobs(made), made.whole(420, 2600)];
    const { rows, whole } = justify(jobs, width);
    assert.deepEqual(whole, jobs.slice(0, whole.length));
    const full = rows.filter((row) => isFull(row, width));
    assert.deepEqual(whole, full.length ? jobsOf(full) : jobs);
    const before = justify(whole, width);
    assert.deepEqual(before.rows, rows.slice(0, before.rows.length));
    assert.ok(rows.length - before.rows.length <= 1);
    assert.deepEqual(before.whole, whole);
  });
});

test("where no row is full, all jobs are told", () => {
  const jobs = [jobOf(100, 100), jobOf(100, 100)];
  assert.deepEqual(justify(jobs, 1000).whole, jobs);
});

test("a last row that does not go on is as high as wished, however empty or full it is", () => {
  for (let count = 1; count <= 5; count += 1) {
    const { rows } = justify(
      Array.from({ length: count }, () => jobOf(100, 100)),
      1100,
    );
    assert.deepEqual(
      rows.map(({ items, height }) => [height, ...items.map(({ width }) => width)]),
      [[190, ...Array(count).fill(190)]],
    );
  }
});

test("a last row that goes on fills the width once it is well filled, and is left as it is before", () => {
  const last = (count) =>
    justify(
      Array.from({ length: count }, () => jobOf(100, 100)),
      1100,
      { goesOn: true },
    ).rows.at(-1);
  const filled = Array.from({ length: 5 }, (_, at) => shownWidth(last(at + 1).items) === 1100);
  assert.deepEqual(filled, [false, false, false, true, true]);
  assert.equal(last(3).height, 190);
  assert.ok(last(4).height > 190 && last(4).height < 190 / 0.6);
});

test("going on changes nothing but the last row", () => {
  often((made) => {
    const [jobs, width] = [madeJobs(made), made.whole(420, 2600)];
    const [open, shut] = [justify(jobs, width, { goesOn: true }), justify(jobs, width)];
    assert.deepEqual(open.rows.slice(0, -1), shut.rows.slice(0, -1));
    assert.deepEqual(open.whole, shut.whole);
    assert.ok(open.rows.at(-1).height >= shut.rows.at(-1).height);
  });
});

test("a new day begins a new row, and the days before it are whole", () => {
  const ages = [1, 2, 3, 24, 25, 80];
  const { rows, whole } = justify(
    ages.map((age) => jobOf(100, 100, age)),
    1600,
  );
  assert.deepEqual(
    rows.map(({ items }) => items.length),
    [3, 2, 1],
  );
  assert.equal(whole.length, 5);
  often((made) => {
    const hours = made.list(made.whole(1, 40), () => made.whole(0, 200)).sort((a, b) => a - b);
    for (const { items } of justify(
      hours.map((age) => jobOf(made.whole(1, 4000), made.whole(1, 4000), age)),
      made.whole(300, 2600),
    ).rows)
      assert.equal(new Set(items.map(({ job }) => new Date(job.created_at).toDateString())).size, 1);
  }, 60);
});

test("no jobs make no rows", () => {
  assert.deepEqual(justify([], 1000), { rows: [], whole: [] });
  assert.deepEqual(justify([], 0, { goesOn: true }), { rows: [], whole: [] });
});

test("on a page without room every tile can still be pressed, and no number is wrong", () => {
  often((made) => {
    for (const { items, height } of justify(madeJobs(made, 10), made.whole(0, 60), { goesOn: true }).rows) {
      assert.ok(Number.isInteger(height) && height >= 0);
      for (const { width } of items) assert.ok(Number.isInteger(width) && width >= 40);
    }
  });
});

test("a row that is exactly as high as wished is as wide as the page, too", () => {
  const [row] = justify(
    Array.from({ length: 6 }, () => jobOf(600, 800)),
    895,
  ).rows;
  assert.equal(shownWidth(row.items), 895);
});

test("a full row is as wide as a telephone", () => {
  often((made) => {
    const width = made.whole(300, 419);
    for (const row of justify(madeJobs(made), width).rows)
      if (isFull(row, width)) assert.equal(shownWidth(row.items), width);
  });
});
