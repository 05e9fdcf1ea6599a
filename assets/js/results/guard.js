// The alarm before the provider drops a result: a banner over every tab, as long as something may be lost.
import { announce, button, h, icon, live, styled } from "../core/dom.js";
import { fetchSummary, onAgain, onChange, retryNow } from "../core/live.js";

const CALM_MS = 300000,
  ALARMED_MS = 20000,
  TICK_MS = 15000;

let banner, risk, timer, ticking;

document.addEventListener("studio:summary", ({ detail }) => show(detail.at_risk ?? null));
onAgain(lookSoon);
onChange((job, before) => {
  if (risk && before && before.status !== job.status) lookSoon();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});
plan();

async function look() {
  clearTimeout(timer);
  try {
    await fetchSummary();
  } catch {
    /* The stage says that the studio is away. */
  }
  plan();
}

function lookSoon() {
  clearTimeout(timer);
  timer = setTimeout(look, 800);
}

/** A page that is not looked at does not ask. */
function plan() {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden ? plan() : look()), risk ? ALARMED_MS : CALM_MS);
}

async function show(found) {
  const before = risk;
  risk = found;
  if (!found) {
    clearInterval(ticking);
    banner?.remove();
    banner = null;
    if (before) {
      announce("Everything is safe on the disk again.");
      plan();
    }
    return;
  }
  await styled("guard");
  if (!risk) return;
  banner ??= place();
  draw();
  if (before?.count !== found.count) announce(`${heading()} ${deadline()}`);
  if (!before) plan();
}

function place() {
  const node = h(
    "section",
    { id: "guard", class: "studio-element", "aria-label": "Results at risk" },
    icon("cloud-alert"),
    h("div", { class: "words" }, h("p", { class: "heading" }), h("p", { class: "advice" })),
    h(
      "div",
      { class: "acts" },
      button({ text: "Try now", icon: "repeat", press: tryNow, kind: "primary" }),
      button({
        text: "Show them",
        press: () => {
          location.hash = `#gallery?${new URLSearchParams({ q: "status:active" })}`;
        },
      }),
    ),
  );
  document.body.prepend(node);
  new ResizeObserver(() => document.documentElement.style.setProperty("--guard", `${node.offsetHeight}px`)).observe(
    node,
  );
  clearInterval(ticking);
  ticking = setInterval(draw, TICK_MS);
  return node;
}

function draw() {
  banner.querySelector(".heading").textContent = heading();
  banner
    .querySelector(".advice")
    .replaceChildren(
      live("span", {}, deadline()),
      " Please check that the disk has room and the internet works; the studio keeps trying.",
    );
}

const heading = () => (risk.count === 1 ? "A result is not saved yet." : `${risk.count} results are not saved yet.`);

function deadline() {
  const minutes = Math.floor((Date.parse(risk.soonest) - Date.now()) / 60000);
  const which = risk.count === 1 ? "it" : "the first of them";
  if (minutes < 1) return `The provider is about to delete ${which}.`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const left = [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
  return `The provider deletes ${which} in ${left}.`;
}

async function tryNow(press) {
  press.disabled = true;
  announce("Trying now.");
  try {
    await retryNow();
  } catch (error) {
    announce(error.message);
  }
  setTimeout(() => {
    press.disabled = false;
    look();
  }, 3000);
}
