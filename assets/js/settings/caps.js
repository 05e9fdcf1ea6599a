// Caps on money: how much of each is used, and for an admin the way to set one and to take it away.
import { announce, button, h, icon, live } from "../core/dom.js";
import { dropCap, fetchCaps, putCap } from "../core/live.js";
import { CURRENCIES, money } from "../core/words.js";

const PERIOD = { day: "today", month: "this month", ever: "in all" };
const EACH = { day: "a day", month: "a month", ever: "in all" };
const WHOSE = [
  ["all", "Everybody together"],
  ["each", "Each person"],
  ["one", "One person"],
];

const whose = ({ scope, person }) => (scope === "all" ? "Everybody" : person && person !== "local" ? person : "You");

/** One cap that applies to whoever looks: how much of it is used, and what is left. */
export function capMeter(cap) {
  const { period, currency, amount, used, left } = cap;
  if (used === null) return null; // it is each person's own: there is no one number
  const part = amount > 0 ? Math.min(1, used / amount) : 1;
  const tone = left <= 0 ? "bad" : part >= 0.8 ? "advice" : "ok";
  const [words, name] = [
    `${money(used, currency)} of ${money(amount, currency)}`,
    `${whose(cap)}, ${PERIOD[period] ?? period}`,
  ];
  return live(
    "div",
    { class: "cap", "data-tone": tone },
    h("p", {}, h("b", {}, name), h("span", {}, words)),
    h(
      "div",
      {
        class: "meter",
        role: "meter",
        "aria-label": name,
        "aria-valuemin": "0",
        "aria-valuemax": String(amount),
        "aria-valuenow": String(Math.min(used, amount)),
        "aria-valuetext": words,
      },
      h("i", { style: `--part:${part}` }),
    ),
    h(
      "p",
      { class: "quiet" },
      left > 0 ? `${money(left, currency)} left` : "Nothing left. What fits again is offered on the form.",
    ),
  );
}

/** Every cap there is, to be set and taken away. `changed` is called when one was. */
export class CapsEditor {
  constructor(changed) {
    this.changed = changed;
    this.list = h("ul", {});
    this.told = h("p", { class: "quiet", role: "status" });
    this.node = h(
      "details",
      { class: "set-caps" },
      h("summary", {}, icon("sliders-horizontal"), "Set caps"),
      h(
        "p",
        { class: "quiet" },
        "A job that would go over a cap is not sent; a cheaper one is offered where there is one.",
      ),
      this.list,
      this.form(),
      this.told,
    );
    this.node.addEventListener("toggle", () => {
      if (this.node.open) this.fetch();
    });
  }

  async fetch() {
    try {
      this.list.replaceChildren(...(await fetchCaps()).map((cap) => this.row(cap)));
    } catch (error) {
      this.say(error.message);
    }
  }

  say(text) {
    this.told.textContent = text;
    if (text) announce(text);
  }

  row(cap) {
    const name = cap.scope === "all" ? "Everybody together" : (cap.person ?? "Each person");
    const words = `${name}: ${money(cap.amount, cap.currency)} ${EACH[cap.period] ?? cap.period}`;
    return live(
      "li",
      { "data-cap": cap.id },
      h("span", {}, words),
      cap.used === null ? null : h("span", { class: "quiet" }, `${money(cap.used, cap.currency)} used`),
      cap.fixed
        ? h("span", { class: "tag", title: "It is set where the studio is started" }, "Setting")
        : button({
            icon: "trash-2",
            label: `Take away: ${words}`,
            kind: "round",
            act: "drop-cap",
            press: (node) => this.change(node, () => dropCap(cap.id)),
          }),
    );
  }

  form() {
    const options = (pairs) => pairs.map(([value, text]) => h("option", { value }, text));
    const who = h(
      "select",
      {
        "aria-label": "Whose money",
        onchange: () => {
          name.hidden = who.value !== "one";
          name.required = who.value === "one";
        },
      },
      options(WHOSE),
    );
    const name = h("input", {
      type: "text",
      "aria-label": "Name of the person",
      placeholder: "Name",
      maxLength: 100,
      hidden: true,
    });
    const amount = h("input", {
      type: "number",
      "aria-label": "Amount",
      min: "0",
      step: "any",
      required: true,
      placeholder: "20",
    });
    const currency = h("select", { "aria-label": "Currency" }, options(CURRENCIES.map((each) => [each, each])));
    const period = h(
      "select",
      { "aria-label": "How often" },
      options([
        ["day", "a day"],
        ["month", "a month"],
        ["ever", "in all"],
      ]),
    );
    period.value = "month";
    const send = h("button", { type: "submit", class: "press" }, "Set it");
    return h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          const cap = {
            scope: who.value === "all" ? "all" : "person",
            person: who.value === "one" ? name.value.trim() : null,
            period: period.value,
            amount: amount.value,
            currency: currency.value,
          };
          this.change(send, () => putCap(cap)).then((done) => {
            if (done) amount.value = "";
          });
        },
      },
      who,
      name,
      amount,
      currency,
      period,
      send,
    );
  }

  async change(node, ask) {
    node.disabled = true;
    try {
      await ask();
      this.say("");
      await this.fetch();
      this.changed();
      return true;
    } catch (error) {
      this.say(error.message);
      return false;
    } finally {
      node.disabled = false;
    }
  }
}
