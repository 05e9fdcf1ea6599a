// The bar of the chosen: what can be done with them all at once. The acts themselves are in acts.js.
import { button, h, icon, live } from "../core/dom.js";
import { catalogue, fileSize } from "../core/words.js";

const MOST_STARS = 5;
const MOST_COMPARED = 9;

export class Bar {
  constructor(acts) {
    this.acts = acts;
    this.count = live("b", { class: "count", "aria-live": "polite" });
    this.node = h("div", {
      class: "choice",
      role: "toolbar",
      "aria-label": "What to do with the chosen",
      hidden: true,
      "data-no-band": "",
    });
  }

  draw(briefs, { bin }) {
    const focused =
      this.node.contains(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).dataset.act;
    this.node.hidden = !briefs.length;
    document.body.classList.toggle("choosing", briefs.length > 0);
    if (!briefs.length) return this.node.replaceChildren();
    const bytes = briefs.reduce((sum, one) => sum + one.bytes, 0);
    this.count.textContent = `${briefs.length.toLocaleString()} chosen`;
    const away = button({
      icon: "x",
      label: "Choose nothing",
      kind: "round",
      act: "clear",
      press: () => this.acts.clear(),
    });
    const what = h(
      "div",
      { class: "what" },
      away,
      this.count,
      bytes ? live("span", { class: "quiet" }, fileSize(bytes)) : null,
    );
    this.node.replaceChildren(what, ...(bin ? this.binned() : this.kept(briefs, bytes)));
    if (focused) this.node.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  binned() {
    const { acts } = this;
    return [
      h(
        "div",
        { class: "acts" },
        button({
          text: "Restore",
          icon: "archive-restore",
          act: "restore",
          kind: "primary",
          press: () => acts.restore(),
        }),
        button({ text: "Delete for good", icon: "trash-2", act: "purge", kind: "danger", press: () => acts.purge() }),
      ),
    ];
  }

  kept(briefs, bytes) {
    const { acts } = this;
    const loved = briefs.every(({ favourite }) => favourite);
    const heart = button({
      icon: loved ? "heart-full" : "heart",
      label: loved ? "No favourite any more" : "Favourite",
      kind: "round",
      act: "favourite",
      press: () => acts.favourite(!loved),
    });
    heart.setAttribute("aria-pressed", String(loved));
    const rating = briefs.every((one) => one.rating === briefs[0].rating) ? briefs[0].rating : 0;
    const stars = Array.from({ length: MOST_STARS }, (_, index) => {
      const star = button({
        icon: index < rating ? "star-full" : "star",
        label: `${index + 1} ${index ? "stars" : "star"}`,
        kind: "round star",
        act: `star-${index + 1}`,
        press: () => acts.rate(rating === index + 1 ? 0 : index + 1),
      });
      star.setAttribute("aria-pressed", String(rating === index + 1));
      return star;
    });
    const compare = briefs.length >= 2 && briefs.length <= MOST_COMPARED;
    return [
      h("div", { class: "marks" }, heart, h("span", { class: "stars", role: "group", "aria-label": "Stars" }, stars)),
      h(
        "div",
        { class: "acts" },
        button({ text: "Tag", icon: "tag", act: "tag", press: () => acts.tag() }),
        button({ text: "Collection", icon: "folder-plus", act: "collect", press: () => acts.collect() }),
        compare ? button({ text: "Compare", icon: "columns-2", act: "compare", press: () => acts.compare() }) : null,
        bytes ? button({ text: "ZIP", icon: "download", act: "zip", press: () => acts.zip() }) : null,
        button({ text: "Delete", icon: "trash-2", act: "delete", kind: "danger", press: () => acts.discard() }),
      ),
    ];
  }
}

/** The words over the bin. */
export const binNotice = (empty) =>
  h(
    "div",
    { class: "notice-line" },
    icon("trash-2"),
    h(
      "p",
      {},
      `What is deleted stays here for ${catalogue.bin_days} days and can be restored as it was. Then it is gone for good.`,
    ),
    button({ text: "Empty the bin", icon: "trash-2", act: "empty-bin", kind: "danger", press: empty }),
  );
