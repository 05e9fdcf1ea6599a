// Looking closer at a picture or a clip: wheel, pinch, drag, double press, keys. Nothing here knows what is shown.

const LARGEST = 8;
const STEP = 1.4;
const STILL_PX = 4;

/**
 * Zoom in a window. `pane` is the window, `content()` what it shows, `size()` the true width and height of that in pixels.
 * `sharpen()` is called at the first step closer.
 */
export class Zoom {
  /** @type {HTMLElement} */
  pane;
  /** @type {() => HTMLElement | null} */
  content;
  /** @type {() => number[]} */
  size;
  /** @type {(() => void) | undefined} */
  sharpen;
  /** @type {((isZoomed: boolean) => void) | undefined} */
  changed;

  /**
   * Watch a window; see the class.
   * @param {HTMLElement} pane
   * @param {Pick<Zoom, "content" | "size"> & Partial<Pick<Zoom, "sharpen" | "changed">>} about
   */
  constructor(pane, { content, size, sharpen, changed }) {
    Object.assign(this, { pane, content, size, sharpen, changed });
    this.ending = new AbortController();
    this.fingers = new Map();
    this.reset();
    const on = (name, does, more) => pane.addEventListener(name, does, { signal: this.ending.signal, ...more });
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.lift(event));
    // A drag that ends over a button is no press on it.
    on(
      "click",
      (event) => {
        if (this.dragged) {
          event.stopPropagation();
          event.preventDefault();
          this.dragged = false;
        }
      },
      { capture: true },
    );
  }

  end() {
    this.ending.abort();
  }

  get isZoomed() {
    return this.scale > 1.001;
  }

  /** How much larger than now the true size is: one pixel of it for each of the screen. */
  get trueScale() {
    const node = this.content();
    const [width] = this.size();
    return node?.offsetWidth && width ? width / devicePixelRatio / node.offsetWidth : 1;
  }

  reset() {
    this.set(1, 0, 0);
  }

  /** Full size, or back to the whole of it; around a point of the screen, else the middle. */
  toggle(point) {
    if (this.isZoomed || this.scale < 0.999) return this.reset();
    const full = this.trueScale;
    this.around(full > 1.02 ? full : 2, point);
  }

  by(factor, point) {
    this.around(this.scale * factor, point);
  }
  closer() {
    this.by(STEP);
  }
  farther() {
    this.by(1 / STEP);
  }

  around(wished, point) {
    const scale = Math.min(Math.max(wished, 1), Math.max(LARGEST, this.trueScale * 2));
    const box = this.pane.getBoundingClientRect();
    const [x, y] = point
      ? [point.clientX - box.left - box.width / 2, point.clientY - box.top - box.height / 2]
      : [0, 0];
    const grown = scale / this.scale;
    this.set(scale, x - (x - this.x) * grown, y - (y - this.y) * grown);
  }

  set(scale, x, y) {
    const node = this.content();
    // What lies in the window cannot be pushed out of it.
    const room = (inner, outer) => Math.max(0, (inner * scale - outer) / 2);
    const [wide, high] = node
      ? [room(node.offsetWidth, this.pane.clientWidth), room(node.offsetHeight, this.pane.clientHeight)]
      : [0, 0];
    this.scale = scale;
    this.x = Math.min(wide, Math.max(-wide, x));
    this.y = Math.min(high, Math.max(-high, y));
    if (node) node.style.transform = this.isZoomed ? `translate(${this.x}px, ${this.y}px) scale(${scale})` : "";
    this.pane.toggleAttribute("data-zoomed", this.isZoomed);
    if (this.isZoomed) this.sharpen?.();
    this.changed?.(this.isZoomed);
  }

  wheel(event) {
    if (event.target.closest("input, .strip, .bar")) return;
    event.preventDefault();
    this.by(Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 60) * 0.006), event);
  }

  press(event) {
    if (
      event.target.closest(".bar, .strip, .press, input, select") ||
      (event.pointerType === "mouse" && event.button !== 0)
    )
      return;
    this.fingers.set(event.pointerId, event);
    this.from = { x: event.clientX, y: event.clientY };
    this.dragged = false;
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    if (this.fingers.size === 2) this.pinch(before, event);
    else if (this.isZoomed) {
      if (!this.dragged && Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) < STILL_PX) return;
      if (!this.dragged) this.pane.setPointerCapture(event.pointerId);
      this.dragged = true;
      this.set(this.scale, this.x + event.clientX - before.clientX, this.y + event.clientY - before.clientY);
    }
    this.fingers.set(event.pointerId, event);
  }

  pinch(before, now) {
    const other = [...this.fingers.values()].find(({ pointerId }) => pointerId !== now.pointerId);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    this.dragged = true;
    this.by(apart(now) / Math.max(1, apart(before)), {
      clientX: (now.clientX + other.clientX) / 2,
      clientY: (now.clientY + other.clientY) / 2,
    });
  }

  lift(event) {
    this.fingers.delete(event.pointerId);
  }
}
