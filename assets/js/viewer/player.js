// A clip with a bar of its own: exact frames, loop, speed, sound. What was chosen is kept from one clip to the next.
import { button, h, icon, live } from "../core/dom.js";
import { clip } from "../results/outputs.js";
import { frameAt, readFrames } from "./frames.js";

const KEPT = "studio-player";
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const LIKELY_FPS = 30;

const wishes = { loop: false, muted: false, volume: 1, speed: 1, ...kept() };

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep(changes) {
  Object.assign(wishes, changes);
  try {
    localStorage.setItem(KEPT, JSON.stringify({ loop: wishes.loop, muted: wishes.muted, volume: wishes.volume }));
  } catch {
    /* A private window keeps nothing. */
  }
}

/** A moment of a clip, to the hundredth: `0:03.12`. */
export function fine(seconds) {
  const hundredths = Math.max(0, Math.round(seconds * 100));
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(hundredths / 6000)}:${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`;
}

/** `node` is the clip and its bar. `said(text)` is told what a screen reader should say; `acts` are the buttons at the bar's end. */
export class Player {
  /** @type {OutputView} */
  output;
  /** @type {(text: string) => void} */
  said;

  /**
   * Make the player of a clip; see the class.
   * @param {JobView} job
   * @param {OutputView} output
   * @param {{ said: Player["said"], acts?: HTMLElement[] }} about
   */
  constructor(job, output, { said, acts = [] }) {
    Object.assign(this, { output, said });
    this.ending = new AbortController();
    this.video = clip(job, output, {
      controls: false,
      preload: "auto",
      loop: wishes.loop,
      muted: wishes.muted,
      tabIndex: -1,
    });
    this.video.volume = wishes.volume;
    this.video.defaultPlaybackRate = this.video.playbackRate = wishes.speed;
    this.start = button({ icon: "play", label: "Play", kind: "start-large", press: () => this.toggle() });
    this.node = h("div", { class: "player" }, h("div", { class: "reel" }, this.video, this.start), this.bar(acts));
    this.frames = null;
    this.heard();
    this.draw();
    this.count();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  end() {
    this.ending.abort();
    this.video.pause();
    this.video.removeAttribute("src"); // lets go of the connection and the decoder
    this.video.load();
  }

  bar(acts) {
    this.playing = button({ icon: "play", label: "Play", kind: "round", act: "play", press: () => this.toggle() });
    this.scrub = h("input", {
      type: "range",
      class: "scrub",
      min: 0,
      max: 1000,
      step: 1,
      value: 0,
      "aria-label": "Place in the clip",
      oninput: () => this.show(Number(this.scrub.value)),
    });
    this.time = h("span", { class: "time" });
    this.place = h("span", { class: "place" });
    this.looping = button({
      icon: "repeat",
      label: "Again and again",
      kind: "round",
      act: "loop",
      press: () => this.loop(),
    });
    this.muting = button({ icon: "volume-2", label: "Sound", kind: "round", act: "sound", press: () => this.sound() });
    this.loud = h("input", {
      type: "range",
      class: "loud",
      min: 0,
      max: 100,
      step: 1,
      "aria-label": "Volume",
      oninput: () => this.volume(Number(this.loud.value) / 100),
    });
    this.speeds = live(
      "select",
      {
        class: "speed",
        "aria-label": "Speed",
        title: "Speed",
        onchange: () => this.setSpeed(Number(this.speeds.value)),
      },
      SPEEDS.map((speed) => h("option", { value: String(speed), selected: speed === wishes.speed }, `${speed}×`)),
    );
    return h(
      "div",
      { class: "bar", role: "group", "aria-label": "Player" },
      this.scrub,
      this.playing,
      button({
        icon: "step-back",
        label: "One frame back",
        kind: "round",
        act: "frame-back",
        press: () => this.step(-1),
      }),
      button({
        icon: "step-forward",
        label: "One frame on",
        kind: "round",
        act: "frame-on",
        press: () => this.step(1),
      }),
      live("span", { class: "where" }, this.time, this.place),
      h("span", { class: "grow" }),
      this.speeds,
      this.looping,
      h("span", { class: "volume" }, this.muting, this.loud),
      acts,
    );
  }

  heard() {
    const { signal } = this.ending;
    const on = (name, does) => this.video.addEventListener(name, does, { signal });
    for (const name of ["play", "pause", "ended", "volumechange", "ratechange", "loadedmetadata", "durationchange"])
      on(name, () => this.draw());
    on("seeked", () => this.seeked());
    on("timeupdate", () => this.tell());
    // The word of an earlier start may come after a pause: a frame that was asked for since stands.
    on("play", () => {
      if (!this.video.paused) this.wished = null;
    });
    const each = (_, told) => {
      if (signal.aborted) return;
      this.shown = told.mediaTime;
      this.tell();
      this.video.requestVideoFrameCallback(each);
    };
    this.video.requestVideoFrameCallback?.(each);
  }

  /** The frames as the file counts them. Until they are known, and where they are not, a likely rate is taken. */
  async count() {
    try {
      this.frames = await readFrames(this.output.url, this.ending.signal);
    } catch {
      this.frames = null; /* The clip says itself when it cannot be had. */
    }
    if (this.ending.signal.aborted) return;
    this.draw();
  }

  get starts() {
    if (this.frames) return this.frames.starts;
    const total = Math.max(1, Math.round((this.video.duration || this.output.seconds || 0) * LIKELY_FPS));
    if (this.likely?.length !== total) this.likely = Array.from({ length: total }, (_, index) => index / LIKELY_FPS);
    return this.likely;
  }

  /** The number of the frame that is shown, or that was asked for last. */
  get frame() {
    return (
      this.wished ??
      frameAt(
        this.starts,
        this.video.paused && this.shown !== undefined && !this.video.seeking ? this.shown : this.video.currentTime,
      )
    );
  }

  /** The moment of the frame that is shown, in seconds as text: within the frame, so that rounding cannot leave it. */
  get moment() {
    return this.within(this.frame, 0.25).toFixed(3);
  }

  within(frame, share) {
    const starts = this.starts;
    const next = starts[frame + 1] ?? this.frames?.end ?? this.video.duration ?? starts[frame];
    return starts[frame] + Math.max(0, next - starts[frame]) * share;
  }

  /** Show one frame. While the player still looks for one, the last that was asked for is next. */
  show(frame) {
    this.video.pause();
    this.wished = Math.min(Math.max(frame, 0), this.starts.length - 1);
    if (!this.seekingTo) this.seek();
    this.tell();
  }

  seek() {
    this.seekingTo = { frame: this.wished };
    this.video.currentTime = this.within(this.wished, 0.5);
  }

  seeked() {
    const done = this.seekingTo;
    this.seekingTo = null;
    if (done && this.wished !== null && done.frame !== this.wished) return this.seek();
    if (this.video.paused && done) this.said(`Frame ${done.frame + 1} of ${this.starts.length}`);
    this.tell();
  }

  step(by) {
    this.show(this.frame + by);
  }
  first() {
    this.show(0);
  }
  last() {
    this.show(this.starts.length - 1);
  }

  /** On or back by seconds; what plays goes on playing. */
  skip(seconds) {
    this.wished = null;
    this.shown = undefined;
    this.video.currentTime = Math.min(Math.max(0, this.video.currentTime + seconds), this.video.duration || 0);
  }

  toggle() {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  /** Without a word from the person a browser may allow only silent playing, or none: then the large button stays. */
  play() {
    this.wished = null;
    this.video.play().catch(() => {
      if (!this.ending.signal.aborted) this.draw();
    });
  }

  loop() {
    keep({ loop: !wishes.loop });
    this.video.loop = wishes.loop;
    this.said(wishes.loop ? "Plays again and again" : "Plays once");
    this.draw();
  }

  sound() {
    keep({ muted: !wishes.muted, volume: wishes.muted && wishes.volume === 0 ? 1 : wishes.volume });
    this.video.muted = wishes.muted;
    this.video.volume = wishes.volume;
    this.said(wishes.muted ? "Sound off" : "Sound on");
  }

  volume(value) {
    keep({ volume: value, muted: value === 0 });
    this.video.volume = value;
    this.video.muted = wishes.muted;
  }

  faster(by) {
    this.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(wishes.speed) + by))]);
  }

  setSpeed(speed) {
    keep({ speed });
    this.video.playbackRate = speed;
    this.speeds.value = String(speed);
    this.said(`Speed ${speed}`);
  }

  /** The buttons as they now stand. */
  draw() {
    const moves = !this.video.paused && !this.video.ended;
    this.node.toggleAttribute("data-playing", moves);
    face(this.playing, moves ? "pause" : "play", moves ? "Pause" : "Play");
    const silent = this.frames?.sound === false;
    const quiet = silent || this.video.muted || this.video.volume === 0;
    face(
      this.muting,
      quiet ? "volume-x" : "volume-2",
      silent ? "This clip has no sound" : quiet ? "Sound on" : "Sound off",
    );
    this.muting.disabled = silent;
    this.loud.hidden = silent;
    this.loud.value = String(quiet ? 0 : Math.round(this.video.volume * 100));
    this.loud.style.setProperty("--part", `${this.loud.value}%`);
    this.looping.setAttribute("aria-pressed", String(this.video.loop));
    this.scrub.max = String(Math.max(1, this.starts.length - 1));
    this.tell();
  }

  /** Where the clip stands. */
  tell() {
    const { frame, starts } = this;
    const total = this.frames?.end ?? (this.video.duration || this.output.seconds || 0);
    const seconds = starts[frame] ?? 0;
    this.scrub.value = String(frame);
    this.scrub.style.setProperty("--part", `${(frame / Math.max(1, starts.length - 1)) * 100}%`);
    this.time.textContent = `${fine(seconds)} / ${fine(total)}`;
    this.place.textContent = this.frames ? `frame ${frame + 1} / ${starts.length}` : "";
    this.scrub.setAttribute(
      "aria-valuetext",
      `${seconds.toFixed(1)} seconds${this.frames ? `, frame ${frame + 1} of ${starts.length}` : ""}`,
    );
  }
}

/** Another picture and name for a button. */
function face(press, name, label) {
  if (press.dataset.face === name && press.title === label) return;
  press.dataset.face = name;
  press.title = label;
  press.setAttribute("aria-label", label);
  press.replaceChildren(icon(name));
}
