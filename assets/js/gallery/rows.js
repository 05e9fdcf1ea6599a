// Tiles of many shapes in rows of one width. Plain arithmetic: jobs in, widths and heights out, in px.
import { day } from "../core/words.js";

const GAP = 8;
const LARGE = 190;
const SMALL = 128;
const NARROW = 700;
const FLATTEST = 2.4;
const TALLEST = 0.56;
const NARROWEST = 40; // of a tile
const STRETCH = 0.62; // how full a last row must be to be drawn over the whole width
const PLAIN = 16 / 9;

export function ratioOf(job) {
  const shape = [...(job.outputs ?? []), ...(job.inputs ?? [])].find(({ width, height }) => width && height);
  const ratio = shape ? shape.width / shape.height : job.outputs?.[0]?.kind === "audio" ? 1.3 : PLAIN;
  return Math.min(FLATTEST, Math.max(TALLEST, ratio));
}

/**
 * Rows for these jobs: `{rows: [{items: [{job, width}], height}], whole}`. `whole` are the jobs that fill their rows, all
 * but those of an unfinished last one. A new day begins a new row; the rows told are those of one day.
 */
export function justify(jobs, width, { goesOn = false } = {}) {
  const target = width < NARROW ? SMALL : LARGE;
  const rows = [];
  let row = [],
    sum = 0,
    wholeUntil = 0;
  const close = (height, { full = false } = {}) => {
    let left = width;
    const items = row.map(({ job, ratio }, index) => {
      // The last tile of a full row takes what rounding and the narrowest tiles have left.
      const share = full && index === row.length - 1 ? left : Math.round(ratio * height);
      const wide = Math.max(NARROWEST, share);
      left -= wide + GAP;
      return { job, width: wide };
    });
    rows.push({ items, height: Math.round(height) });
    [row, sum] = [[], 0];
  };
  jobs.forEach((job, index) => {
    if (row.length && day(row.at(-1).job.created_at) !== day(job.created_at)) {
      close(target);
      wholeUntil = index;
    }
    const ratio = ratioOf(job);
    row.push({ job, ratio });
    sum += ratio;
    if (sum * target + (row.length - 1) * GAP >= width) {
      close((width - (row.length - 1) * GAP) / sum, { full: true });
      wholeUntil = index + 1;
    }
  });
  if (row.length) {
    const room = width - (row.length - 1) * GAP;
    const full = goesOn && sum * target >= STRETCH * room;
    close(full ? room / sum : target, { full });
  }
  return { rows, whole: wholeUntil ? jobs.slice(0, wholeUntil) : jobs };
}
