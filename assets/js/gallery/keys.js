// The gallery by keys alone: one tile has the focus, arrows move it, letters act on it or on what is chosen.
const ROW = 12; // px that tops of one row may differ

export class Keys {
  constructor(gallery) {
    this.gallery = gallery;
    gallery.addEventListener("keydown", (event) => this.key(event));
    this.loose = (event) => {
      if (event.target === document.body && gallery.window.shown && !document.querySelector("dialog[open]"))
        this.key(event);
    };
    document.addEventListener("keydown", this.loose); // after a press the focus may be nowhere
    gallery.addEventListener("keyup", (event) => {
      if (event.key === " " && event.target.matches?.(".tile")) event.preventDefault();
    });
    gallery.list.addEventListener("focusin", (event) => {
      const cell = event.target.closest(".cell");
      if (cell && event.target.matches(".tile")) this.settle(cell.dataset.cell);
    });
  }

  end() {
    document.removeEventListener("keydown", this.loose);
  }

  get tiles() {
    return [...this.gallery.list.querySelectorAll(".tile[data-job]")];
  }
  /** The job whose tile has the focus. */
  get here() {
    return /** @type {HTMLElement} */ (document.activeElement?.closest?.(".cell"))?.dataset.cell ?? null;
  }

  /** Make a tile the one that Tab comes to. */
  settle(id) {
    this.gallery.current = id;
    for (const tile of this.tiles) tile.tabIndex = tile.dataset.job === id ? 0 : -1;
  }

  keepOne() {
    const { tiles } = this;
    if (tiles.length && !tiles.some(({ tabIndex }) => tabIndex === 0)) {
      const { edge } = this.gallery;
      (tiles.find((tile) => tile.getBoundingClientRect().bottom > edge) ?? tiles[0]).tabIndex = 0;
    }
  }

  walkTo(id, { focus = true } = {}) {
    const tile = this.tiles.find((one) => one.dataset.job === id);
    if (!tile) return;
    this.settle(id);
    if (focus) tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: "nearest" });
  }

  /** These go: the focus moves to the one after, or before. */
  leave(ids) {
    const { tiles, here } = this;
    if (!ids.includes(here)) return;
    const at = tiles.findIndex(({ dataset }) => dataset.job === here);
    const next = [...tiles.slice(at + 1), ...tiles.slice(0, at).reverse()].find(
      ({ dataset }) => !ids.includes(dataset.job),
    );
    if (next) this.walkTo(next.dataset.job);
  }

  key(event) {
    const { gallery } = this;
    if (
      this.resting ||
      event.defaultPrevented ||
      event.target.closest("input, textarea, select, dialog") ||
      event.altKey
    )
      return;
    if (event.key === "Escape" && gallery.selection.size) {
      event.preventDefault();
      return gallery.selection.clear();
    }
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl) {
      if (event.key.toLowerCase() === "a") {
        event.preventDefault();
        gallery.chooseAll();
      }
      return;
    }
    if (this.walk(event) || !this.act(event)) return;
    event.preventDefault();
  }

  act(event) {
    const { gallery } = this;
    const { acts } = gallery;
    const onTile = event.target.closest(".cell") !== null;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "/") {
      gallery.filters.box.focus();
      return true;
    }
    if (key === "?") {
      gallery.help("showKeys");
      return true;
    }
    if (!onTile && !gallery.selection.size) return false;
    if ((key === " " && event.target.matches(".tile")) || key === "x") {
      const job = gallery.job(this.here);
      if (job) gallery.selection.toggle(job);
      return true;
    }
    if (gallery.wish.bin) {
      if (key !== "Delete") return false;
      acts.purge();
      return true;
    }
    return this.mark(key, acts);
  }

  mark(key, acts) {
    if (/^[0-5]$/.test(key)) acts.rate(Number(key));
    else if (key === "h" || key === "b") acts.favourite(!this.gallery.targets().every(({ favourite }) => favourite));
    else if (key === "t") this.rest(acts.tag());
    else if (key === "a") this.rest(acts.collect());
    else if (key === "c") acts.compare();
    else if (key === "d") this.rest(acts.zip());
    else if (key === "Delete") acts.discard();
    else return false;
    return true;
  }

  /** Until a dialog that was asked for is answered, keys do nothing here: it may take a moment to come. */
  rest(asked) {
    this.resting = true;
    asked.finally(() => {
      this.resting = false;
    });
  }

  walk(event) {
    const { tiles } = this;
    const at = tiles.indexOf(event.target);
    if (at < 0) return false;
    const next = {
      ArrowRight: () => tiles[at + 1],
      ArrowLeft: () => tiles[at - 1],
      ArrowDown: () => this.near(tiles[at], 1),
      ArrowUp: () => this.near(tiles[at], -1),
      Home: () => tiles[0],
      End: () => tiles.at(-1),
    }[event.key];
    if (!next) return false;
    event.preventDefault();
    const to = next();
    if (!to) return true;
    const { gallery } = this;
    if (event.shiftKey) {
      gallery.selection.anchor ??= gallery.job(tiles[at].dataset.job);
      const [low, high] = [Math.min(at, tiles.indexOf(to)), Math.max(at, tiles.indexOf(to))];
      gallery.selection.set(
        tiles
          .slice(low, high + 1)
          .map(({ dataset }) => gallery.job(dataset.job))
          .filter(Boolean),
      );
    }
    this.walkTo(to.dataset.job);
    return true;
  }

  /** The tile above or below: the nearest of the next row. */
  near(tile, way) {
    const box = tile.getBoundingClientRect();
    const middle = box.left + box.width / 2;
    const beyond = this.tiles
      .map((other) => [other, other.getBoundingClientRect()])
      .filter(([, other]) => way * (other.top - box.top) > ROW);
    const row = Math.min(...beyond.map(([, other]) => Math.abs(other.top - box.top)));
    return beyond
      .filter(([, other]) => Math.abs(other.top - box.top) < row + ROW)
      .sort(
        ([, a], [, b]) => Math.abs(a.left + a.width / 2 - middle) - Math.abs(b.left + b.width / 2 - middle),
      )[0]?.[0];
  }
}
