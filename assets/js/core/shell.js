// What frames the page: the header, the room's light, and which tab is open.
import { StudioElement, button, h, icon, live } from "./dom.js";
import { fetchSummary, onAgain, onChange } from "./live.js";
import { catalogue, isActive, kindNames, money } from "./words.js";

class Header extends StudioElement {
  /** @type {MutationObserver} */
  seen;

  connectedCallback() {
    this.chips = h("div", { class: "chips" });
    this.spent = live("a", { class: "chip wide spent", href: "#spend", title: "What was spent", hidden: true });
    this.theme = h("span", { class: "theme" });
    this.replaceChildren(
      h("div", { class: "mark" }, h("i", { "aria-hidden": "true" }), h("h1", {}, "Wan Studio")),
      this.chips,
      h("div", { class: "grow" }),
      this.spent,
      this.theme,
    );
    if (catalogue.demo) this.chips.append(demoBadge());
    this.drawTheme();
    let timer;
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.fetch(), 400);
    };
    this.stops = [
      onChange((job, before) => {
        if (!before || (isActive(before) && !isActive(job))) soon();
      }),
      onAgain(soon),
    ];
    this.fetch();
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
  }

  async fetch() {
    try {
      const { demo, region_label: region, key_hint: key, spent_today: spent = [], caps = [] } = await fetchSummary();
      this.chips.replaceChildren(
        demo
          ? demoBadge()
          : live("span", { class: "chip wide" }, [region, key && `key ••${key}`].filter(Boolean).join(" · ")),
      );
      this.drawSpent({ demo, spent, cap: tightest(caps) });
    } catch {
      /* The header can wait; the stage says that the studio is away. */
    }
  }

  /** What went today and, where there is a cap, what is left of it. */
  drawSpent({ demo, spent, cap }) {
    const total = spent.map(({ amount, currency }) => money(amount, currency)).join(" + ");
    this.spent.hidden = !cap && (demo || !total);
    const left = cap && `${cap.left > 0 ? money(cap.left, cap.currency) : "nothing"} left${LEFT[cap.period] ?? ""}`;
    this.spent.textContent = [`Today ${total || money(0, cap?.currency ?? "USD")}`, left].filter(Boolean).join(" · ");
    this.spent.title = [
      demo ? "What it would have cost, were this not the demo." : "What was spent.",
      cap && `${capWords(cap)}.`,
    ]
      .filter(Boolean)
      .join(" ");
    this.spent.dataset.tone = cap?.left <= 0 ? "bad" : "";
  }

  drawTheme() {
    const dark = window.studioRoom.dark;
    this.theme.replaceChildren(
      button({
        icon: dark ? "sun" : "moon",
        label: dark ? "Light room" : "Dark room",
        kind: "round",
        press: () => {
          window.studioRoom.choose(dark ? "light" : "dark");
          this.drawTheme();
          /** @type {HTMLElement} */ (this.querySelector(".theme button")).focus();
        },
      }),
    );
    this.seen ??= new MutationObserver(() => this.drawTheme());
    this.seen.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  }
}

const LEFT = { month: " this month", ever: " in all" };
const EACH = { day: "a day", month: "a month", ever: "in all" };

/** The cap that is nearest to its end, of those that are one number for whoever looks. */
function tightest(caps) {
  const share = ({ left, amount }) => (amount > 0 ? left / amount : 0);
  return caps.filter(({ left }) => typeof left === "number").sort((a, b) => share(a) - share(b))[0] ?? null;
}

const capWords = ({ scope, amount, currency, period }) =>
  `${scope === "all" ? "The cap for everybody" : "Your cap"}: ${money(amount, currency)} ${EACH[period] ?? period}`;

function demoBadge() {
  return h(
    "span",
    { class: "chip demo" },
    icon("flask-conical"),
    "Demo",
    h("span", { class: "wide" }, ": results are made here, nothing is billed"),
  );
}

customElements.define("studio-header", Header);

// The open tab stands in the address, so that a refresh and a bookmark come back to it.
const tabOf = (button) => button.id?.match(/^tab-(.+)-button$/)?.[1];
document.addEventListener("click", (event) => {
  const tab = /** @type {Element} */ (event.target).closest?.('#tabs > .tab-wrapper [role="tab"], #tabs [role="tab"]');
  const name = tab && tabOf(tab);
  if (name && name !== "gallery") scrollTo({ top: 0, behavior: "instant" }); // the gallery keeps its own place
  if (!name || name === location.hash.slice(1).split("?")[0]) return;
  history.replaceState(null, "", `${location.pathname}${location.search}#${name}`);
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// A wheel that only turns up and down moves the row of tabs too, where there are more than fit.
document.addEventListener(
  "wheel",
  (event) => {
    const row = /** @type {Element} */ (event.target).closest?.("#tabs > .tab-wrapper .tab-container");
    if (!row || row.scrollWidth <= row.clientWidth || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    row.scrollLeft += event.deltaY;
    event.preventDefault();
  },
  { passive: false },
);

/** Open the tab that the address names; false while it is not there yet. */
function openNamed() {
  const name = decodeURIComponent(location.hash.slice(1).split("?")[0]); // what follows belongs to the tab
  if (!/^[a-z_]+$/.test(name)) return true;
  const tab = document.getElementById(`tab-${name}-button`);
  if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
  return Boolean(tab);
}

/** The studio opens a tab too, to fill its form: that is a step, which the browser's own button takes back. */
function followTabs() {
  const chosen = () => tabOf(document.querySelector('#tabs [role="tab"][aria-selected="true"]') ?? {});
  let open = chosen();
  const follow = new MutationObserver(() => {
    const name = chosen();
    if (!name || name === open) return;
    open = name;
    if (name !== location.hash.slice(1).split("?")[0])
      history.pushState(null, "", `${location.pathname}${location.search}#${name}`);
  });
  follow.observe(document.getElementById("tabs"), {
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-selected"],
  });
}

/** What Gradio says of a file of another kind is a list of types: here it is a sentence. */
function sayPlainly(toast) {
  const text = toast.querySelector('[data-testid="toast-text"]');
  const [, name, types] = text?.textContent.match(/^Invalid file type: (.*)\. Only (.*) allowed\.$/s) ?? [];
  if (!name) return;
  const kind = ["image", "audio", "video"]
    .filter((each) => types.includes(`${each}/`))
    .map((each) => `a ${kindNames(each)[0]}`)
    .join(" or ");
  text.textContent = kind
    ? `${name} is not ${kind}. Nothing was changed.`
    : `${name} does not fit here. Nothing was changed.`;
  toast.querySelector(".toast-title").textContent = "Another kind of file";
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes)
    for (const node of /** @type {NodeListOf<Element>} */ (addedNodes))
      if (node.classList?.contains("toast-item") || node.classList?.contains("toast-body")) sayPlainly(node);
}).observe(document.body, { childList: true, subtree: true });

addEventListener("hashchange", openNamed);
const look = new MutationObserver(() => begin());
const begin = () => {
  if (!document.getElementById("tabs") || !openNamed()) return false;
  look.disconnect();
  followTabs();
  return true;
};
if (!begin()) {
  look.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => look.disconnect(), 20000);
}
