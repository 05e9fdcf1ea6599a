// A small dialog over the page, one for each purpose; on a phone it comes from below.
import { button, h } from "../core/dom.js";

export class Sheet {
  /** @type {() => void} */
  closed;

  constructor(name) {
    this.node = h("dialog", {
      class: `reuse ${name}`,
      onclick: (event) => {
        if (event.target === this.node) this.close();
      },
      onclose: () => this.closed?.(),
    });
    this.node.addEventListener("keydown", (event) => event.stopPropagation()); // the keys of what lies below rest
    (document.querySelector(".gradio-container") ?? document.body).append(this.node);
  }

  /** Show these nodes under a heading. */
  show(heading, ...nodes) {
    const title = h("h2", { id: `${this.node.className.replaceAll(" ", "-")}-title` }, heading);
    this.node.setAttribute("aria-labelledby", title.id);
    this.node.replaceChildren(
      h("header", {}, title, button({ icon: "x", label: "Close", kind: "round", press: () => this.close() })),
      ...nodes.flat().filter(Boolean),
    );
    if (!this.node.open) this.node.showModal();
  }

  close() {
    if (this.node.open) this.node.close();
  }
}
