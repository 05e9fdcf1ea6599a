// What a person decides of a job that is under way, and the one thing to do about one that failed. Each says what it
// costs before it is pressed.
import { announce, button, h, icon, live } from "../core/dom.js";
import { arrive, cancel, decide, hurry } from "../core/live.js";
import { inLine } from "./outlook.js";
import { money } from "../core/words.js";

const BILLING = "https://www.alibabacloud.com/help/en/model-studio/billing-for-model-studio";
const INPUT_ICON = {
  words: "pencil",
  picture: "image",
  sound: "music",
  video: "film",
  result: "eye-off",
  account: "key-round",
};
const INPUT = {
  words: "Your words",
  picture: "Your picture",
  sound: "Your sound",
  video: "Your clip",
  result: "The result",
  account: "Your account",
};

const RESTS_MS = 1500;

/** What sending a job again costs, by its id, where the studio has said that it is not what the job was ordered for. */
const dearer = new Map();
/**
 * Tell what the whole of a job costs at most, as the page shows it and as a press carries it.
 * @param {JobView} job
 */
const shownPrice = (job) => dearer.get(job.id) ?? { amount: job.cost?.estimated ?? 0, currency: job.cost?.currency };
/** @param {JobView} job */
const price = (job) => money(job.cost?.estimated ?? 0, job.cost?.currency);

/** A button that asks the studio, and says beside itself what the studio could not do. */
function asking({ text, act, kind = "small", ask, ...more }) {
  const made = button({
    text,
    act,
    kind,
    ...more,
    press: async (node) => {
      const others = [
        .../** @type {NodeListOf<HTMLButtonElement>} */ (node.parentElement.querySelectorAll("[data-asks]")),
      ];
      others.forEach((one) => {
        one.disabled = true;
      });
      try {
        await ask();
      } catch (error) {
        announce(error.message);
        others.forEach((one) => {
          one.disabled = false;
        });
        refuse(node.parentElement, error.message);
      }
    },
  });
  made.dataset.asks = "yes";
  return made;
}

function refuse(place, ...words) {
  place.querySelector(".refusal")?.remove();
  place.append(h("span", { class: "quiet refusal", role: "alert" }, words));
}

/**
 * Tell whether and how a job can be stopped: free, a race, or no more. Older tellings only say `cancelable`.
 * @param {JobView} job
 */
export const stoppable = (job) =>
  job.cancel_requested || job.decision_wanted
    ? null
    : job.stoppable === undefined
      ? job.cancelable
        ? "free"
        : null
      : job.stoppable;

/**
 * Make the button that stops a job, if it can be stopped.
 * @param {JobView} job
 */
export function stopButton(job) {
  const how = stoppable(job);
  if (how !== "free" && how !== "race") return null;
  return asking({ text: how === "free" ? "Cancel, free" : "Try to stop it", act: "cancel", ask: () => cancel(job.id) });
}

/**
 * Make the button that brings a job to the front of its person's line, or the one that takes that back.
 * @param {JobView} job
 */
export function turnButton(job) {
  if (!inLine(job)) return null;
  if (job.priority) return asking({ text: "In its turn again", act: "turn", ask: () => hurry(job.id, 0) });
  return job.place_in_line.place === 1
    ? null
    : asking({ text: "Make this next", act: "turn", ask: () => hurry(job.id, 1) });
}

/**
 * Say what is to be said of stopping: the race while the job may begin, and keep or hide once it has.
 * @param {JobView} job
 */
export function stopping(job) {
  if (job.cancel_requested)
    return h("p", { class: "aside" }, `Stopping it. If it had begun already, it goes on and costs ${amount(job)}.`);
  const how = stoppable(job);
  if (how === "race") {
    return h(
      "p",
      { class: "aside" },
      `It may be beginning just now. Stopped in time it is free; otherwise it goes on and costs ${amount(job)}.`,
    );
  }
  if (job.status !== "running" && how !== "no") return null;
  if (job.on_arrival === undefined)
    return h(
      "p",
      { class: "aside" },
      "From here on it cannot be stopped. You can close this page: what is made will be in the gallery.",
    );
  return arrival(job);
}

