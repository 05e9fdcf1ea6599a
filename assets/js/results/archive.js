// When database and files have come apart: a calm notice over every tab, for admins, with the one press that mends it.
import { announce, button, h, icon, styled } from "../core/dom.js";
import { adoptFiles, fetchArchive, onAgain } from "../core/live.js";

const LOOK_MS = 1000;

let banner,
  notice,
  outcome,
  timer,
  later = false,
  waits = false;

document.addEventListener("studio:summary", ({ detail }) => {
  if (detail.archive !== undefined) show(detail.archive ?? null);
});
onAgain(() => {
  if (notice) look();
});

/** Ask for the whole of it: the notice, how far it is, and what came of it. */
async function look() {
  clearTimeout(timer);
  timer = null;
  try {
    const told = await fetchArchive();
    if (told.outcome && waits) {
      outcome = told.outcome;
      waits = false;
      announce(outcome.sentence);
    }
    if (!told.notice?.working) waits = false;
    show(told.notice);
  } catch {
    /* The stage says that the studio is away. */
  }
  if (notice?.working || waits) timer ??= setTimeout(look, LOOK_MS);
}

async function show(found) {
  notice = found;
  waits ||= Boolean(notice?.working);
  if (waits) timer ??= setTimeout(look, LOOK_MS);
  if ((!notice || later) && !outcome) {
    banner?.remove();
    banner = null;
    return;
  }
  await styled("archive");
  if (!notice && !outcome) return;
  banner ??= place();
  draw();
}

function place() {
  const node = h("section", {
    id: "archive-notice",
    class: "studio-element",
    "aria-label": "Your files and the database",
  });
  document.body.prepend(node);
  return node;
}

function draw() {
  const words = notice ? told() : done();
  const key = JSON.stringify([notice, outcome]);
  if (banner.dataset.drawn === key) return; // what is pressed or read just now stays as it is
  banner.dataset.drawn = key;
  banner.replaceChildren(
    icon(notice ? "hard-drive-download" : "check"),
    h("div", { class: "words" }, words),
    h("div", { class: "acts" }, notice ? acts() : close()),
  );
}

function told() {
  const { heading, sentences, working, trouble } = notice;
  return [
    h("p", { class: "heading" }, heading),
    sentences.map((text) => h("p", {}, text)),
    working
      ? h(
          "p",
          { class: "progress", role: "status" },
          working.total
            ? `Taking them in: ${working.done} of ${working.total}. You can go on working, or close the page.`
            : "Looking at the files…",
        )
      : null,
    trouble ? h("p", { class: "trouble", role: "alert" }, trouble) : null,
  ];
}

function done() {
  const { sentence, left } = outcome;
  return [
    h("p", { class: "heading" }, sentence),
    left.length
      ? h(
          "details",
          {},
          h("summary", {}, "What was left as it is"),
          h(
            "ul",
            {},
            left.map(({ name, why }) => h("li", {}, h("code", {}, name), " ", why)),
          ),
        )
      : null,
  ];
}

function acts() {
  if (notice.working) return null;
  return [
    notice.press
      ? button({ text: notice.press, icon: "archive-restore", act: "adopt", kind: "primary", press: adopt })
      : null,
    button({
      text: "Later",
      act: "later",
      press: () => {
        later = true;
        show(notice);
      },
    }),
  ];
}

const close = () =>
  button({
    text: "Close",
    act: "close",
    press: () => {
      outcome = null;
      show(notice);
    },
  });

async function adopt(press) {
  press.disabled = true;
  try {
    const told = await adoptFiles();
    announce("Taking your files back in.");
    waits = true;
    notice = told.notice ?? notice;
  } catch (error) {
    announce(error.message);
    press.disabled = false;
    press.parentElement.append(h("span", { class: "trouble", role: "alert" }, error.message));
    return;
  }
  look();
}
