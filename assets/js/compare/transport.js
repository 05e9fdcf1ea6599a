// What moves the clips: play, step, one scrubber, speed, loop, and what is heard. Draws the state of an ensemble.
import { announce, button, h, icon, live } from "../core/dom.js";
import { clock } from "../core/words.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const LOOPS = [
  ["longest", "Loop to the longest"],
  ["shortest", "Loop to the shortest"],
  ["", "Play once"],
];

export class Transport {
  constructor(ensemble) {
    this.ensemble = ensemble;
    this.play = button({ icon: "play", label: "Play", kind: "primary go", press: () => ensemble.toggle() });
    this.line = h("input", {
      type: "range",
      class: "scrub",
      min: 0,
      max: 1,
      step: "any",
      value: 0,
      "aria-label": "Time, all clips",
    });
    this.said = live("span", { class: "time" });
    this.speed = select(
      "Speed",
      SPEEDS.map((rate) => [String(rate), `${rate}×`]),
      "1",
      (value) => ensemble.setRate(Number(value)),
    );
    this.loop = select("Loop", LOOPS, ensemble.until, (value) => this.loops(value));
    this.node = h(
      "div",
      { class: "transport", role: "group", "aria-label": "All clips" },
      button({ icon: "step-back", label: "One frame back", press: () => ensemble.step(-1) }),
      this.play,
      button({ icon: "step-forward", label: "One frame on", press: () => ensemble.step(1) }),
      this.line,
      this.said,
      this.speed,
      this.loop,
    );
    this.line.addEventListener("input", () => {
      this.dragged = true;
      ensemble.scrub(Number(this.line.value));
      this.draw();
    });
    this.line.addEventListener("change", () => {
      this.dragged = false;
      ensemble.seek(Number(this.line.value));
    });
    this.line.addEventListener("keydown", (event) => {
      // by keys a picture at a time, a page a second
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const leap = { PageUp: 1, PageDown: -1 }[event.key];
      if (!by && !leap) return;
      event.preventDefault();
      event.stopPropagation();
      if (by) ensemble.step(by);
      else ensemble.seek(ensemble.time + leap);
    });
  }

  loops(value) {
    this.ensemble.loops = Boolean(value);
    if (value) this.ensemble.until = value;
    else this.ensemble.until = "longest";
    this.draw();
  }

  /** The next of the ways to loop. */
  nextLoop() {
    const next =
      (this.loop.value === "" ? 0 : LOOPS.findIndex(([value]) => value === this.loop.value) + 1) % LOOPS.length;
    this.loop.value = LOOPS[next][0];
    this.loops(this.loop.value);
    announce(LOOPS[next][1]);
  }

  draw() {
    const { ensemble } = this;
    const { state, time, length } = ensemble;
    if (this.state !== state) {
      this.state = state;
      this.node.dataset.state = state;
      this.play.setAttribute("aria-label", state === "still" ? "Play" : "Pause");
      this.play.title = state === "still" ? "Play" : "Pause";
      this.play.querySelector(".icon").replaceWith(icon(state === "still" ? "play" : "pause"));
    }
    this.line.max = length || 1;
    if (!this.dragged) this.line.value = time;
    this.line.style.setProperty("--done", `${length ? (time / length) * 100 : 0}%`);
    const frame = Math.floor(time / ensemble.frame + 0.01);
    const words = state === "waiting" ? "Waiting for the clips…" : `${precise(time)} / ${precise(length)}`;
    const key = `${words} ${frame} ${state}`;
    if (this.key === key) return;
    this.key = key;
    this.said.replaceChildren(words, state === "waiting" ? "" : h("span", { class: "frameno" }, `frame ${frame}`));
    if (state === "still")
      this.line.setAttribute("aria-valuetext", `${time.toFixed(2)} of ${length.toFixed(1)} seconds, frame ${frame}`);
  }
}

const precise = (seconds) => `${clock(seconds)}.${Math.floor((seconds % 1) * 10)}`;

function select(label, choices, value, chosen) {
  const node = h(
    "select",
    { class: "pick-one", "aria-label": label, title: label, onchange: (event) => chosen(event.target.value) },
    choices.map(([key, text]) => h("option", { value: key }, text)),
  );
  node.value = value;
  return node;
}
