// One file of a chooser: what it looks like, what is known of it, and its buttons. What they do, the chooser decides.
import { said } from "./controls.js";
import { button, h, icon, live } from "../core/dom.js";
import { KIND_ICONS } from "../core/words.js";

const ENDINGS = {
  image: /\.(png|jpe?g|webp|bmp|gif|avif|hei[cf]|tiff?)$/i,
  video: /\.(mp4|mov|m4v|webm|mkv|avi)$/i,
  audio: /\.(mp3|wav|m4a|aac|flac|ogg|opus)$/i,
};
let pieces = 0;

/** image, video or audio; empty where nobody can tell. */
export function kindOf(type, name) {
  const told = type.split("/")[0];
  return told in ENDINGS ? told : (Object.keys(ENDINGS).find((kind) => ENDINGS[kind].test(name)) ?? "");
}

/** Where the server gives back what was uploaded. A name may hold any sign. */
const addressOf = (path) => `/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;

/** One file in its place: a local one that is on its way, or a path that the server knows. */
export class Piece {
  /** @type {File | null} */
  file;
  /** @type {string | null} */
  path;
  /** @type {string} */
  failed;
  /** @type {Record<string, (...what: any[]) => any>} */
  acts;
  /** @type {HTMLElement} */
  another;

  constructor({ file = null, path = null }, acts) {
    Object.assign(this, { file, path, failed: "", acts });
    this.local = file && URL.createObjectURL(file);
    this.media = h("div", { class: "media", onpointerdown: (event) => acts.drag(this, event) });
    this.chip = h("span", { class: "place" });
    this.left = button({
      icon: "chevron-left",
      label: "Move left",
      kind: "knob left",
      press: () => acts.move(this, -1),
    });
    this.right = button({
      icon: "chevron-right",
      label: "Move right",
      kind: "knob right",
      press: () => acts.move(this, 1),
    });
    this.away = button({ icon: "x", label: "Remove", kind: "knob away", press: () => acts.remove(this) });
    this.words = h("div", { class: "words" });
    this.lines = h("div", { class: "lines", id: `piece-${(pieces += 1)}` }); // stands below all tiles, which keep their size
    this.node = h(
      "li",
      { class: "pick", "aria-describedby": this.lines.id, onkeydown: (event) => this.key(event) },
      h("div", { class: "look" }, this.media, this.chip, this.left, this.right, this.away),
      this.words,
    );
  }

  get state() {
    return this.failed ? "failed" : this.path ? "kept" : "sending";
  }
  get name() {
    return this.file?.name ?? this.known ?? this.path.split(/[\\/]/).pop();
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey) return;
    event.preventDefault();
    this.acts.move(this, step);
  }

  /** `info` is what the server told of the file, if it has by now. */
  draw({ info, called, place, count, wide }) {
    const lines = this.failed ? [{ text: this.failed, tone: "bad", fix: "Try again" }] : (info?.lines ?? []);
    this.known = info?.name;
    this.node.dataset.state = this.state;
    this.node.dataset.wide = wide ? "yes" : "no";
    this.node.dataset.tone = lines.some(({ tone }) => tone === "bad") ? "bad" : "";
    this.node.setAttribute("aria-label", count > 1 ? `${this.name}, ${place + 1} of ${count}` : this.name);
    this.look(info?.kind || kindOf(this.file?.type ?? "", this.name), wide);
    this.call(called, count > 1 || !wide ? String(place + 1) : "");
    this.left.hidden = this.right.hidden = count < 2;
    this.left.disabled = place === 0;
    this.right.disabled = place === count - 1;
    this.away.setAttribute("aria-label", `Remove ${this.name}`);
    this.words.replaceChildren(
      live(
        "div",
        {},
        h("b", { class: "name", title: this.name }, this.name),
        h("span", { class: "facts" }, this.state === "sending" ? "Sending…" : (info?.facts ?? "")),
      ),
      wide ? (this.another ??= button({ text: "Replace", kind: "small", press: () => this.acts.choose() })) : "",
    );
    const repair = () => (this.failed ? this.acts.send(this) : this.acts.fix(this));
    this.lines.replaceChildren(...lines.map((line) => said(line, repair)));
  }

  /** The picture, the first frame or a sign; drawn anew only when it is another one, so that nothing flickers. */
  look(kind, wide) {
    const url = this.local ?? addressOf(this.path);
    const key = [kind, wide, url].join(" ");
    if (this.looks === key) return;
    this.looks = key;
    const sign = () => icon(KIND_ICONS[kind] ?? "image");
    const moving = {
      src: `${url}#t=0.1`,
      muted: true,
      playsInline: true,
      preload: "metadata",
      controls: wide,
      tabIndex: wide ? 0 : -1,
      "aria-label": this.name,
    };
    const failing = () => this.media.replaceChildren(sign());
    if (kind === "video")
      this.media.replaceChildren(
        h("video", {
          ...moving,
          onerror: failing,
          onloadedmetadata: (event) => {
            if (!event.target.videoWidth) failing();
          },
        }),
      );
    else if (kind === "audio")
      this.media.replaceChildren(
        sign(),
        wide ? h("audio", { src: url, controls: true, preload: "metadata", "aria-label": this.name }) : "",
      );
    else
      this.media.replaceChildren(
        h("img", { src: url, alt: "", decoding: "async", draggable: false, onerror: failing }),
      );
    this.media.dataset.kind = kind;
  }

  /** What the prompt calls the file, to be put there with one press; else its number. */
  call(called, number) {
    const text = called || number;
    const key = JSON.stringify([text, Boolean(called && this.acts.area())]);
    if (this.calls === key) return;
    this.calls = key;
    const presses = called && this.acts.area();
    const chip = presses
      ? live(
          "button",
          {
            type: "button",
            class: "place",
            title: `Put “${called}” into the prompt`,
            "aria-label": `Put ${called} into the prompt`,
            onclick: () => this.acts.write(called),
          },
          text,
        )
      : live("span", { class: "place", hidden: !text, "aria-hidden": called ? undefined : "true" }, text);
    const focused = document.activeElement === this.chip;
    this.chip.replaceWith(chip);
    this.chip = chip;
    if (focused) chip.focus();
  }

  forget() {
    if (this.local) URL.revokeObjectURL(this.local);
  }
}
