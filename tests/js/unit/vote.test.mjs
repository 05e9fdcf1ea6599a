// compare/vote.js: a blind vote, its orders by seed, and what was chosen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ballot, newSeed, order } from "../../../assets/js/compare/vote.js";
import { often } from "./page.mjs";

const numbers = (count) => Array.from({ length: count }, (_, at) => at);
const placeOf = (ballot, item) => ballot.order.indexOf(item);

test("an order holds every item once", () => {
  often((made) => {
    const count = made.whole(0, 12);
    const items = order(count, { seed: made.whole(0, 9999), round: made.whole(1, 200) });
    assert.deepEqual(
      items.sort((a, b) => a - b),
      numbers(count),
    );
  });
});

test("the same seed and round give the same order", () => {
  often((made) => {
    const [count, seed, round] = [made.whole(2, 8), made.whole(0, 9999), made.whole(1, 200)];
    assert.deepEqual(order(count, { seed, round }), order(count, { seed, round }));
  });
});

test("an order is the one that it has always been: a seed that somebody wrote down still tells it", () => {
  const told = [
    [4, 0, 1],
    [4, 0, 2],
    [6, 1234, 1],
    [6, 9999, 7],
  ].map(([count, seed, round]) => order(count, { seed, round }).join(""));
  assert.deepEqual(told, ["0213", "1032", "245301", "452103"]);
});

test("another seed or another round gives another order, nearly always", () => {
  const distinct = (orders) => new Set(orders.map(String)).size;
  const many = numbers(500);
  assert.ok(distinct(many.map((seed) => order(12, { seed, round: 1 }))) > 495);
  assert.ok(distinct(many.map((round) => order(12, { seed: 7, round }))) > 495);
});

test("no item stands in a place more often than another, over seeds and over rounds", () => {
  for (const count of [2, 3, 4]) {
    for (const by of [(at) => ({ seed: at, round: 1 }), (at) => ({ seed: 42, round: at + 1 })]) {
      const times = numbers(count).map(() => Array(count).fill(0));
      numbers(6000).forEach((at) => order(count, by(at)).forEach((item, place) => (times[place][item] += 1)));
      for (const share of times.flat().map((one) => (one / 6000) * count))
        assert.ok(share > 0.9 && share < 1.1, `${share}`);
    }
  }
});

test("every order of three items comes up, each about as often", () => {
  const times = new Map();
  for (const seed of numbers(6000)) {
    const name = order(3, { seed, round: 1 }).join("");
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  assert.equal(times.size, 6);
  for (const count of times.values()) assert.ok(count > 850 && count < 1150, `${count}`);
});

test("a new seed is a whole number of at most four digits", () => {
  const seeds = numbers(2000).map(newSeed);
  for (const seed of seeds) assert.ok(Number.isInteger(seed) && seed >= 0 && seed <= 9999);
  assert.ok(new Set(seeds).size > 1000);
});

test("a vote counts for the item that stood in the place, and the next round has its own order", () => {
  often((made) => {
    const [count, seed] = [made.whole(2, 6), made.whole(0, 9999)];
    const ballot = new Ballot({ count, seed, rounds: 0 });
    const expected = Array(count).fill(0);
    const rounds = made.whole(1, 30);
    for (let round = 1; round <= rounds; round += 1) {
      assert.equal(ballot.round, round);
      assert.deepEqual(ballot.order, order(count, { seed, round }));
      const place = made.whole(0, count - 1);
      expected[ballot.order[place]] += 1;
      ballot.vote(place);
    }
    assert.deepEqual(ballot.votes, expected);
    assert.equal(ballot.cast, rounds);
  });
});

test("no preference is counted, and for nobody", () => {
  const ballot = new Ballot({ count: 3, seed: 1, rounds: 2 });
  ballot.vote(null);
  assert.deepEqual([ballot.votes, ballot.none, ballot.cast, ballot.round], [[0, 0, 0], 1, 1, 2]);
  ballot.vote(null);
  assert.ok(ballot.over);
  assert.deepEqual([ballot.winners, ballot.ratings], [[], [0, 0, 0]]);
});

test("a vote of some rounds is over after them and stays in the last, one of 0 rounds never is", () => {
  often((made) => {
    const rounds = made.whole(1, 20);
    const [ended, endless] = [rounds, 0].map((of) => new Ballot({ count: 2, seed: made.whole(0, 9999), rounds: of }));
    for (let round = 1; round <= rounds; round += 1) {
      assert.ok(!ended.over);
      for (const ballot of [ended, endless]) ballot.vote(made.one([0, 1, null]));
    }
    assert.ok(ended.over && !endless.over);
    assert.deepEqual([ended.round, endless.round], [rounds, rounds + 1]);
  }, 100);
});

test("the winners are those chosen most often, all of them where there are several", () => {
  const ballot = new Ballot({ count: 3, seed: 5, rounds: 0 });
  for (const item of [2, 0, 2, 0, 1]) ballot.vote(placeOf(ballot, item));
  assert.deepEqual(ballot.votes, [2, 1, 2]);
  assert.deepEqual(ballot.winners, [0, 2]);
  ballot.vote(placeOf(ballot, 0));
  assert.deepEqual(ballot.winners, [0]);
});

test("winners have five stars, all others at least one, and who has more votes has no fewer stars", () => {
  often((made) => {
    const ballot = new Ballot({ count: made.whole(1, 6), seed: 0, rounds: 0 });
    ballot.votes = ballot.votes.map(() => made.whole(0, 20));
    if (!ballot.votes.some(Boolean)) return;
    const { ratings, votes, winners } = ballot;
    assert.deepEqual(
      numbers(votes.length).filter((item) => ratings[item] === 5 && votes[item] === Math.max(...votes)),
      winners,
    );
    ratings.forEach((stars, item) => {
      assert.ok(Number.isInteger(stars) && stars >= 1 && stars <= 5);
      ratings.forEach((others, other) => assert.ok(votes[item] <= votes[other] ? stars <= others : stars >= others));
    });
  });
});
