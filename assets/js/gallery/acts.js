// What is done with chosen jobs: written to the studio, said in a sentence, undone where it can be.
import { announce } from "../core/dom.js";
import { discard, emptyBin, restore, shelve } from "../core/live.js";
import { say } from "./toast.js";

const AT_ONCE = 1000;
const counted = (count) => (count === 1 ? "1 item" : `${count.toLocaleString()} items`);

/** `gallery` offers `targets()`: the briefs meant, `left(ids)`: they are no longer here, `back(ids)`: look again. */
export class Acts {
  constructor(gallery) {
    this.gallery = gallery;
  }

  get ids() {
    return this.gallery
      .targets()
      .map(({ id }) => id)
      .slice(0, AT_ONCE);
  }

  clear() {
    this.gallery.selection.clear();
  }

  async mark(marks, sentence, ids = this.ids) {
    if (!ids.length) return;
    try {
      await shelve(ids, marks);
      announce(sentence);
      if (ids.length > 1) say(`${sentence} (${counted(ids.length)}).`);
    } catch (error) {
      say(error.message);
    }
  }

  favourite(on, ids) {
    return this.mark({ favourite: on }, on ? "Now a favourite" : "No favourite any more", ids);
  }
  rate(rating, ids) {
    return this.mark({ rating }, rating ? `${rating} of 5 stars` : "No stars", ids);
  }

  async tag() {
    const { askTag } = await import("./collections.js");
    const answer = await askTag(this.gallery.targets());
    if (answer) await this.mark(answer.marks, answer.said);
  }

  async collect() {
    const { askWhere } = await import("./collections.js");
    try {
      const answer = await askWhere(this.gallery.targets());
      if (answer) await this.mark(answer.marks, answer.said);
    } catch (error) {
      say(error.message);
    }
    this.gallery.filters.fetchCollections();
  }

  compare() {
    document.dispatchEvent(new CustomEvent("studio:compare", { detail: { jobs: this.ids } }));
  }

  async zip() {
    const { askZip } = await import("./zip.js");
    await askZip({ jobs: this.ids }, this.gallery.targets());
  }

  async discard(ids = this.ids) {
    if (!ids.length) return;
    let answer;
    try {
      answer = await discard(ids);
    } catch (error) {
      return say(error.message);
    }
    const kept = new Set(answer.kept.map(({ job }) => job));
    const gone = ids.filter((id) => !kept.has(id));
    this.gallery.left(gone);
    if (gone.length) {
      document.dispatchEvent(
        new CustomEvent("studio:undo", {
          detail: {
            text: `${counted(gone.length)} moved to the bin.`,
            undo: async () => {
              await restore(gone);
              this.gallery.back(gone);
            },
          },
        }),
      );
    }
    if (kept.size) say(kept.size === 1 ? answer.kept[0].why : `${counted(kept.size)} stay: ${answer.kept[0].why}`);
  }

  async restore(ids = this.ids) {
    try {
      const answer = await restore(ids);
      this.gallery.left(ids);
      say(`${counted(answer.moved)} restored.`);
    } catch (error) {
      say(error.message);
    }
  }

  /** Remove for good what is chosen, or with null the whole bin. */
  async purge(ids = this.ids) {
    const { confirmed } = await import("./dialogs.js");
    const what = ids ? counted(ids.length) : "everything in the bin";
    if (
      !(await confirmed(
        "Delete for good?",
        `This removes ${what} and the files. It cannot be undone.`,
        "Delete for good",
      ))
    )
      return;
    try {
      const { removed } = await emptyBin(ids);
      if (ids) this.gallery.left(ids);
      else this.gallery.restart();
      say(`${counted(removed)} deleted for good.`);
    } catch (error) {
      say(error.message);
    }
  }
}
