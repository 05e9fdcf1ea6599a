// One look for all panes: they are enlarged and moved together. Everything is measured in shares of a pane.

const MOST = 12;
const STEP = 1.3;
const within = (value, least, most) => Math.min(Math.max(value, least), most);

export class View {
  /** @type {HTMLElement} */
  node;
  /** @type {() => void} */
  changed;
  /** @type {number} */
  scale;
  /** @type {number} */
  x;
  /** @type {number} */
  y;

  /** `changed()` is told after every move; `node` holds the panes, each with a `.look` of the same size. */
  constructor(node, { changed = () => {} } = {}) {
    Object.assign(this, { node, changed, scale: 1, x: 0, y: 0 });
    this.fingers = new Map();
    node.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    node.addEventListener("pointerdown", (event) => this.down(event));
    node.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, (event) => this.up(event));
    node.addEventListener("dblclick", (event) => {
      if (event.target.closest(".look") && !event.target.closest("button, .page"))
        this.zoom(this.scale > 1.01 ? 1 / this.scale : 2.5, this.place(event));
    });
  }

  get near() {
    return this.scale > 1.01;
  }

  /** Where a pointer is in its pane: from -0.5 to 0.5 both ways. */
  place({ clientX, clientY, target }) {
    const box = (target.closest?.(".look") ?? this.node.querySelector(".look"))?.getBoundingClientRect();
    return box
      ? { x: (clientX - box.left) / box.width - 0.5, y: (clientY - box.top) / box.height - 0.5, box }
      : { x: 0, y: 0 };
  }

  /** Enlarge by a factor; what lies under the place stays there. */
  zoom(factor, { x = 0, y = 0 } = {}) {
    const scale = within(this.scale * factor, 1, MOST);
    const grown = scale / this.scale;
    this.set(scale, x - (x - this.x) * grown, y - (y - this.y) * grown);
  }

  nearer() {
    this.zoom(STEP);
  }
  farther() {
    this.zoom(1 / STEP);
  }
  pan(x, y) {
    this.set(this.scale, this.x + x, this.y + y);
  }
  fit() {
    this.set(1, 0, 0);
  }

  set(scale, x, y) {
    const room = (scale - 1) / 2;
    Object.assign(this, { scale, x: within(x, -room, room), y: within(y, -room, room) });
    this.node.style.setProperty("--zoom", scale.toFixed(4));
    this.node.style.setProperty("--x", `${(this.x * 100).toFixed(3)}%`);
    this.node.style.setProperty("--y", `${(this.y * 100).toFixed(3)}%`);
    this.node.dataset.near = this.near ? "yes" : "no";
    this.changed();
  }

  wheel(event) {
    const look = event.target.closest?.(".look");
    if (!look || event.target.closest(".page")) return;
    if (!event.ctrlKey && !this.near && this.node.scrollHeight > this.node.clientHeight + 1) return; // then the wheel scrolls the panes
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), this.place(event));
  }

  down(event) {
    if (!event.target.closest(".look") || event.target.closest("button, a, input, .page")) return;
    this.fingers.set(event.pointerId, event);
    if (this.near || this.fingers.size > 1) {
      event.preventDefault();
      this.node.setPointerCapture?.(event.pointerId);
    }
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const kept = { clientX: event.clientX, clientY: event.clientY, target: before.target, pointerId: event.pointerId };
    const { box } = this.place(before);
    if (this.fingers.size === 2 && box) {
      const other = [...this.fingers.values()].find((one) => one.pointerId !== event.pointerId);
      const span = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      this.zoom(
        span(kept) / span(before),
        this.place({
          clientX: (kept.clientX + other.clientX) / 2,
          clientY: (kept.clientY + other.clientY) / 2,
          target: before.target,
        }),
      );
    } else if (this.near && box)
      this.pan((kept.clientX - before.clientX) / box.width, (kept.clientY - before.clientY) / box.height);
    this.fingers.set(event.pointerId, kept);
  }

  up(event) {
    this.fingers.delete(event.pointerId);
  }
}

/** Columns and rows in which `shapes` (width through height) come out largest in a room of this size, in px. */
export function layout(shapes, { width, height, gap, line, least = 0 }) {
  const shape = shapes.reduce((sum, one) => sum + one, 0) / shapes.length;
  let best = { columns: 1, rows: shapes.length, area: 0 };
  for (let columns = 1; columns <= shapes.length; columns += 1) {
    const rows = Math.ceil(shapes.length / columns);
    const [across, down] = [(width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows - line];
    if (across < least && columns > 1) break;
    const shown = Math.max(1, Math.min(across, down * shape));
    const area = (shown * shown) / shape;
    if (area > best.area * 1.02) best = { columns, rows, area };
  }
  return best;
}
