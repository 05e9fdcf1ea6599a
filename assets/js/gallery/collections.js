// Collections: a new one, another name, one less, and what lies in them.
import { button, h, icon } from "../core/dom.js";
import { dropCollection, fetchCollections, fetchTags, makeCollection, renameCollection } from "../core/live.js";
import { ask, lineOf } from "./dialogs.js";
import { say } from "./toast.js";

/** Make one, or change one. Ends with the id of one that was removed. */
export function askCollection(one) {
  if (!one)
    return ask("New collection", (close) =>
      lineOf({
        label: "Its name",
        act: "Make it",
        close,
        save: async (name) => {
          await makeCollection(name);
        },
      }),
    );
  return ask("Change the collection", (close) => [
    ...lineOf({
      label: "Its name",
      value: one.name,
      act: "Rename",
      close,
      save: async (name) => {
        await renameCollection(one.id, name);
      },
    }),
    h("p", { class: "quiet" }, "Removing a collection removes nothing that lies in it."),
    h(
      "div",
      { class: "acts" },
      button({
        text: "Remove the collection",
        icon: "trash-2",
        kind: "danger",
        press: async () => {
          try {
            await dropCollection(one.id);
            close(one.id);
          } catch (error) {
            say(error.message);
          }
        },
      }),
    ),
  ]);
}

/** Where shall these go? Ends with `{add_to}` or `{remove_from}`. */
export async function askWhere(briefs) {
  const all = await fetchCollections();
  return ask("Add to a collection", (close) => [
    h(
      "ul",
      { class: "choices" },
      all.map((one) => {
        const inside = briefs.every(({ collections }) => collections.includes(one.id));
        return h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              "aria-pressed": String(inside),
              onclick: () =>
                close({
                  marks: inside ? { remove_from: [one.id] } : { add_to: [one.id] },
                  said: inside ? `Taken out of ${one.name}` : `Added to ${one.name}`,
                }),
            },
            icon(inside ? "check" : "folder"),
            h("span", {}, one.name),
            h("span", { class: "quiet" }, inside ? "Take out" : String(one.count ?? "")),
          ),
        );
      }),
    ),
    ...lineOf({
      label: "A new collection",
      act: "Make and add",
      close,
      save: async (name) => ({ marks: { add_to: [(await makeCollection(name)).id] }, said: `Added to ${name}` }),
    }),
  ]);
}

/** Which tag? Ends with `{add_tags}` or `{remove_tags}`. */
export async function askTag(briefs) {
  const known = await fetchTags().catch(() => []);
  const worn = [...new Set(briefs.flatMap(({ tags }) => tags))];
  return ask("Tags", (close) =>
    [
      worn.length
        ? h(
            "div",
            { class: "worn" },
            worn.map((name) =>
              h(
                "button",
                {
                  type: "button",
                  class: "chip",
                  "aria-label": `Take off ${name}`,
                  onclick: () => close({ marks: { remove_tags: [name] }, said: `${name} taken off` }),
                },
                icon("tag"),
                name,
                icon("x"),
              ),
            ),
          )
        : null,
      ...lineOf({
        label: "A tag, like harbour",
        act: "Add",
        close,
        options: known.map(({ name }) => name),
        save: async (name) => ({ marks: { add_tags: [name] }, said: `Tagged ${name}` }),
      }),
      known.length
        ? h(
            "div",
            { class: "worn" },
            known
              .slice(0, 14)
              .filter(({ name }) => !worn.includes(name))
              .map(({ name }) =>
                h(
                  "button",
                  {
                    type: "button",
                    class: "chip",
                    onclick: () => close({ marks: { add_tags: [name] }, said: `Tagged ${name}` }),
                  },
                  icon("plus"),
                  name,
                ),
              ),
          )
        : null,
    ].filter(Boolean),
  );
}
