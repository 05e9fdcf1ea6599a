// The Spend tab: what was paid, for what, by whom and when; how much of each cap is left; all of it as a table to keep.
import { CapsEditor, capMeter } from "./caps.js";
import { StudioElement, h, icon, live, styled } from "../core/dom.js";
import { fetchSpend, onAgain, onChange } from "../core/live.js";
import { catalogue, isActive, money } from "../core/words.js";

/** @type {Intl.DateTimeFormatOptions} */
const DAY = { day: "numeric", month: "short", year: "numeric" };
const LOOK_AGAIN_MS = 1500;
const MOST_ROWS = 12;
const MOST_DAYS = 62; // more columns than that say nothing: then a month is one
const SPANS = [
  ["week", "7 days"],
  ["month", "This month"],
  ["before", "Last month"],
  ["year", "12 months"],
  ["own", "From … to"],
];

class Spend extends StudioElement {
  /** @type {HTMLInputElement} */
  from;
  /** @type {HTMLInputElement} */
  to;

  connectedCallback() {
    this.span = "month";
    this.days = spanOf("month");
    this.spans = h(
      "div",
      { class: "spans", role: "group", "aria-label": "When" },
      SPANS.map(([span, text]) =>
        h(
          "button",
          {
            type: "button",
            class: "chip",
            "data-span": span,
            "aria-pressed": "false",
            onclick: () => this.choose(span),
          },
          text,
        ),
      ),
    );
    const box = (name, label) =>
      h("input", {
        type: "date",
        "aria-label": label,
        max: isoDay(new Date()),
        onchange: ({ target }) => {
          if (target.value) {
            this.days = { ...this.days, [name]: target.value };
            this.fetch();
          }
        },
      });
    [this.from, this.to] = [box("from", "From"), box("to", "To, that day too")];
    this.own = h("span", { class: "own", hidden: true }, this.from, "to", this.to);
    this.csv = h("a", { class: "press", download: "" }, icon("table-2"), h("span", {}, "CSV"));
    this.caps = h("section", { class: "caps", "aria-label": "Caps" });
    this.body = h("div", { class: "spent-body", "aria-live": "off" });
    this.setter = new CapsEditor(() => this.fetch());
    this.setter.node.hidden = true;
    this.replaceChildren(
      h("header", {}, h("h2", {}, "Spent"), this.spans, this.own, this.csv),
      this.caps,
      this.body,
      this.setter.node,
    );
    this.stops = [
      onChange((job, before) => {
        if (before && isActive(before) && !isActive(job)) this.soon();
      }),
      onAgain(() => this.soon()),
    ];
    this.choose("month");
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.stops.forEach((stop) => stop());
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), LOOK_AGAIN_MS);
  }

  choose(span) {
    this.span = span;
    if (span !== "own") this.days = spanOf(span);
    [...this.spans.children].forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.span === span)));
    this.own.hidden = span !== "own";
    this.fetch();
  }

  async fetch() {
    const asked = (this.asked = JSON.stringify(this.days));
    [this.from.value, this.to.value] = [this.days.from, this.days.to];
    this.csv.href = `/studio/spend.csv?${new URLSearchParams(this.days)}`;
    if (!this.told) this.body.replaceChildren(h("p", { class: "quiet" }, "Adding it up…"));
    try {
      const told = await fetchSpend(this.days);
      if (asked !== this.asked) return; // another span was chosen meanwhile
      this.told = told;
      this.drawCaps(told.caps ?? []);
      this.setter.node.hidden = !told.everybody; // whoever sees everybody's money is an admin
      this.draw();
    } catch (error) {
      if (asked === this.asked)
        this.body.replaceChildren(
          h(
            "div",
            { class: "said", "data-tone": "bad", role: "alert" },
            icon("circle-alert"),
            h("p", {}, `This could not be added up. ${error.message}`),
          ),
        );
    }
  }

  draw() {
    const currencies = currenciesOf(this.told);
    if (!currencies.length) return this.body.replaceChildren(this.nothing());
    return this.body.replaceChildren(...currencies.map((currency) => this.sums(currency)));
  }

  nothing() {
    const words = catalogue.demo
      ? "Nothing in this time. In the demo nothing is billed; what it would have cost stands here."
      : "Nothing was spent in this time.";
    return h(
      "div",
      { class: "nothing" },
      icon("wallet"),
      h("p", {}, words),
      h(
        "p",
        { class: "quiet" },
        "Each job's price stands on its button before you press it, and here once it is paid.",
      ),
    );
  }

  /** Everything in one currency: two are never added up. */
  sums(currency) {
    const of = (rows = []) => rows.filter((row) => row.currency === currency);
    const total = of(this.told.totals)[0] ?? {};
    const people = of(this.told.by_person);
    return h(
      "section",
      { class: "sums", "data-currency": currency, "aria-label": `In ${currency}` },
      h(
        "div",
        { class: "total" },
        live("p", { class: "amount" }, money(total.spent ?? 0, currency)),
        h(
          "ul",
          {},
          [
            catalogue.demo ? "would have been billed" : "billed",
            ...notes(total, currency),
            pricesOf(this.told.price_read_on),
          ]
            .filter(Boolean)
            .map((note) => live("li", {}, note)),
        ),
      ),
      daysChart(of(this.told.by_day), currency, this.days),
      h(
        "div",
        { class: "sides" },
        ranking("By model", of(this.told.by_model), currency, nameOf),
        people.length > 1 || (people[0] && people[0].person !== "local")
          ? ranking("By person", people, currency, (row) => row.person)
          : null,
      ),
    );
  }

  drawCaps(caps) {
    this.caps.hidden = !caps.length;
    this.caps.replaceChildren(...caps.map(capMeter).filter(Boolean));
  }
}