/**
 * Offer to keep it or to hide it: the money is gone either way, and that is said.
 * @param {JobView} job
 */
function arrival(job) {
  const choice = (wish, text, name) => {
    const node = asking({ text, icon: name, act: wish, ask: () => arrive(job.id, wish) });
    node.setAttribute("aria-pressed", String(job.on_arrival === wish));
    return node;
  };
  const said = job.demo
    ? "It cannot be stopped any more."
    : `It cannot be stopped any more, and costs ${amount(job)} either way.`;
  return h(
    "div",
    { class: "arrival", role: "group", "aria-label": "When it arrives" },
    h(
      "p",
      {},
      said,
      job.on_arrival === "hide"
        ? " It goes to the bin when it arrives."
        : " You can close this page: it will be in the gallery.",
    ),
    h("div", { class: "acts" }, choice("keep", "Keep it", "check"), choice("hide", "Hide it", "eye-off")),
  );
}

/** @param {JobView} job */
const amount = (job) => `${job.cost?.at_most ? "up to " : ""}${price(job)}`;

/** What either answer costs, by what is known of the order: words with amounts between them. */
const CHOICES = {
  unknown: {
    send: (sum) => [
      "You get your result. If the first one was bought too, you pay twice: ",
      sum.both,
      " instead of ",
      sum.once,
      ".",
    ],
    drop: (sum) => ["Nothing more is sent. If it was bought, ", sum.first, " is lost."],
  },
  unlisted: {
    send: (sum) => [
      "You get your result for ",
      sum.once,
      ". If the first order turns up after all you get that too, for ",
      sum.first,
      " more.",
    ],
    drop: (sum) => [
      "Nothing more is sent. If the order turns up after all, it is kept for you and costs ",
      sum.first,
      ".",
    ],
  },
  refused: {
    send: (sum) => ["It waits for its turn again. It costs ", sum.once, " if the provider takes it."],
    drop: () => ["Nothing more is sent. Nothing was bought."],
  },
};

/**
 * Ask whether to send it again: not the studio but the person decides, knowing the worst that either can cost.
 * @param {JobView} job
 */
export function decision(job) {
  if (!job.decision_wanted) return null;
  const why =
    job.attention ??
    "The answer of the provider was lost, and its list of orders cannot be read. It may have been bought, or not.";
  const { amount: once, currency } = shownPrice(job);
  const said = (number) => live("span", {}, money(number, currency));
  const sum = { once: said(once), first: live("span", {}, price(job)), both: said(twice(job)) };
  const choice = CHOICES[job.decision_about] ?? CHOICES.unknown;
  return h(
    "div",
    {
      class: "said decision",
      "data-decides": job.id,
      "data-tone": "advice",
      role: "group",
      "aria-label": "Your decision",
    },
    icon("circle-help"),
    h(
      "div",
      {},
      h("p", {}, why),
      h(
        "dl",
        {},
        h("dt", {}, "Send it again"),
        h("dd", {}, ...choice.send(sum)),
        h("dt", {}, "Let it go"),
        h("dd", {}, ...choice.drop({ ...sum, first: live("span", {}, price(job)) })),
      ),
      h(
        "div",
        { class: "acts" },
        asking({ text: "Send it again", icon: "send", act: "send", ask: () => sendAgain(job) }),
        asking({ text: "Let it go", icon: "circle-slash", act: "drop", ask: () => decide(job.id, "drop") }),
      ),
    ),
  );
}

/**
 * Add up both orders: the lost one as it was ordered, and one more at today's price.
 * @param {JobView} job
 */
const twice = (job) => Number(job.cost?.estimated ?? 0) + Number(shownPrice(job).amount);

/**
 * Send it again for the price that stands there. If it costs more by now the studio sends nothing and says the price.
 * @param {JobView} job
 */
