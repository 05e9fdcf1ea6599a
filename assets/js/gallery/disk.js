// Where the disk's room goes, by kind of work and month, and the files that nobody needs any more.
import { button, h, icon, live } from "../core/dom.js";
import { bringBack, emptyRemoved, fetchDisk, sweep } from "../core/live.js";
import { catalogue, fileSize } from "../core/words.js";
import { ask } from "./dialogs.js";

const COLOURS = 9;
const MOST_MONTHS = 12;
const MOST_FILES = 200;

export function showDisk() {
  return ask(
    "Space",
    () => {
      const body = h("div", { class: "disk", "aria-busy": "true" }, h("p", { class: "quiet" }, "Adding up…"));
      fill(body);
      return body;
    },
    { kind: "broad" },
  );
}

async function fill(body) {
  try {
    const use = await fetchDisk();
    body.replaceChildren(...whole(use), ...chart(use), tidy(), ...removedLately(use));
  } catch (error) {
    body.replaceChildren(h("p", { class: "said", "data-tone": "bad" }, error.message));
  }
  body.removeAttribute("aria-busy");
}

const months = (use) =>
  [...new Set(use.families.flatMap(({ months: all }) => all.map(({ month }) => month)))].sort().slice(-MOST_MONTHS);

function whole({ families, bin, inputs, free, total, removed = [] }) {
  const away = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  const made = families.reduce((sum, { bytes }) => sum + bytes, 0);
  const fact = (label, bytes, note) =>
    h(
      "div",
      { class: "fact" },
      live("b", {}, fileSize(bytes)),
      h("span", {}, label),
      note ? h("span", { class: "quiet" }, note) : null,
    );
  return [
    h(
      "div",
      { class: "facts-row" },
      fact("made", made),
      fact("given files", inputs),
      fact("in the bin", bin, `removed after ${catalogue.bin_days} days`),
      removed.length ? fact("removed lately", away, `kept for ${catalogue.removed_days} days`) : null,
      fact("free", free, `of ${fileSize(total)}`),
    ),
  ];
}

function chart(use) {
  const shown = months(use);
  if (!shown.length) return [h("p", { class: "quiet" }, "Nothing has been made yet.")];
  const bytesOf = (family, month) => family.months.find((one) => one.month === month)?.bytes ?? 0;
  const totals = shown.map((month) => use.families.reduce((sum, family) => sum + bytesOf(family, month), 0));
  const most = Math.max(...totals, 1);
  const name = (month) =>
    new Date(`${month}-15T12:00:00Z`).toLocaleDateString(undefined, { month: "short", year: "2-digit" });
  const bars = shown.map((month, index) =>
    h(
      "div",
      { class: "month" },
      live("span", { class: "sum" }, fileSize(totals[index])),
      h(
        "div",
        { class: "bar", style: `height:${((totals[index] / most) * 100).toFixed(2)}%` },
        use.families.map((family, number) => {
          const bytes = bytesOf(family, month);
          return bytes
            ? h("i", {
                style: `flex-grow:${bytes};--hue:var(--share-${number % COLOURS})`,
                title: `${family.label}, ${name(month)}: ${fileSize(bytes)}`,
              })
            : null;
        }),
      ),
      h("span", { class: "name" }, name(month)),
    ),
  );
  const legend = h(
    "ul",
    { class: "legend" },
    use.families.map((family, number) =>
      h(
        "li",
        {},
        h("i", { style: `--hue:var(--share-${number % COLOURS})` }),
        h("span", {}, family.label),
        live("b", {}, fileSize(family.bytes)),
      ),
    ),
  );
  const table = h(
    "table",
    { class: "sr" },
    h("caption", {}, "Space by kind of work and month"),
    h(
      "tr",
      {},
      h("th", {}, "Kind of work"),
      shown.map((month) => h("th", {}, name(month))),
    ),
    use.families.map((family) =>
      h(
        "tr",
        {},
        h("th", {}, family.label),
        shown.map((month) => h("td", {}, fileSize(bytesOf(family, month)))),
      ),
    ),
  );
  return [h("div", { class: "months", "aria-hidden": "true" }, bars), legend, table];
}

