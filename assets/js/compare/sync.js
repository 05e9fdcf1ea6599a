// Clips that run as one. They have a clock of their own, and each is held to it: a small drift by its speed, a large one
// by a jump. A clip that is slow is waited for, but not for ever. Knows nothing of panes, votes or words. Seconds, unless ms.

const NEAR = 0.008; // a drift that is left alone
const FAR = 0.3; // beyond it a clip is set instead of nudged
const SEEN = 0.045; // beyond it a drift can be seen, and is made good in haste
const STRONGEST = 0.12; // the most that a clip runs quicker or slower to make its drift good
const HASTE = 0.4; // the same, where the drift can be seen
const START_PATIENCE_MS = 6000; // how long a start waits for clips that are not there yet
const STALL_PATIENCE_MS = 1500; // how long all wait for one that has run dry
const THIRST_MS = 160; // a clip without data for a shorter time is not dry
const JUMP_REST_MS = 900; // between two jumps of the same clip; doubles, so that a slow machine is not kept busy by jumps
const USUAL_RATE = 30;

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const within = (value, least, most) => Math.min(Math.max(value, least), most);

/** One clip among the others. */
class Part {
  /** @type {Ensemble} */
  ensemble;
  /** @type {HTMLVideoElement} */
  video;
  /** @type {number} */
  told;
  /** @type {() => void} */
  changed;

  constructor(ensemble, video, { seconds = 0, changed = () => {} }) {
    Object.assign(this, {
      ensemble,
      video,
      told: seconds,
      changed,
      failed: false,
      late: false,
      drift: null,
      wanted: null,
      interval: null,
    });
    this.rest = JUMP_REST_MS;
    this.jumped = -Infinity;
    this.lead = 0.06; // how long a jump takes: it lands that much further on
    const on = {
      loadedmetadata: () => this.send(),
      seeked: () => this.send(),
      canplay: () => {},
      playing: () => {},
      error: () => this.fail(),
    };
    for (const [name, does] of Object.entries(on))
      video.addEventListener(name, () => {
        does();
        ensemble.stir();
      });
    this.watch();
  }

  get seconds() {
    return Number.isFinite(this.video.duration) ? this.video.duration : this.told;
  }
  get frame() {
    return this.interval ?? 1 / USUAL_RATE;
  }
  get thirsty() {
    return this.video.readyState < 3 && !this.video.ended;
  }

  /** Whether it stands where it was sent to and could run on. A browser that saves data loads no more until it plays. */
  get ready() {
    const { video } = this;
    if (this.failed || this.wanted !== null || video.seeking || video.readyState < 1) return false;
    const atEnd = this.seconds - video.currentTime < 0.2;
    return (
      video.readyState >= 3 || (video.readyState === 2 && atEnd) || video.networkState === HTMLMediaElement.NETWORK_IDLE
    );
  }

  /** Whether it has pictures left at this time. */
  lasts(time) {
    return !this.failed && time < this.seconds - this.frame / 2;
  }

  fail() {
    if (!this.video.hasAttribute("src") && !this.video.currentSrc) return;
    this.failed = true;
    this.changed();
  }

  /** Back from a failure, with a new source. */
  renew() {
    this.failed = this.late = false;
    this.wanted = this.ensemble.time;
    this.changed();
  }

  /** Go there; only the last of several wishes is carried out. */
  goTo(time) {
    this.wanted = within(time, 0, Math.max(0, this.seconds - this.frame / 2));
    if (!this.video.seeking) this.send();
  }

  send() {
    if (this.wanted === null || this.video.readyState < 1) return;
    const time = within(this.wanted, 0, Math.max(0, this.seconds - this.frame / 2));
    this.wanted = null;
    this.drift = null;
    if (Math.abs(this.video.currentTime - time) > 0.0005) this.video.currentTime = time;
  }

  async start() {
    try {
      await this.video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError" || this.video.muted) return;
      this.video.muted = true; // the browser wants a press before it lets anything be heard
      await this.video.play().catch(() => {});
    }
  }

  /** Every picture that is shown tells where the clip truly is. */
  watch() {
    const { video } = this;
    if (!video.requestVideoFrameCallback) return;
    const seen = (_now, { mediaTime, expectedDisplayTime }) => {
      const step = mediaTime - (this.shown ?? mediaTime);
      this.shown = mediaTime;
      if (step > 1 / 130 && step < 0.25 && !video.seeking && !video.paused)
        this.interval = Math.min(this.interval ?? step, step);
      this.ensemble.steer(this, mediaTime, expectedDisplayTime);
      this.watching = video.requestVideoFrameCallback(seen);
    };
    this.watching = video.requestVideoFrameCallback(seen);
  }