/** What else is to be known of a sum: for how many jobs, what is held for those under way, and what nobody can tell yet. */
function notes({ open = 0, unsure = 0, jobs = 0 }, currency) {
  return [
    jobs ? `${counted(jobs)}; those that did not work cost nothing` : "",
    open ? `${money(open, currency)} more is held for what is under way` : "",
    unsure ? `${money(unsure, currency)} may have been billed: your bill at the provider will tell` : "",
  ].filter(Boolean);
}

/** Of which day the oldest price is that was counted with. */
const pricesOf = (day) =>
  day ? `counted with the provider's prices of ${new Date(`${day}T12:00`).toLocaleDateString(undefined, DAY)}` : "";

/** A model as people know it: two may bear one name, for different works. */
function nameOf({ model, model_title: told }) {
  const { title = told ?? model, family } = catalogue.models?.[model] ?? {};
  return [title, catalogue.families?.[family]?.label].filter(Boolean).join(" · ");
}

const counted = (jobs) => `${jobs} job${jobs === 1 ? "" : "s"}`;

// Charts --------------------------------------------------------------------------------------------------------------

/** Who or what took how much, the dearest first; the rest is one row. */
function ranking(name, rows, currency, called) {
  if (!rows.length) return null;
  const sorted = [...rows].sort((a, b) => b.spent - a.spent);
  const rest = sorted.slice(MOST_ROWS);
  const shown = sorted.slice(0, MOST_ROWS).map((row) => ({ name: called(row), spent: row.spent, jobs: row.jobs }));
  if (rest.length) shown.push({ name: `${rest.length} more`, spent: sum(rest, "spent"), jobs: sum(rest, "jobs") });
  const most = Math.max(...shown.map(({ spent }) => spent), 0);
  return h(
    "section",
    { class: "ranking" },
    h("h3", {}, name),
    h(
      "table",
      {},
      h("caption", { class: "sr" }, `${name}, in ${currency}`),
      h(
        "thead",
        { class: "sr" },
        h(
          "tr",
          {},
          ["Name", "Amount", "Jobs"].map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h(
        "tbody",
        {},
        shown.map((row) =>
          h(
            "tr",
            {},
            live(
              "th",
              { scope: "row" },
              row.name,
              h("i", { class: "bar", "aria-hidden": "true", style: `--part:${most ? row.spent / most : 0}` }),
            ),
            live("td", { class: "sum" }, money(row.spent, currency)),
            live("td", { class: "quiet" }, row.jobs ? counted(row.jobs) : ""),
          ),
        ),
      ),
    ),
  );
}

/** A column for each day, or for each month where there are many days. */
function daysChart(rows, currency, span) {
  const columns = columnsOf(rows, span);
  const most = Math.max(...columns.map(({ amount }) => amount), 0);
  if (columns.length < 2 || !most) return null;
  const labels = new Set([
    0,
    columns.length - 1,
    ...(columns.length > 8 ? [Math.floor((columns.length - 1) / 2)] : columns.keys()),
  ]);
  return h(
    "figure",
    { class: "by-day" },
    h(
      "figcaption",
      {},
      h("h3", {}, columns[0].month ? "By month" : "By day"),
      live("span", { class: "quiet" }, `most in one: ${money(most, currency)}`),
    ),
    live(
      "ol",
      {},
      columns.map(({ label, amount }, at) => {
        const words = `${label}: ${money(amount, currency)}`;
        return h(
          "li",
          { title: words, tabIndex: amount ? 0 : -1, "data-none": amount ? undefined : "yes" },
          h("i", { style: `--part:${amount / most}`, "aria-hidden": "true" }),
          h("span", { class: "sr" }, words),
          labels.has(at) ? h("span", { class: "when", "aria-hidden": "true" }, label) : null,
        );
      }),
    ),
  );
}

/** Every day of a span in its order, those without a job too: a gap in the chart is a day on which nothing was spent. */
export function columnsOf(rows, { from, to }) {
  const spent = new Map();
  for (const { day, spent: amount } of rows) spent.set(day, (spent.get(day) ?? 0) + amount);
  const days = [];
  for (
    const date = new Date(`${from}T12:00`);
    isoDay(date) <= to && days.length < 4000;
    date.setDate(date.getDate() + 1)
  )
    days.push(isoDay(date));
  const short = (day, how) => new Date(`${day}T12:00`).toLocaleDateString(undefined, how);
  if (days.length <= MOST_DAYS)
    return days.map((day) => ({
      label: short(day, { day: "numeric", month: "short" }),
      amount: spent.get(day) ?? 0,
      month: false,
    }));
  const months = new Map();
  for (const day of days) months.set(day.slice(0, 7), (months.get(day.slice(0, 7)) ?? 0) + (spent.get(day) ?? 0));
  return [...months].map(([month, amount]) => ({
    label: short(`${month}-01`, { month: "short", year: "2-digit" }),
    amount,
    month: true,
  }));
}

const sum = (rows, name) => rows.reduce((all, row) => all + row[name], 0);
const currenciesOf = ({ totals = [] }) => [...new Set(totals.map(({ currency }) => currency))]; // the dearest first

// Days ----------------------------------------------------------------------------------------------------------------

const isoDay = (date) =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;

/** The first and the last day of a span that ends today, both within it. */
export function spanOf(span, today = new Date()) {
  const [year, month, day] = [today.getFullYear(), today.getMonth(), today.getDate()];
  switch (span) {
    case "week":
      return { from: isoDay(new Date(year, month, day - 6)), to: isoDay(today) };
    case "before":
      return { from: isoDay(new Date(year, month - 1, 1)), to: isoDay(new Date(year, month, 0)) };
    case "year":
      return { from: isoDay(new Date(year, month - 11, 1)), to: isoDay(today) };
    default:
      return { from: isoDay(new Date(year, month, 1)), to: isoDay(today) };
  }
}

// The styles are fetched with the tab that needs them, and are in place before anything is drawn.
styled("spend").then(() => customElements.define("studio-spend", Spend));
