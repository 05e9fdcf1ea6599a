// A chooser of one or several files, in an order: uploads and places. What is right or wrong of a file it is told.
import { StudioElement, announce, h, icon } from "../core/dom.js";
import { KIND_ICONS, kindNames } from "../core/words.js";
import { Piece, kindOf } from "./piece.js";
import { ask } from "./ask.js";

const DRAG_PX = 5;

class Files extends StudioElement {
  pieces = [];
  known = "[]";

  connectedCallback() {
    this.pastes = (event) => this.paste(event);
    document.addEventListener("paste", this.pastes);
    if (!this.list) this.build();
  }

  disconnectedCallback() {
    document.removeEventListener("paste", this.pastes);
    setTimeout(() => {
      if (!this.isConnected) this.pieces.forEach((piece) => piece.forget());
    });
  }

  build() {
    this.legend = h("legend", {});
    this.help = h("p", { class: "help" });
    this.input = h("input", {
      type: "file",
      onchange: () => {
        this.add([...this.input.files]);
        this.input.value = "";
      },
    });
    this.zone = h(
      "li",
      { class: "zone" },
      h("label", {}, this.input, (this.invitation = h("span", { class: "invitation" }))),
    );
    this.list = h("ol", { class: "picks" }, this.zone);
    this.saids = h("div", { class: "saids" });
    this.notice = h("div", { class: "said", "data-tone": "advice", role: "status", hidden: true });
    this.replaceChildren(
      h("fieldset", { class: "chooser given" }, this.legend, this.help, this.list, this.saids, this.notice),
    );
    let depth = 0;
    const over = (by) => (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      depth = by ? Math.max(0, depth + by) : depth;
      this.classList.toggle("over", depth > 0);
    };
    this.addEventListener("dragenter", over(1));
    this.addEventListener("dragover", over(0));
    this.addEventListener("dragleave", over(-1));
    this.addEventListener("drop", (event) => {
      over(-depth)(event);
      this.add([...event.dataTransfer.files]);
    });
  }

  get most() {
    return this.offer.most ?? 1;
  }
  get kinds() {
    return this.offer.kinds?.length ? this.offer.kinds : ["image"];
  }
  /** A place that is given away by a press on Replace is a free one. */
  get room() {
    return this.most === 1 ? 1 : Math.max(0, this.most - this.pieces.length);
  }

  render() {
    const paths = Array.isArray(this.value) ? [...this.value] : [];
    const now = JSON.stringify(paths);
    if (now !== this.known) this.follow(paths);
    this.known = now;
    this.draw();
  }

  /** Take over the server's order. What is still on its way keeps its place. */
  follow(paths) {
    const kept = this.pieces.filter((piece) => piece.path);
    const next = paths.map((path) => {
      const at = kept.findIndex((piece) => piece.path === path);
      return at < 0 ? new Piece({ path }, this.acts) : kept.splice(at, 1)[0];
    });
    this.pieces.forEach((piece, at) => {
      if (!piece.path) next.splice(at, 0, piece);
    });
    kept.forEach((piece) => piece.forget());
    this.pieces = next;
  }

  draw() {
    const { label = "", help = "", required, accept = "", files = [] } = this.offer;
    const [count, wide, told] = [this.pieces.length, this.most === 1 && this.pieces.length === 1, [...files]];
    this.legend.replaceChildren(
      label,
      required || help.startsWith("Optional") ? "" : h("span", { class: "quiet" }, "optional"),
    );
    this.help.textContent = help;
    this.help.hidden = !help;
    Object.assign(this.input, { accept, multiple: this.most > 1 });
    this.arrange(this.list, [...this.pieces.map((piece) => piece.node), this.zone]);
    this.arrange(
      this.saids,
      this.pieces.map((piece) => piece.lines),
    );
    let inOrder = true; // what the prompt calls a file goes by those before it: after a move the server tells it anew
    this.pieces.forEach((piece, place) => {
      const at = told.findIndex(({ path }) => path === piece.path);
      inOrder &&= !piece.path || at === 0;
      const info = at < 0 ? undefined : told.splice(at, 1)[0];
      piece.draw({ info, called: inOrder ? (info?.called ?? "") : "", place, count, wide });
    });
    this.zone.hidden = count >= this.most;
    this.zone.dataset.empty = count ? "no" : "yes";
    this.zone.dataset.quiet = required ? "no" : "yes";
    this.invite(count);
  }