  forget() {
    this.video.cancelVideoFrameCallback?.(this.watching);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}

/** `changed()` is called whenever the time or the state is another one. */
export class Ensemble {
  /** @type {() => void} */
  changed;
  /** @type {boolean} */
  loops;
  /** @type {string} */
  until;
  /** @type {number} */
  turn;

  constructor({ changed = () => {} } = {}) {
    Object.assign(this, {
      changed,
      parts: [],
      rate: 1,
      loops: true,
      until: "longest",
      heard: null,
      wants: false,
      turn: 0,
      at: 0,
      since: null,
    });
    this.stirred = new Set();
    this.hides = () => {
      if (document.hidden) {
        this.back = this.wants;
        if (this.wants) this.pause();
      } else if (this.back) {
        this.back = false;
        this.play();
      }
    };
    document.addEventListener("visibilitychange", this.hides);
  }

  get running() {
    return this.since !== null;
  }
  /** still, waiting (for clips that are not there yet) or playing */
  get state() {
    return this.running ? "playing" : this.wants ? "waiting" : "still";
  }
  get time() {
    return within(this.clock(performance.now()), 0, this.length || Infinity);
  }
  /** As long as the longest clip, or the shortest. */
  get length() {
    const known = this.parts.filter((part) => !part.failed && part.seconds > 0).map((part) => part.seconds);
    return known.length ? Math[this.until === "shortest" ? "min" : "max"](...known) : 0;
  }
  /** One picture of the quickest clip. */
  get frame() {
    return Math.min(1 / USUAL_RATE, ...this.parts.filter((part) => part.interval).map((part) => part.interval));
  }
  /** The clips that all wait for. */
  get missing() {
    return this.parts.filter((part) => !part.failed && !part.ready);
  }

  /** The time of the clock at a moment of the page's own time, in ms. */
  clock(now) {
    return this.running ? this.at + ((now - this.since) / 1000) * this.rate : this.at;
  }

  /**
   * Take a clip among the others.
   * @param {HTMLVideoElement} video
   * @param {{ seconds?: number, changed?: () => void }} [about]
   */
  add(video, about = {}) {
    const part = new Part(this, video, about);
    this.parts.push(part);
    part.wanted = this.at;
    return part;
  }

  remove(part) {
    part.forget();
    this.parts = this.parts.filter((one) => one !== part);
    if (this.heard === part) this.heard = null;
    this.changed();
  }

  play() {
    this.wants = true;
    return this.begin(this.time >= this.length - this.frame ? 0 : this.time);
  }

  pause() {
    this.wants = false;
    this.stand(this.time);
  }

  toggle() {
    if (this.wants) this.pause();
    else this.play();
  }

  /** Go to a time and play on from there, if it was playing. */
  seek(time) {
    const to = within(time, 0, this.length);
    if (this.wants) this.begin(to);
    else this.stand(to);
  }

  /** Follow a hand on the scrubber: everything stands, and goes on only with the next `seek`. */
  scrub(time) {
    this.stand(within(time, 0, this.length));
  }

  /** Pictures of the quickest clip on or back: into the middle of one, so that no rounding shows its neighbour. */
  step(by) {
    this.wants = false;
    const { frame } = this;
    const number = within(
      Math.floor(this.time / frame + 0.01) + by,
      0,
      Math.max(0, Math.round(this.length / frame) - 1),
    );
    this.stand((number + 0.5) * frame);
  }

  setRate(rate) {
    const now = performance.now();
    this.at = this.clock(now);
    if (this.running) this.since = now;
    this.rate = rate;
    for (const part of this.parts) part.video.playbackRate = rate;
    this.changed();
  }

  /** Hear this clip and no other; null for none. */
  listen(part) {
    this.heard = part;
    for (const one of this.parts) one.video.muted = one !== part;
    this.changed();
  }

  stand(time) {
    this.turn += 1;
    this.halt(time);
    for (const part of this.parts) if (!part.failed) part.goTo(time);
    this.changed();
  }

  halt(time) {
    cancelAnimationFrame(this.ticking);
    this.at = time;
    this.since = null;
    for (const part of this.parts) if (!part.video.paused) part.video.pause();
  }