async function sendAgain(job) {
  const before = shownPrice(job);
  try {
    await decide(job.id, "send", before);
  } catch (error) {
    if (!error.price) throw error;
    dearer.set(job.id, error.price);
    announce(error.message);
    for (const old of document.querySelectorAll(`[data-decides="${CSS.escape(job.id)}"]`)) {
      const drawn = decision(job);
      old.replaceWith(drawn);
      const said = (tag, told) => live(tag, {}, money(told.amount, told.currency));
      refuse(
        drawn.querySelector(".acts"),
        "The price is now ",
        said("b", error.price),
        "; here stood ",
        said("span", before),
        ". Nothing was sent. Press again if that is fine.",
      );
      const presses = [...drawn.querySelectorAll("[data-asks]")];
      presses.forEach((press) => {
        press.disabled = true;
      }); // a second press on its way down was meant for the old price
      setTimeout(
        () =>
          presses.forEach((press) => {
            press.disabled = false;
          }),
        RESTS_MS,
      );
    }
  }
}

// What failed ---------------------------------------------------------------------------------------------------------

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
/** @param {JobView} job */
const recall = (job) => tell("studio:recall", { job, words: false });
/** @param {JobView} job */
const again = (job) => tell("studio:again", { job });

/** What the one button of an error says and does. A new kind of action that this page does not know opens the form. */
const REMEDIES = {
  edit_prompt: { text: "Edit the words", icon: "pencil", press: recall },
  choose_file: { text: "Choose another file", icon: "file-plus", press: recall },
  change_model: { text: "Change the model", icon: "sliders-horizontal", press: recall },
  try_again: { text: "Try again", icon: "repeat", press: again },
  wait: { text: "Try again later", icon: "hourglass", press: again },
  open_keys: {
    text: "Open the keys",
    icon: "key-round",
    press: (job) => {
      location.hash = "#settings";
      tell("studio:add-key", { region: job.region });
    },
  },
  open_billing: {
    text: "Billing at the provider",
    icon: "credit-card",
    press: () => open(BILLING, "_blank", "noopener"),
  },
  copy_request: { text: "Copy it for support", icon: "copy", press: copyReport },
};

/**
 * Make the button that does what helps; null if the studio names no action.
 * @param {JobView} job
 */
export function remedy(job, { kind = "small" } = {}) {
  const { action } = job.error ?? {};
  if (!action) return null;
  const {
    text,
    icon: name,
    press,
  } = REMEDIES[action] ?? { text: "Edit and try again", icon: "wand-sparkles", press: recall };
  return button({ text, icon: name, act: "remedy", kind, press: (node) => press(job, node) });
}

/**
 * Tell whether the one thing to do is done in the form.
 * @param {JobView} job
 */
export const isForTheForm = (job) => ["edit_prompt", "choose_file", "change_model"].includes(job.error?.action);

/**
 * Show which input the error is about; nothing if it is about none.
 * @param {JobView} job
 */
export function subject(job) {
  const { input } = job.error ?? {};
  return INPUT[input] ? h("span", { class: "about-input" }, icon(INPUT_ICON[input]), INPUT[input]) : null;
}

/**
 * Say whether money was taken, of every failure.
 * @param {JobView} job
 */
export function billed(job) {
  const { billed: taken } = job.error ?? {};
  if (!taken) return null;
  const { actual, currency } = job.cost ?? {};
  if (job.demo || taken === "no") return "Nothing was charged.";
  if (taken === "yes") return Number(actual) ? `${money(actual, currency)} was charged.` : "It was charged.";
  return `It is not certain whether it was charged. At most it is ${price(job)}; your bill at the provider will tell.`;
}

/**
 * Write all that the provider's support asks for, in one piece; never the words of the prompt.
 * @param {JobView} job
 */
export function report(job) {
  const { code, detail, request_id: request } = job.error ?? {};
  return [
    ["Request", request ?? job.request_id],
    ["Task", job.task_id],
    ["Code", code],
    ["Model", job.model],
    ["Region", job.region],
    ["Time", job.finished_at ?? job.updated_at],
    ["Message", detail],
  ]
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

/** @param {JobView} job */
async function copyReport(job, node) {
  try {
    await navigator.clipboard.writeText(report(job));
  } catch {
    const area = h("textarea", { class: "sr", value: report(job), readOnly: true });
    node.after(area); // browsers give the clipboard to safe addresses only; elsewhere a selection is copied
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce("Copied");
  const before = [...node.childNodes];
  node.replaceChildren(icon("check"), h("span", {}, "Copied"));
  setTimeout(() => node.replaceChildren(...before), 1500);
}
