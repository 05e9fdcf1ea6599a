// When each picture of an MP4 begins, read from the file's own index: a browser does not tell, and a step of one frame
// must not be a guess. Only the index is fetched, by ranges, wherever in the file it lies.

const LEAST_READ = 32768;
const LARGEST_INDEX = 8 << 20;
const LARGEST_WHOLE = 48 << 20;
const MOST_BOXES = 64;
const MOST_FRAMES = 200_000;

/**
 * `{starts, end, sound}`: the moment each frame begins and the clip ends, in seconds as the player counts them, and
 * whether there is a sound track. Null where the file does not tell.
 */
export async function readFrames(url, signal) {
  const read = reader(url, signal);
  for (let at = 0, boxes = 0; boxes < MOST_BOXES; boxes += 1) {
    const head = await read(at, 16);
    if (!head || head.byteLength < 8) return null;
    const { size, type, body } = header(head, 0);
    if (type === "moov") {
      if (size > LARGEST_INDEX) return null;
      const index = await read(at, size);
      return index && parse(within(index, body, index.byteLength));
    }
    if (size < 8) return null;
    at += size;
  }
  return null;
}

/** Reads pieces of a file; the whole of it is kept where the server knows no ranges. */
function reader(url, signal) {
  let piece = { at: 0, data: new DataView(new ArrayBuffer(0)) };
  let whole = false;
  return async (at, length) => {
    const held = () => at >= piece.at && (whole || at + length <= piece.at + piece.data.byteLength);
    if (!held()) {
      const answer = await fetch(url, {
        headers: { Range: `bytes=${at}-${at + Math.max(length, LEAST_READ) - 1}` },
        signal,
      });
      if (answer.status === 416) return null;
      if (!answer.ok || Number(answer.headers.get("content-length")) > LARGEST_WHOLE) {
        answer.body?.cancel();
        return null;
      }
      whole = answer.status === 200;
      piece = { at: whole ? 0 : at, data: new DataView(await answer.arrayBuffer()) };
    }
    const from = at - piece.at;
    const end = Math.min(from + length, piece.data.byteLength);
    return from >= end ? null : new DataView(piece.data.buffer, piece.data.byteOffset + from, end - from);
  };
}

function header(view, at) {
  const size = view.getUint32(at);
  const type = String.fromCharCode(...[4, 5, 6, 7].map((place) => view.getUint8(at + place)));
  if (size !== 1) return { size, type, body: 8 };
  return { size: Number(view.getBigUint64(at + 8)), type, body: 16 };
}

const within = (view, from, to) => new DataView(view.buffer, view.byteOffset + from, Math.max(0, to - from));

/** The boxes of a box, by their names. */
function boxesOf(view) {
  const found = {};
  for (let at = 0; at + 8 <= view.byteLength;) {
    const { size, type, body } = header(view, at);
    const end = size === 0 ? view.byteLength : at + size;
    if (size !== 0 && (size < body || end > view.byteLength)) break;
    (found[type] ??= []).push(within(view, at + body, end));
    at = end;
  }
  return found;
}

function parse(moov) {
  const { mvhd, trak = [] } = boxesOf(moov);
  if (!mvhd) return null;
  const tracks = trak.map((track) => readTrack(track, scaleOf(mvhd[0]))).filter(Boolean);
  const pictures = tracks.find(({ kind }) => kind === "vide");
  if (!pictures?.starts?.length) return null;
  return { starts: pictures.starts, end: pictures.end, sound: tracks.some(({ kind }) => kind === "soun") };
}

/** Units in a second: `mvhd` and `mdhd` lay it out alike. */
const scaleOf = (view) => view.getUint32(view.getUint8(0) === 1 ? 20 : 12);

function readTrack(view, movieScale) {
  const { mdia, edts } = boxesOf(view);
  const { hdlr, mdhd, minf } = mdia ? boxesOf(mdia[0]) : {};
  if (!hdlr || !mdhd || !minf) return null;
  const kind = String.fromCharCode(...[8, 9, 10, 11].map((place) => hdlr[0].getUint8(place)));
  if (kind !== "vide") return { kind };
  const { stbl } = boxesOf(minf[0]);
  const { stts, ctts } = stbl ? boxesOf(stbl[0]) : {};
  if (!stts) return null;
  const scale = scaleOf(mdhd[0]);
  const edit = edts ? readEdit(boxesOf(edts[0]).elst?.[0]) : { skipped: 0, late: 0 };
  return {
    kind,
    ...presented(
      runs(stts[0]),
      ctts ? runs(ctts[0]) : [],
      (ticks) => (ticks - edit.skipped) / scale + edit.late / movieScale,
    ),
  };
}

/** Pairs of a count and a value. The value is signed: only composition offsets are ever below nought. */
function runs(view) {
  const count = Math.min(view.getUint32(4), (view.byteLength - 8) / 8);
  return Array.from({ length: count }, (_, index) => [view.getUint32(8 + index * 8), view.getInt32(12 + index * 8)]);
}

/** What the player leaves out at the start, in the track's units, and how late it begins, in the film's. */
function readEdit(view) {
  const edit = { skipped: 0, late: 0 };
  if (!view) return edit;
  const long = view.getUint8(0) === 1;
  const size = long ? 20 : 12;
  for (let index = 0; index < view.getUint32(4) && 8 + (index + 1) * size <= view.byteLength; index += 1) {
    const at = 8 + index * size;
    const length = long ? Number(view.getBigUint64(at)) : view.getUint32(at);
    const from = long ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (from >= 0) return { ...edit, skipped: from };
    edit.late += length;
  }
  return edit;
}

function presented(durations, offsets, secondsOf) {
  const shown = [];
  let [time, last] = [0, 0];
  let [run, left] = [0, offsets[0]?.[0] ?? 0];
  for (const [count, length] of durations) {
    for (let each = 0; each < count; each += 1) {
      if (shown.length >= MOST_FRAMES) return { starts: null };
      while (offsets.length && left === 0 && run + 1 < offsets.length) {
        run += 1;
        left = offsets[run][0];
      }
      shown.push(time + (offsets[run]?.[1] ?? 0));
      left = Math.max(0, left - 1);
      time += length;
      last = length;
    }
  }
  const starts = shown
    .map(secondsOf)
    .sort((a, b) => a - b)
    .filter((seconds) => seconds > -1e-6);
  return { starts, end: starts.length ? starts.at(-1) + secondsOf(last) - secondsOf(0) : 0 };
}

/** The number of the frame that is shown at a moment; one that has almost begun counts. */
export function frameAt(starts, seconds) {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= seconds + 1e-4) low = middle;
    else high = middle - 1;
  }
  return low;
}
