// What stands below the panes when it is asked for: the differences, the blind vote and its result, the sheet, the keys.
import { button, h, icon, live } from "../core/dom.js";
import { rows } from "./difference.js";
import { newSeed } from "./vote.js";

const ROUNDS = [
  ["1", "1 round"],
  ["3", "3 rounds"],
  ["5", "5 rounds"],
  ["10", "10 rounds"],
  ["0", "Until I end it"],
];
const KEYS = [
  ["Space", "Play or pause"],
  [", and .", "One frame back or on"],
  ["← →", "One second back or on; moves the picture when it is enlarged"],
  ["L", "How to loop"],
  ["M", "Sound of the chosen clip"],
  ["1 to 9", "Choose an item; in a blind vote, vote for it"],
  ["0", "In a blind vote: no preference; else fit"],
  ["+ and −", "Larger and smaller"],
  ["D", "Differences"],
  ["O", "Two over each other"],
  ["B", "Blind vote"],
  ["Esc", "Close"],
];

/** A table of what differs between the items, or of everything. */
export function differences(panes, { everything, toggled }) {
  const all = rows(panes.map(({ job }) => job));
  const shown = all.filter((row) => everything || row.differs);
  const check = h("input", {
    type: "checkbox",
    checked: everything,
    onchange: (event) => toggled(event.target.checked),
  });
  const hidden = all.length - all.filter((row) => row.differs).length;
  return h(
    "section",
    { class: "differences", "aria-label": "Differences" },
    h(
      "div",
      { class: "line" },
      h("h3", {}, shown.length ? "What differs" : "They differ in nothing that was asked for"),
      h("label", { class: "quiet" }, check, everything || !hidden ? "Everything" : `Everything (${hidden} more)`),
    ),
    shown.length
      ? h(
          "div",
          { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Table of differences" },
          h(
            "table",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                h("td", {}),
                panes.map(({ number, called }) =>
                  live("th", { scope: "col" }, h("b", { class: "number" }, number), " ", h("span", {}, called)),
                ),
              ),
            ),
            h(
              "tbody",
              {},
              shown.map((row) =>
                h(
                  "tr",
                  { "data-differs": row.differs ? "yes" : "no" },
                  h("th", { scope: "row" }, row.label),
                  panes.map((_, index) =>
                    row.words ? h("td", { class: "text" }, cell(row, index)) : live("td", {}, cell(row, index)),
                  ),
                ),
              ),
            ),
          ),
        )
      : null,
  );
}

function cell(row, index) {
  if (!row.values[index]) return h("span", { class: "quiet" }, "–");
  if (!row.words) return row.values[index];
  return row.words[index].map(({ text, own }) => (own ? h("mark", {}, text) : text));
}

/** Before a vote: how many rounds, and the seed of the order. `start({ seed, rounds })`. */
export function voteForm({ start }) {
  const seed = h("input", { type: "number", min: 0, max: 9999, value: newSeed(), "aria-label": "Seed of the order" });
  const rounds = h(
    "select",
    { class: "pick-one", "aria-label": "Rounds" },
    ROUNDS.map(([value, text]) => h("option", { value }, text)),
  );
  rounds.value = "3";
  const go = (event) => {
    event.preventDefault();
    start({ seed: Math.min(Math.max(Math.trunc(Number(seed.value)) || 0, 0), 9999), rounds: Number(rounds.value) });
  };
  return h(
    "form",
    { class: "vote-form", "aria-label": "Blind vote", onsubmit: go },
    h(
      "div",
      {},
      h("h3", {}, "Blind vote"),
      h(
        "p",
        { class: "quiet" },
        "Names and settings are hidden and the order is shuffled anew each round. " +
          "Vote with the keys 1 to 9; 0 is no preference. The same seed shuffles the same way again.",
      ),
    ),
    h(
      "div",
      { class: "line" },
      rounds,
      h("label", { class: "seed" }, "Seed", seed),
      h("button", { type: "submit", class: "press primary" }, icon("eye-off"), h("span", {}, "Start")),
    ),
  );
}

