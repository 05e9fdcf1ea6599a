// A blind vote: who stands where is decided by a seed that anybody can use again; what was chosen is counted. Pure.

export const TAG = "winner";
const LARGEST_SEED = 9999;
const BEST = 5;

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The order of a round: which of `count` items stands in each place. The same seed and round give the same order. */
export function order(count, { seed, round }) {
  const next = chance(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(round, 0x85ebca6b));
  const items = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
  return items;
}

export const newSeed = () => Math.floor(Math.random() * (LARGEST_SEED + 1));

/** A vote on `count` items over a number of rounds; 0 rounds go on until somebody ends it. */
export class Ballot {
  /** @type {number} */
  count;
  /** @type {number} */
  seed;
  /** @type {number} */
  rounds;
  /** @type {number} */
  round;
  /** @type {number[]} */
  votes;
  /** @type {number} */
  none;

  constructor({ count, seed, rounds }) {
    Object.assign(this, { count, seed, rounds, round: 1, votes: Array(count).fill(0), none: 0 });
  }

  /** Which item stands in each place now. */
  get order() {
    return order(this.count, { seed: this.seed, round: this.round });
  }
  get cast() {
    return this.votes.reduce((sum, votes) => sum + votes, this.none);
  }
  get over() {
    return this.rounds > 0 && this.cast >= this.rounds;
  }

  /** Vote for what stands in a place, counted from 0; null is no preference. */
  vote(place) {
    if (place === null) this.none += 1;
    else this.votes[this.order[place]] += 1;
    if (!this.over) this.round += 1;
  }

  /** The items that were chosen most often; none where nobody chose. */
  get winners() {
    const most = Math.max(...this.votes);
    return most ? this.votes.flatMap((votes, item) => (votes === most ? [item] : [])) : [];
  }

  /** Stars for each item, from 1 to 5: the share of its votes in those of the best. All 0 where nobody chose. */
  get ratings() {
    const most = Math.max(...this.votes);
    return this.votes.map((votes) => (most ? Math.max(1, Math.round((votes / most) * BEST)) : 0));
  }
}
