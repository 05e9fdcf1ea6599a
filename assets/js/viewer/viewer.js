// The door to the details of a job. What looks at an item (viewer/) is fetched when the first is opened. The ways from
// there back to a form: reuse.js.
//
// Events of the document that others may rely on:
//   studio:details {job, list, at, more, complete}  open a job; `list` is what one can page through, newest first, and
//                                         `more(direction)` gives the jobs beyond its end (1 older, -1 newer); where it
//                                         is `complete` there are none that are older.
//                                         Without a job the viewer closes.
//   studio:viewing {job}                  told: the job that is looked at now, or null once the viewer is closed
import { StudioElement, announce } from "../core/dom.js";

class Viewer extends StudioElement {
  connectedCallback() {
    this.opens = ({ detail }) => this.open(detail);
    document.addEventListener("studio:details", this.opens);
  }

  disconnectedCallback() {
    document.removeEventListener("studio:details", this.opens);
    this.dialog?.end();
    this.dialog = null;
  }

  async open(wish) {
    if (!wish.job) return this.dialog?.close();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      const { Dialog } = await import("./dialog.js");
      if (turn !== this.turn || !this.isConnected) return;
      this.dialog ??= new Dialog(this);
      this.dialog.open(wish);
    } catch (error) {
      announce("This could not be opened. Please reload the page.");
      throw error;
    }
  }
}

customElements.define("studio-viewer", Viewer);