/** While a vote runs: where it stands, and the ways out. */
export function voteLine(ballot, { none, end }) {
  const of = ballot.rounds ? `Round ${ballot.round} of ${ballot.rounds}` : `Round ${ballot.round}`;
  return h(
    "div",
    { class: "vote-line" },
    live(
      "p",
      { role: "status" },
      h("b", {}, of),
      h("span", { class: "quiet" }, ` · seed ${ballot.seed}. Which one is best?`),
    ),
    h(
      "div",
      { class: "acts" },
      button({ text: "No preference", press: none }),
      button({ text: "End and show the names", press: end }),
    ),
  );
}

/** How a vote ended, in a sentence. */
export function verdictOf({ winners }, panes) {
  if (!winners.length) return "Nobody was chosen";
  return winners.length > 1 ? `A tie of ${winners.length}` : `Item ${panes[winners[0]].number} is the best`;
}

/** After a vote: who stood behind the numbers and how they fared. `keep(what)` is winner or ratings. */
export function result(ballot, panes, { keep, again, copy }) {
  const { winners, ratings, votes } = ballot;
  const most = Math.max(1, ...votes);
  const said = verdictOf(ballot, panes);
  const standing = panes.map((pane, item) => ({ pane, item })).sort((a, b) => votes[b.item] - votes[a.item]);
  return h(
    "section",
    { class: "result", "aria-label": "Result" },
    h(
      "div",
      { class: "line" },
      h("h3", {}, icon("trophy"), said),
      h(
        "span",
        { class: "quiet" },
        [
          `${ballot.cast} ${ballot.cast === 1 ? "vote" : "votes"}`,
          ballot.none ? `${ballot.none} without preference` : "",
          `seed ${ballot.seed}`,
        ]
          .filter(Boolean)
          .join(" · "),
      ),
    ),
    h(
      "ol",
      {},
      standing.map(({ pane, item }) =>
        h(
          "li",
          { "data-best": winners.includes(item) ? "yes" : "no" },
          h("b", { class: "number" }, pane.number),
          h("span", { class: "name" }, pane.name),
          h("span", { class: "bar", "aria-hidden": "true" }, h("i", { style: `width:${(votes[item] / most) * 100}%` })),
          h("span", { class: "count" }, `${votes[item]} ${votes[item] === 1 ? "vote" : "votes"}`),
          ratings[item]
            ? h("span", { class: "quiet stars" }, `would be ${ratings[item]} ${ratings[item] === 1 ? "star" : "stars"}`)
            : null,
        ),
      ),
    ),
    h(
      "div",
      { class: "acts" },
      winners.length
        ? button({
            text: winners.length > 1 ? "Tag them “winner”" : "Tag it “winner”",
            icon: "trophy",
            kind: "primary",
            press: (node) => keep("winner", node),
          })
        : null,
      winners.length ? button({ text: "Keep as ratings", icon: "star", press: (node) => keep("ratings", node) }) : null,
      button({ text: "Copy the result", icon: "copy", press: copy }),
      button({ text: "Vote again", press: again }),
    ),
  );
}

/** Before a sheet is made: its title. `make(title)`. */
export function sheetForm({ make, count }) {
  const title = h("input", {
    type: "text",
    maxLength: 120,
    placeholder: "Comparison",
    "aria-label": "Title of the sheet",
  });
  const press = h(
    "button",
    { type: "submit", class: "press primary" },
    icon("file-down"),
    h("span", {}, "Save the sheet"),
  );
  const go = (event) => {
    event.preventDefault();
    make(title.value.trim(), press);
  };
  return h(
    "form",
    { class: "sheet-form", "aria-label": "Contact sheet", onsubmit: go },
    h(
      "div",
      {},
      h("h3", {}, "Contact sheet"),
      h(
        "p",
        { class: "quiet" },
        `One file with small pictures, prompts and settings of these ${count}. ` +
          "It opens in any browser, prints well, and has no link to this studio.",
      ),
    ),
    h("div", { class: "line" }, title, press),
  );
}

export function keys() {
  return h(
    "section",
    { class: "keys", "aria-label": "Keys" },
    h("h3", {}, "Keys"),
    h(
      "dl",
      {},
      KEYS.map(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]),
    ),
  );
}