  /** The nodes in their order; the focus stays where it is. */
  arrange(parent, nodes) {
    if (nodes.length === parent.children.length && nodes.every((node, at) => parent.children[at] === node)) return;
    const focused = this.contains(document.activeElement) && document.activeElement;
    parent.replaceChildren(...nodes);
    if (focused && this.contains(focused)) /** @type {HTMLElement} */ (focused).focus({ preventScroll: true });
  }

  invite(count) {
    const [several, left] = [this.most > 1, this.most - count];
    const things = this.kinds.map((kind) => (several ? kindNames(kind)[1] : `a ${kindNames(kind)[0]}`)).join(" or ");
    this.input.setAttribute(
      "aria-label",
      `${this.offer.label ?? ""}: ${count ? `add another, ${left} more can be added` : `choose ${things}`}`,
    );
    if (count)
      return this.invitation.replaceChildren(
        icon("plus"),
        h("b", {}, "Add"),
        h("span", { class: "quiet" }, `${left} more`),
      );
    return this.invitation.replaceChildren(
      h(
        "span",
        { class: "signs" },
        this.kinds.map((kind) => icon(KIND_ICONS[kind])),
      ),
      h("span", { class: "drop" }, `Drop ${several ? `up to ${this.most} ` : ""}${things} here, or`),
      h("span", { class: "press small" }, several ? "Choose files" : "Choose a file"),
    );
  }

  /** What a tile can ask for. */
  acts = {
    send: (piece) => this.send(piece),
    remove: (piece) => this.remove(piece),
    choose: () => this.input.click(),
    fix: (piece) =>
      ask(this, "fix", { field: this.offer.field, item: this.pieces.filter(({ path }) => path).indexOf(piece) }),
    move: (piece, by) => {
      const next = by < 0 ? piece.left : piece.right;
      this.place(piece, this.pieces.indexOf(piece) + by);
      if (
        piece.node.contains(document.activeElement) &&
        !(/** @type {HTMLButtonElement} */ (document.activeElement).disabled)
      )
        return;
      (next.disabled ? (by < 0 ? piece.right : piece.left) : next).focus();
    },
    drag: (piece, event) => this.drag(piece, event),
    area: () => this.offer.prompt && document.getElementById(this.offer.prompt)?.querySelector("textarea"),
    write: (word) => this.write(word),
  };

  add(files) {
    const taken = files.filter((file) => this.takes(file));
    const wanted = this.kinds.map((kind) => `a ${kindNames(kind)[0]}`).join(" or ");
    const strange = files.filter((file) => !taken.includes(file)).map(({ name }) => name);
    const room = this.room;
    const fitting = taken.slice(0, room).map((file) => new Piece({ file }, this.acts));
    const out = taken.length - fitting.length;
    this.say(
      [
        strange.length ? `${strange.join(", ")} ${strange.length > 1 ? "are" : "is"} not ${wanted}.` : "",
        !out
          ? ""
          : room
            ? `${room === 1 ? "One place was" : `${room} places were`} free: ${out} file${out > 1 ? "s were" : " was"} left out.`
            : `All ${this.most} places are taken. Remove a file first.`,
      ]
        .filter(Boolean)
        .join(" "),
    );
    if (!fitting.length) return;
    if (this.most === 1) this.pieces.splice(0).forEach((piece) => piece.forget());
    this.pieces.push(...fitting);
    fitting.forEach((piece) => this.send(piece));
  }

  /** A file of a kind that nobody can tell is let through: the studio looks into it. */
  takes(file) {
    const kind = kindOf(file.type, file.name);
    const plain = !kind && !file.type;
    return plain || (this.offer.accept ?? "").split(",").some((one) => one.trim().startsWith(`${kind}/`));
  }

