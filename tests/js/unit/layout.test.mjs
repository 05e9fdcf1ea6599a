// compare/view.js and viewer/frames.js: columns and rows for several items, and the frame at a moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { layout } from "../../../assets/js/compare/view.js";
import { frameAt } from "../../../assets/js/viewer/frames.js";
import { often } from "./page.mjs";

const madeRoom = (made) => ({ width: made.whole(320, 2600), height: made.whole(400, 1400), gap: 12, line: 40 });
/** How wide an item of this shape is in a grid of so many columns. */
const shownIn = (columns, count, shape, { width, height, gap, line }) => {
  const down = Math.ceil(count / columns);
  const fitting = ((height - gap * (down - 1)) / down - line) * shape;
  return Math.max(1, Math.min((width - gap * (columns - 1)) / columns, fitting));
};

test("every item has a place, and no row is empty", () => {
  often((made) => {
    const shapes = made.list(made.whole(1, 9), () => made.between(0.5, 2.4));
    const { columns, rows } = layout(shapes, madeRoom(made));
    assert.ok(columns * rows >= shapes.length);
    assert.ok(columns * (rows - 1) < shapes.length);
  });
});

test("items of one shape come out about as wide as in any other grid, or wider", () => {
  often((made) => {
    const [count, shape, room] = [made.whole(1, 9), made.between(0.5, 2.4), madeRoom(made)];
    const { columns } = layout(Array(count).fill(shape), room);
    const widths = Array.from({ length: count }, (_, at) => shownIn(at + 1, count, shape, room));
    assert.ok(widths[columns - 1] * 1.011 >= Math.max(...widths));
  });
});

test("wide items stand above each other in a tall room, tall ones side by side in a wide room", () => {
  const tall = { width: 600, height: 1400, gap: 12, line: 40 };
  const wide = { width: 1400, height: 600, gap: 12, line: 40 };
  const told = ({ columns, rows }) => [columns, rows];
  assert.deepEqual(told(layout([16 / 9, 16 / 9], tall)), [1, 2]);
  assert.deepEqual(told(layout([9 / 16, 9 / 16], wide)), [2, 1]);
  assert.deepEqual(told(layout([1, 1, 1, 1], { width: 1000, height: 1080, gap: 12, line: 40 })), [2, 2]);
});

test("no column is narrower than it may be, but a single one", () => {
  often((made) => {
    const shapes = made.list(made.whole(1, 9), () => made.between(0.5, 2.4));
    const [room, least] = [madeRoom(made), made.whole(100, 700)];
    const { columns } = layout(shapes, { ...room, least });
    if (columns > 1) assert.ok((room.width - room.gap * (columns - 1)) / columns >= least);
  });
});

test("the frame at a moment is the last that has begun", () => {
  often((made) => {
    let start = 0;
    const starts = made.list(made.whole(1, 200), () => (start += made.between(0.005, 0.1)));
    const seconds = made.between(starts[0], starts.at(-1) + 1);
    const begun = starts.filter((one) => one <= seconds + 1e-4).length;
    assert.equal(frameAt(starts, seconds), begun - 1);
  });
});

test("a frame is found again at its own start, in spite of rounding, and before the first there is the first", () => {
  const starts = Array.from({ length: 100 }, (_, at) => at / 30);
  starts.forEach((start, number) => {
    assert.equal(frameAt(starts, start), number);
    assert.equal(frameAt(starts, Number(start.toFixed(4))), number);
  });
  assert.equal(frameAt(starts, -1), 0);
  assert.equal(frameAt(starts, 99), 99);
});
