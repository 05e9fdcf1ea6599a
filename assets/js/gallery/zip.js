// A ZIP of many: what will be in it, how large it is, with recipes or without.
import { h, icon, live } from "../core/dom.js";
import { prepareExport } from "../core/live.js";
import { fileSize } from "../core/words.js";
import { ask } from "./dialogs.js";

export function askZip(wish, briefs) {
  const files = briefs.reduce((sum, one) => sum + one.files, 0);
  const bytes = briefs.reduce((sum, one) => sum + one.bytes, 0);
  return ask("Download as ZIP", (close) => {
    const clean = h("input", { type: "checkbox" });
    const said = h("p", { class: "said", "data-tone": "bad", role: "alert", hidden: true });
    const start = h(
      "button",
      {
        type: "button",
        class: "press primary wide",
        "data-act": "zip-start",
        onclick: async () => {
          start.disabled = true;
          try {
            const ready = await prepareExport({ ...wish, clean: clean.checked });
            h("a", { href: ready.url, download: "" }).click();
            close(ready);
          } catch (error) {
            said.textContent = error.message;
            said.hidden = false;
            start.disabled = false;
          }
        },
      },
      icon("download"),
      h("span", {}, "Download, about ", live("span", {}, fileSize(bytes))),
    );
    return [
      h(
        "p",
        {},
        `${files.toLocaleString()} ${files === 1 ? "file" : "files"}, with a table and a JSON file of how each was made.`,
      ),
      h(
        "label",
        { class: "tick" },
        clean,
        h(
          "span",
          {},
          h("b", {}, "Without recipes"),
          h("span", { class: "quiet" }, "The prompts and settings inside the files are left out."),
        ),
      ),
      said,
      start,
    ];
  });
}
