// compare/sync.js, as far as it is arithmetic: the clock of several clips, where it goes, and how a clip is held to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { often } from "./page.mjs";

const { Ensemble } = await import("../../../assets/js/compare/sync.js");

/** An ensemble that only notes where it should stand or begin: what it does to real clips needs a browser. */
function ensemble(parts = [], about = {}) {
  return Object.assign(Object.create(Ensemble.prototype), {
    changed: () => {},
    parts,
    rate: 1,
    until: "longest",
    heard: null,
    wants: false,
    at: 0,
    since: null,
    did: [],
    stand(time) {
      this.at = time;
      this.did.push("stand");
    },
    begin(time) {
      this.at = time;
      this.did.push("begin");
    },
    ...about,
  });
}
const clip = (about = {}) => ({ failed: false, ready: true, seconds: 5, interval: null, ...about });
/** A clip that plays, as `steer` sees it. */
const playing = (about = {}) => ({
  video: { paused: false, seeking: false, playbackRate: 1 },
  drift: null,
  late: false,
  lead: 0.06,
  jumped: -Infinity,
  rest: 900,
  went: [],
  goTo(time) {
    this.went.push(time);
  },
  ...about,
});

test("all together are as long as the longest clip, or as the shortest", () => {
  often((made) => {
    const lengths = made.list(made.whole(1, 5), () => made.between(0.1, 30));
    const parts = lengths.map((seconds) => clip({ seconds }));
    assert.equal(ensemble(parts).length, Math.max(...lengths));
    assert.equal(ensemble(parts, { until: "shortest" }).length, Math.min(...lengths));
  });
});

test("a clip that failed, or whose length nobody knows, has no say in it", () => {
  const parts = [clip({ seconds: 4 }), clip({ seconds: 9, failed: true }), clip({ seconds: 0 }), clip({ seconds: 6 })];
  assert.equal(ensemble(parts).length, 6);
  assert.equal(ensemble(parts, { until: "shortest" }).length, 4);
  assert.equal(ensemble([]).length, 0);
  assert.equal(ensemble([clip({ failed: true })]).length, 0);
});

test("a picture lasts as long as in the quickest clip, and at most a thirtieth of a second", () => {
  assert.equal(ensemble([]).frame, 1 / 30);
  assert.equal(ensemble([clip(), clip({ interval: 1 / 24 })]).frame, 1 / 30);
  assert.equal(ensemble([clip({ interval: 1 / 24 }), clip({ interval: 1 / 60 }), clip()]).frame, 1 / 60);
});

test("missing are the clips that are not ready and have not failed", () => {
  const [here, away, broken] = [clip(), clip({ ready: false }), clip({ ready: false, failed: true })];
  assert.deepEqual(ensemble([here, away, broken]).missing, [away]);
});

test("the clock stands until it runs, and then goes at its rate", () => {
  often((made) => {
    const [at, since, rate, later] = [
      made.between(0, 20),
      made.between(0, 1e6),
      made.one([0.25, 1, 2]),
      made.between(0, 9),
    ];
    assert.equal(ensemble([], { at, rate }).clock(since), at);
    const time = ensemble([], { at, since, rate }).clock(since + later * 1000);
    assert.ok(Math.abs(time - (at + later * rate)) < 1e-6);
  });
});

test("the time is never beyond the clips", (t) => {
  t.mock.method(performance, "now", () => 60_000);
  assert.equal(ensemble([clip()], { at: 2, since: 59_000 }).time, 3);
  assert.equal(ensemble([clip()], { at: 2, since: 0 }).time, 5);
  assert.equal(ensemble([clip()], { at: -1 }).time, 0);
});

test("an ensemble is still, waits for clips, or plays", () => {
  assert.equal(ensemble().state, "still");
  assert.equal(ensemble([], { wants: true }).state, "waiting");
  assert.equal(ensemble([], { wants: true, since: 0 }).state, "playing");
});

test("another rate does not move the time", (t) => {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const parts = [clip({ seconds: 60, video: {} }), clip({ seconds: 60, video: {} })];
  const all = ensemble(parts, { since: 1000 });
  now = 5000;
  all.setRate(0.5);
  assert.equal(all.time, 4);
  assert.deepEqual(
    parts.map(({ video }) => video.playbackRate),
    [0.5, 0.5],
  );
  now = 7000;
  assert.equal(all.time, 5);
});

test("one clip is heard and no other, or none", () => {
  const parts = [clip({ video: {} }), clip({ video: {} })];
  const all = ensemble(parts);
  const muted = () => parts.map(({ video }) => video.muted);
  all.listen(parts[1]);
  assert.deepEqual([muted(), all.heard], [[true, false], parts[1]]);
  all.listen(null);
  assert.deepEqual([muted(), all.heard], [[true, true], null]);
});

test("seeking stays within the clips, and plays on only what was playing", () => {
  often((made) => {
    const [wants, time] = [made.one([true, false]), made.between(-10, 20)];
    const all = ensemble([clip()], { wants });
    all.seek(time);
    assert.equal(all.at, Math.min(5, Math.max(0, time)));
    assert.deepEqual(all.did, [wants ? "begin" : "stand"]);
  });
});

test("a hand on the scrubber stops all at its place", () => {
  const all = ensemble([clip()], { wants: true });
  all.scrub(7);
  assert.deepEqual([all.at, all.did, all.wants], [5, ["stand"], true]);
});

