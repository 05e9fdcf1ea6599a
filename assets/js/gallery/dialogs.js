// Small dialogs of the gallery: one at a time, closed by Esc, a press beside it, or its own button.
import { button, h } from "../core/dom.js";

/** Open one. `fill(close)` gives what stands in it. Ends with what `close` was given, or undefined. */
export function ask(name, fill, { kind = "" } = {}) {
  return new Promise((answer) => {
    let given;
    const dialog = h("dialog", {
      class: `small-room ${kind}`,
      "aria-label": name,
      onclick: (event) => {
        if (event.target === dialog) dialog.close();
      },
    });
    const close = (value) => {
      given = value;
      dialog.close();
    };
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(given);
    });
    dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the keys of what lies below rest
    dialog.append(
      h(
        "div",
        { class: "inside" },
        h("header", {}, h("h2", {}, name), button({ icon: "x", label: "Close", kind: "round", press: () => close() })),
        fill(close),
      ),
    );
    (document.querySelector("studio-gallery") ?? document.body).append(dialog);
    dialog.showModal();
  });
}

/** A question with one dangerous answer. */
export function confirmed(name, words, yes) {
  return ask(name, (close) => [
    h("p", {}, words),
    h(
      "div",
      { class: "acts" },
      button({ text: "Keep them", press: () => close(false) }),
      button({ text: yes, kind: "danger", press: () => close(true) }),
    ),
  ]);
}

/** A line to write, and a button. `save(text)` may fail with a sentence that is then shown. */
export function lineOf({ label, value = "", act, save, close, options = [] }) {
  const said = h("p", { class: "said", "data-tone": "bad", hidden: true, role: "alert" });
  const list = options.length
    ? h(
        "datalist",
        { id: "gallery-offered" },
        options.map((text) => h("option", { value: text })),
      )
    : null;
  const line = h("input", {
    type: "text",
    value,
    maxLength: 100,
    "aria-label": label,
    placeholder: label,
    autocomplete: "off",
    autofocus: true,
    list: list ? list.id : undefined,
  });
  const form = h(
    "form",
    {
      class: "line-form",
      onsubmit: async (event) => {
        event.preventDefault();
        const text = line.value.trim();
        if (!text) return line.focus();
        try {
          close(await save(text));
        } catch (error) {
          said.textContent = error.message;
          said.hidden = false;
        }
      },
    },
    line,
    list,
    h("button", { type: "submit", class: "press primary" }, act),
  );
  return [form, said];
}