  /** Gather all clips at a time, then let them go together. Who is not there when patience ends joins later. */
  async begin(time, patience = START_PATIENCE_MS) {
    const turn = (this.turn += 1);
    this.halt(time);
    this.changed();
    for (const part of this.parts) if (!part.failed) part.goTo(time);
    await this.gathered(turn, patience);
    if (turn !== this.turn) return;
    for (const part of this.parts) part.late = !part.failed && !part.ready;
    const going = this.parts.filter((part) => !part.late && part.lasts(time));
    for (const part of going) {
      part.video.playbackRate = this.rate;
      part.drift = null;
    }
    await Promise.race([Promise.allSettled(going.map((part) => part.start())), sleep(800)]);
    if (turn !== this.turn) return;
    // The clock starts where most of them are, so that most need no correction.
    const places = going
      .filter((part) => !part.video.paused)
      .map((part) => part.video.currentTime)
      .sort((a, b) => a - b);
    this.at = places.length ? places[Math.floor(places.length / 2)] : time;
    this.since = performance.now();
    this.tick();
  }

  async gathered(turn, patience) {
    const until = performance.now() + patience;
    while (turn === this.turn && this.missing.some((part) => !part.late) && performance.now() < until) {
      await Promise.race([
        sleep(120),
        new Promise((resolve) => {
          this.stirred.add(resolve);
        }),
      ]);
    }
  }

  /** Something has changed at a clip: whoever waits looks again. */
  stir() {
    this.stirred.forEach((resolve) => resolve());
    this.stirred.clear();
    this.changed();
  }

  tick() {
    if (!this.running) return;
    const now = performance.now();
    const time = this.clock(now);
    if (this.length && time >= this.length) {
      if (this.loops) this.begin(0);
      else {
        this.wants = false;
        this.stand(this.length);
      }
      return;
    }
    if (!this.parts.some((part) => !part.failed)) return this.pause();
    for (const part of this.parts) this.tend(part, time, now);
    if (this.parts.some((part) => part.dry && !part.late)) {
      this.begin(time, STALL_PATIENCE_MS);
      return;
    }
    this.changed();
    this.ticking = requestAnimationFrame(() => this.tick());
  }

  /** One clip at one moment: is it at its end, dry, or back from having been late? */
  tend(part, time, now) {
    part.dry = false;
    if (!part.lasts(time)) {
      if (!part.failed && !part.video.paused) part.video.pause();
      part.thirst = null;
      return;
    }
    if (part.late) {
      if (part.ready && part.video.paused) {
        part.goTo(time + part.lead);
        part.start();
      } else if (!part.thirsty && !part.video.paused) part.late = false;
      return;
    }
    if (part.video.paused && part.ready) {
      part.goTo(time + part.lead);
      part.start();
    }
    part.thirst = part.thirsty ? (part.thirst ?? now) : null;
    part.dry = part.thirst !== null && now - part.thirst > THIRST_MS;
    if (!part.video.requestVideoFrameCallback) this.steer(part, part.video.currentTime, now);
  }

  /** A clip has just shown its picture of `mediaTime`. Who is heard is never bent: the clock leans towards it instead. */
  steer(part, mediaTime, shownAt) {
    if (!this.running || part.video.paused || part.video.seeking || part.late) return;
    const drift = mediaTime - this.clock(shownAt);
    const first = part.drift === null;
    part.drift = first ? drift : part.drift * 0.6 + drift * 0.4;
    if (first && part.jumped > this.since) part.lead = within(part.lead - drift / 2, 0, 0.6);
    if (Math.abs(part.drift) > FAR) return this.jump(part);
    if (part === this.heard) {
      this.at += drift * 0.05;
      return;
    }
    const most = Math.abs(part.drift) > SEEN ? HASTE : STRONGEST;
    const bend = Math.abs(part.drift) < NEAR ? 0 : within(part.drift * 3, -most, most);
    const rate = this.rate * (1 - bend);
    if (Math.abs(rate - part.video.playbackRate) > 0.005 * this.rate) part.video.playbackRate = rate;
  }

  jump(part) {
    const now = performance.now();
    if (now - part.jumped < part.rest) return;
    part.rest = now - part.jumped < 15000 ? Math.min(part.rest * 2, 8000) : JUMP_REST_MS;
    part.jumped = now;
    part.video.playbackRate = this.rate;
    part.goTo(this.clock(now) + part.lead * this.rate);
  }

  close() {
    this.turn += 1;
    this.halt(this.at);
    document.removeEventListener("visibilitychange", this.hides);
    this.parts.forEach((part) => part.forget());
    this.parts = [];
  }
}
