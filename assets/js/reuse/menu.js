// "Use as…": every place of every tab that takes a file, in groups; of a clip also its frames and its sound.
import { button, h, icon } from "../core/dom.js";
import { KIND_ICONS, catalogue, clock, kindNames } from "../core/words.js";
import { Sheet } from "./sheet.js";

let known;

/** Every place that takes a file, as the studio tells it. */
async function slots() {
  if (known) return known;
  const answer = await fetch("/studio/slots");
  if (!answer.ok) throw new Error("The places could not be fetched. Please try again.");
  return (known = await answer.json());
}

export class SlotMenu {
  constructor(page) {
    this.page = page;
    this.sheet = new Sheet("slots");
  }

  /** `{asset, kind, moment}` of the studio's file, or `{file, kind}` of one that lies with the person. */
  async open({ asset, file, kind, moment }) {
    let all;
    try {
      all = await slots();
    } catch (error) {
      return this.page.say(error.message, 5000);
    }
    this.wish = { asset, file, kind };
    this.parts =
      asset && kind === "video" ? partsOf(moment) : [{ moment: null, kind, label: `this ${kindNames(kind)[0]}` }];
    this.all = all;
    this.draw(this.parts[0]);
    this.sheet.node.querySelector(".parts button, .slot")?.focus();
  }

  draw(part) {
    const choices =
      this.parts.length > 1 &&
      h(
        "div",
        { class: "parts", role: "group", "aria-label": "What of the clip" },
        this.parts.map((one) =>
          h(
            "button",
            {
              type: "button",
              class: "chip",
              "aria-pressed": String(one === part),
              onclick: () => {
                this.draw(one);
                this.sheet.node.querySelector('.parts [aria-pressed="true"]').focus();
              },
            },
            icon(one.icon),
            one.label,
          ),
        ),
      );
    const look =
      this.wish.asset && part.kind === "image" && part.moment
        ? h("img", {
            class: "look",
            alt: part.label,
            src: `/studio/files/${encodeURIComponent(this.wish.asset)}/frame?at=${encodeURIComponent(part.moment)}`,
          })
        : null;
    const groups = grouped(this.all.filter(({ kinds }) => kinds.includes(part.kind)));
    const list = h(
      "div",
      { class: "groups" },
      groups.map(([label, places, family]) =>
        h(
          "section",
          {},
          h("h3", {}, icon(catalogue.families?.[family]?.icon ?? KIND_ICONS[part.kind]), label),
          places.map((slot) =>
            h(
              "button",
              {
                type: "button",
                class: "slot",
                "data-slot": `${slot.family}.${slot.field}`,
                "aria-label": `${label}: ${slot.label}`,
                onclick: () => this.choose(slot, part),
              },
              h("span", {}, slot.label),
              slot.list ? h("span", { class: "quiet" }, "added to the list") : null,
            ),
          ),
        ),
      ),
    );
    this.sheet.show(
      `Use ${part.moment ? part.words : `this ${kindNames(this.wish.kind)[0]}`} as…`,
      choices,
      look,
      groups.length ? list : h("p", { class: "quiet" }, "Nothing here takes a file of this kind."),
    );
  }

  async choose(slot, part) {
    this.sheet.close();
    const { asset, file } = this.wish;
    if (asset) return this.page.use({ asset, moment: part.moment, kind: part.kind }, slot);
    this.page.say(`Sending ${file.name}…`, 0);
    try {
      const { path } = await this.page.context.upload(file);
      this.page.use({ path, kind: part.kind }, slot);
    } catch {
      this.page.say(`${file.name} did not arrive. Check your connection, or take a smaller file.`, 8000);
    }
  }
}

/** What of a clip can be used. The frame that is looked at stands first after the clip itself. */
function partsOf(moment) {
  const now = moment && !["first", "last", "sound"].includes(moment);
  return [
    { moment: null, kind: "video", label: "The clip", icon: "film" },
    now && { moment, kind: "image", label: `This frame, ${clock(Number(moment))}`, words: "this frame", icon: "scan" },
    { moment: "first", kind: "image", label: "First frame", words: "the first frame", icon: "step-back" },
    { moment: "last", kind: "image", label: "Last frame", words: "the last frame", icon: "step-forward" },
    { moment: "sound", kind: "audio", label: "Its sound", words: "its sound", icon: "music" },
  ].filter(Boolean);
}

/** `[label, places, family]` by tab, in their order. */
function grouped(places) {
  const groups = new Map();
  for (const slot of places) {
    if (!groups.has(slot.family)) groups.set(slot.family, [slot.family_label, [], slot.family]);
    groups.get(slot.family)[1].push(slot);
  }
  return [...groups.values()];
}

/** The way to a menu that is also offered as a button. */
export const useButton = (press) => button({ text: "Use as…", icon: "forward", act: "use", press });