test("playing goes on from where it stands, and from the beginning at the end", () => {
  for (const [from, to] of [
    [2, 2],
    [0, 0],
    [4.9, 4.9],
    [4.99, 0],
    [5, 0],
  ]) {
    const all = ensemble([clip()], { at: from });
    all.play();
    assert.deepEqual([all.at, all.did, all.wants], [to, ["begin"], true]);
  }
});

test("a press plays what stands and stops what plays, waiting or not", () => {
  const all = ensemble([clip()], { at: 1 });
  all.toggle();
  all.toggle();
  assert.deepEqual([all.did, all.wants, all.at], [["begin", "stand"], false, 1]);
});

test("steps go from the middle of one picture to that of the next, however many, and back again", () => {
  often((made) => {
    const frame = 1 / made.one([24, 25, 30, 48, 50, 60]);
    const count = made.whole(10, 300);
    const all = ensemble([clip({ seconds: count * frame, interval: frame })]);
    const step = Math.min(frame, 1 / 30);
    const most = Math.round((count * frame) / step) - 1;
    let at = made.whole(0, most);
    all.at = at * step;
    for (let turn = 0; turn < 40; turn += 1) {
      const by = made.one([-1, 1, 1, 5, -3]);
      all.step(by);
      at = Math.min(most, Math.max(0, at + by));
      assert.ok(Math.abs(all.at - (at + 0.5) * step) < 1e-9, `${all.at / step} instead of ${at + 0.5}`);
      assert.ok(all.at < all.length);
    }
  });
});

test("a step ends playing", () => {
  const all = ensemble([clip()], { wants: true });
  all.step(1);
  assert.deepEqual([all.wants, all.did], [false, ["stand"]]);
});

test("a clip that is ahead is slowed down, one that is behind is hastened, neither without measure", () => {
  often((made) => {
    const [drift, rate] = [made.between(-0.29, 0.29), made.one([0.5, 1, 2])];
    const part = playing();
    part.video.playbackRate = rate;
    ensemble([part], { since: 0, at: 10, rate }).steer(part, 10 + drift, 0);
    const bend = part.video.playbackRate / rate - 1;
    if (Math.abs(drift) < 0.008) assert.equal(bend, 0);
    else assert.equal(Math.sign(bend), -Math.sign(drift));
    assert.ok(Math.abs(bend) <= (Math.abs(drift) > 0.045 ? 0.4 : 0.12) + 1e-9);
    assert.deepEqual(part.went, []);
  });
});

test("a clip that has drifted is with the clock again within seconds, and stays there", () => {
  often((made) => {
    const [rate, picture] = [made.one([0.5, 1, 2]), 1 / made.one([24, 30, 60])];
    const part = playing();
    part.video.playbackRate = rate;
    const all = ensemble([part], { since: 0, rate });
    let place = made.between(-0.28, 0.28);
    for (let now = 0; now < 8; now += picture) {
      all.steer(part, place, now * 1000);
      if (now > 4) assert.ok(Math.abs(place - now * rate) < 0.02, `${place - now * rate} after ${now} s`);
      place += part.video.playbackRate * picture;
    }
    assert.deepEqual(part.went, []);
  }, 60);
});

test("the clip that is heard is never bent: the clock leans towards it", () => {
  for (const drift of [-0.2, -0.02, 0.02, 0.2]) {
    const part = playing();
    const all = ensemble([part], { since: 0, at: 10, heard: part });
    all.steer(part, 10 + drift, 0);
    assert.equal(part.video.playbackRate, 1);
    assert.equal(Math.sign(all.at - 10), Math.sign(drift));
    assert.ok(Math.abs(all.at - 10) < Math.abs(drift) / 4);
  }
});

test("a clip that is paused, on its way or late is not steered, nor is any while the clock stands", () => {
  const untouched = (part, since = 0) => {
    ensemble([part], { since, at: 10 }).steer(part, 10.2, 0);
    assert.deepEqual([part.drift, part.video.playbackRate, part.went], [null, 1, []]);
  };
  untouched(playing({ late: true }));
  untouched(playing(), null);
  for (const state of [{ paused: true }, { seeking: true }])
    untouched(playing({ video: { paused: false, seeking: false, playbackRate: 1, ...state } }));
});

test("a clip that is far off is set, a little ahead of the clock, at the usual rate", (t) => {
  t.mock.method(performance, "now", () => 20_000);
  for (const heard of [true, false]) {
    const part = playing();
    part.video.playbackRate = 2.4;
    const all = ensemble([part], { since: 20_000, at: 10, rate: 2, heard: heard ? part : null });
    all.steer(part, 10.5, 20_000);
    assert.deepEqual(part.went, [10 + 0.06 * 2]);
    assert.equal(part.video.playbackRate, 2);
  }
});

test("jumps of one clip keep a distance that grows up to eight seconds, and shrinks after a calm", (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const part = playing();
  const all = ensemble([part], { since: 0 });
  const jumps = [];
  for (; now <= 60_000; now += 100) {
    const before = part.went.length;
    all.jump(part);
    if (part.went.length > before) jumps.push(now);
  }
  const distances = jumps.slice(1).map((at, index) => at - jumps[index]);
  assert.deepEqual(
    distances,
    [...distances].sort((a, b) => a - b),
  );
  assert.ok(distances[0] >= 900 && distances[0] <= 1000);
  assert.equal(distances.at(-1), 8000);
  now += 20_000;
  all.jump(part);
  assert.equal(part.rest, 900);
});