  async send(piece) {
    piece.failed = "";
    this.draw();
    // What Gradio says of a failure is for developers; why it failed, nobody knows here.
    const failed = `${piece.name} did not arrive. Check your connection, or take a smaller file.`;
    try {
      piece.path = (await this.context.upload(piece.file)).path;
    } catch {
      piece.failed = failed;
    }
    if (!this.isConnected || !this.pieces.includes(piece)) return;
    announce(piece.failed || `${piece.name} is added.`);
    this.commit();
  }

  /** Tell Gradio, if the arrived files or their order are others than before. */
  commit() {
    const paths = this.pieces.filter(({ path }) => path).map(({ path }) => path);
    const now = JSON.stringify(paths);
    const isNew = now !== this.known;
    this.known = now;
    if (isNew) this.enter(paths);
    this.draw();
  }

  remove(piece) {
    const at = this.pieces.indexOf(piece);
    this.pieces.splice(at, 1);
    piece.forget();
    this.say("");
    this.commit();
    announce(`${piece.name} is removed.`);
    (this.pieces[Math.min(at, this.pieces.length - 1)]?.away ?? this.input).focus();
  }

  place(piece, at) {
    if (at < 0 || at >= this.pieces.length || this.pieces[at] === piece) return;
    this.pieces.splice(this.pieces.indexOf(piece), 1);
    this.pieces.splice(at, 0, piece);
    this.commit();
    announce(`${piece.name} is number ${at + 1} of ${this.pieces.length} now.`);
  }

  /** Carry a tile to another place. On a touch screen the same movement scrolls: there the arrows do it. */
  drag(piece, start) {
    if (start.pointerType === "touch" || start.button || this.pieces.length < 2) return;
    const { node } = piece;
    let target = null;
    const move = (event) => {
      const [x, y] = [event.clientX - start.clientX, event.clientY - start.clientY];
      if (!node.classList.contains("carried") && Math.hypot(x, y) < DRAG_PX) return;
      event.preventDefault();
      node.classList.add("carried");
      node.style.transform = `translate(${x}px, ${y}px)`;
      target = this.pieces.find((other) => other !== piece && under(other.node, event)) ?? null;
      this.pieces.forEach((other, at) => {
        other.node.dataset.drop = other !== target ? "" : at < this.pieces.indexOf(piece) ? "before" : "after";
      });
    };
    const end = (event) => {
      ["pointermove", "pointerup", "pointercancel"].forEach((type) =>
        removeEventListener(type, type === "pointermove" ? move : end),
      );
      node.classList.remove("carried");
      node.style.transform = "";
      this.pieces.forEach((other) => {
        other.node.dataset.drop = "";
      });
      if (target && event.type === "pointerup") this.place(piece, this.pieces.indexOf(target));
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }

  /** Put a word where the caret stands in the prompt, with the spaces it needs. */
  write(word) {
    const area = this.acts.area();
    const [from, to] = [area.selectionStart, area.selectionEnd];
    const before = /[\p{L}\p{N},.;:!?]$/u.test(area.value.slice(0, from)) ? " " : "";
    const after = /^[\p{L}\p{N}]/u.test(area.value.slice(to)) ? " " : "";
    area.setRangeText(`${before}${word}${after}`, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  }

  /** Files from the clipboard go to the first chooser in sight that has room for their kind. */
  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    const other = document.activeElement?.closest("studio-files");
    if (event.defaultPrevented || !files.length || (other && other !== this) || !this.getClientRects().length) return;
    if (!this.room || (this.most === 1 && this.pieces.length && !other) || !files.some((file) => this.takes(file)))
      return;
    event.preventDefault();
    this.add(files);
  }

  say(text) {
    this.notice.replaceChildren(icon("info"), h("p", {}, text));
    this.notice.hidden = !text;
  }
}

function under(node, { clientX: x, clientY: y }) {
  const { left, right, top, bottom } = node.getBoundingClientRect();
  return x >= left && x <= right && y >= top && y <= bottom;
}

customElements.define("studio-files", Files);