function tidy() {
  const found = h("div", { class: "found" });
  const look = button({
    text: "Look for files to tidy up",
    icon: "eraser",
    act: "tidy",
    press: async (node) => {
      node.disabled = true;
      try {
        show(found, await sweep(true));
      } catch (error) {
        found.replaceChildren(h("p", { class: "said", "data-tone": "bad" }, error.message));
      }
      node.disabled = false;
    },
  });
  return h(
    "section",
    { class: "tidy" },
    h("h3", {}, "Tidy up"),
    h(
      "p",
      { class: "quiet" },
      "Looks for files that nothing in the gallery, the bin or a form needs. Nothing is removed before you have seen the list.",
    ),
    look,
    found,
  );
}

/** What cleaning up took away, by day: it can be brought back for a while, or its room be had at once. */
function removedLately({ removed = [] }) {
  if (!removed.length) return [];
  const said = h("p", { class: "quiet", role: "status" });
  const doing = (ask, tell) => async (node) => {
    node.disabled = true;
    try {
      said.textContent = tell(await ask());
      node.closest("li").remove();
    } catch (error) {
      said.textContent = error.message;
      node.disabled = false;
    }
  };
  const day = ({ day: name, files, bytes }) =>
    h(
      "li",
      {},
      h(
        "span",
        {},
        new Date(`${name}T12:00:00Z`).toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" }),
      ),
      h("span", {}, `${files.toLocaleString()} ${files === 1 ? "file" : "files"}, ${fileSize(bytes)}`),
      h(
        "span",
        { class: "acts" },
        button({
          text: "Bring back",
          icon: "undo-2",
          kind: "small",
          act: "bring-back",
          press: doing(
            () => bringBack(name),
            ({ files: many }) => `${many.toLocaleString()} ${many === 1 ? "file is" : "files are"} back.`,
          ),
        }),
        button({
          text: "Delete for good",
          icon: "trash-2",
          kind: "small danger",
          act: "empty-removed",
          press: doing(
            () => emptyRemoved(name),
            ({ bytes: freed }) => `${fileSize(freed)} are free again.`,
          ),
        }),
      ),
    );
  return [
    h(
      "section",
      { class: "tidy removed" },
      h("h3", {}, "Removed lately"),
      h("p", { class: "quiet" }, `What cleaning up took away is kept for ${catalogue.removed_days} days.`),
      h("ul", { class: "orphans days" }, removed.map(day)),
      said,
    ),
  ];
}

function show(found, { files, bytes, count = files.length, held_back: heldBack = null }) {
  if (heldBack)
    return found.replaceChildren(
      h("p", { class: "said", "data-tone": "advice" }, icon("archive-restore"), h("span", {}, heldBack)),
    );
  if (!files.length)
    return found.replaceChildren(
      h("p", { class: "said", "data-tone": "ok" }, icon("check"), h("span", {}, "All is tidy: every file is needed.")),
    );
  const many = `${count.toLocaleString()} ${count === 1 ? "file" : "files"}`;
  found.replaceChildren(
    h(
      "ul",
      { class: "orphans" },
      files
        .slice(0, MOST_FILES)
        .map(({ name, bytes: one, why }) =>
          h("li", {}, live("code", {}, name), h("span", {}, why), live("b", {}, fileSize(one))),
        ),
    ),
    count > MOST_FILES ? h("p", { class: "quiet" }, `and ${(count - MOST_FILES).toLocaleString()} more`) : "",
    button({
      text: `Remove ${many}, ${fileSize(bytes)}`,
      icon: "trash-2",
      kind: "danger",
      act: "tidy-now",
      press: async (node) => {
        node.disabled = true;
        try {
          const done = await sweep(false);
          found.replaceChildren(
            h(
              "p",
              { class: "said", "data-tone": "ok" },
              icon("check"),
              h(
                "span",
                {},
                `${fileSize(done.bytes)} were removed. They are kept for ${catalogue.removed_days} days under “Removed lately”.`,
              ),
            ),
          );
        } catch (error) {
          found.replaceChildren(h("p", { class: "said", "data-tone": "bad" }, error.message));
        }
      },
    }),
  );
}
