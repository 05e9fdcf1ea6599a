// The keys of the Settings tab: what each region has, a test that buys nothing, and a form that adds one. A key is only sent.
import { StudioElement, announce, h, icon } from "../core/dom.js";
import { addKey, fetchKeys, onAgain, testKey } from "../core/live.js";
import { catalogue } from "../core/words.js";
import { ask } from "../form/ask.js";

const WORKSPACE_HELP = {
  needed: "This region has no shared address. The console shows the id of your workspace.",
  optional: "Only if your workspace has its own address. Leave it empty otherwise.",
};

// A form may ask for the key of a region: the event `studio:add-key` with `{region}`. The tab may not be drawn yet.
let wanted = null;
document.addEventListener("studio:add-key", ({ detail }) => {
  wanted = detail.region;
});

class Keys extends StudioElement {
  told = new Map(); // what a test or an attempt said, by region
  open = null; // the region whose form is open

  connectedCallback() {
    this.stop = onAgain(() => this.fetch());
    this.asked = () => {
      if (this.state && wanted && !this.state.demo) {
        this.unfold(wanted);
        wanted = null;
      }
    };
    document.addEventListener("studio:add-key", this.asked);
    this.fetch().then(this.asked);
  }

  disconnectedCallback() {
    this.stop?.();
    document.removeEventListener("studio:add-key", this.asked);
  }

  render() {
    if (this.state) this.draw();
  }

  async fetch() {
    try {
      this.state = await fetchKeys();
      if (!this.open) this.draw(); // what somebody is typing is not thrown away
    } catch (error) {
      if (!this.state)
        this.replaceChildren(h("p", { class: "quiet" }, `The keys could not be asked for. ${error.message}`));
    }
  }

  draw() {
    this.replaceChildren(
      h(
        "ul",
        { class: "regions" },
        this.state.regions.map((region) => this.region(region)),
      ),
    );
  }

  region(region) {
    const { demo } = this.state;
    const told = this.told.get(region.region);
    const open = this.open === region.region;
    return h(
      "li",
      { class: "region", "data-region": region.region },
      h(
        "div",
        { class: "line" },
        h(
          "div",
          { class: "name" },
          h("b", {}, region.label),
          region.default ? h("span", { class: "tag" }, "Default") : null,
        ),
        badge(region, told),
        demo
          ? null
          : h(
              "div",
              { class: "acts" },
              region.found ? press("Test", "test", (node) => this.test(region, node)) : null,
              press(
                region.found ? "Use another key" : "Add a key",
                "add",
                () => this.unfold(open ? null : region.region),
                { "aria-expanded": String(open) },
              ),
            ),
      ),
      this.models(region),
      told
        ? said(
            told,
            told.region && told.region !== region.region && told.key ? () => this.moveTo(told) : null,
            this.labelOf(told.region),
          )
        : null,
      open ? this.form(region) : null,
    );
  }

  models(region) {
    const { models, of, only = [] } = this.offer[region.region] ?? {};
    if (!models) return h("p", { class: "quiet" }, "No models here yet.");
    return h(
      "p",
      { class: "quiet" },
      `${models} of ${of} models`,
      only.length ? [". Only here: ", h("span", { class: "only" }, `${only.join(", ")}.`)] : ".",
    );
  }

  form(region) {
    const needed = !region.address;
    const key = h("input", {
      type: "password",
      id: `key-${region.region}`,
      name: "studio-key",
      autocomplete: "off",
      spellcheck: false,
      required: true,
      maxLength: 400,
      "aria-describedby": `key-help-${region.region}`,
    });
    const workspace = h("input", {
      type: "text",
      id: `workspace-${region.region}`,
      name: "studio-workspace",
      autocomplete: "off",
      spellcheck: false,
      required: needed,
      maxLength: 80,
      placeholder: needed ? "ws-…" : "",
    });
    const send = h("button", { type: "submit", class: "press primary" }, "Try it and add");
    return h(
      "form",
      {
        class: "add",
        autocomplete: "off",
        onsubmit: (event) => {
          event.preventDefault();
          this.add(region, { key, workspace, send });
        },
      },
      h("label", { for: key.id }, `Key of ${region.label}`),
      key,
      h(
        "p",
        { class: "quiet", id: `key-help-${region.region}` },
        "It is tried by reading your list of orders, which buys nothing. " +
          "The studio keeps it in memory until it stops; it is never shown or written down.",
      ),
      h("label", { for: workspace.id }, needed ? "Workspace id" : "Workspace id (optional)"),
      workspace,
      h("p", { class: "quiet" }, needed ? WORKSPACE_HELP.needed : WORKSPACE_HELP.optional),
      h(
        "div",
        { class: "acts" },
        send,
        press("Not now", "close", () => this.unfold(null)),
      ),
    );
  }

  unfold(region) {
    const before = this.open;
    this.open = region;
    this.draw();
    const next = region ? `#key-${region}` : `[data-region="${before}"] [data-act="add"]`;
    /** @type {HTMLElement} */ (this.querySelector(next))?.focus();
  }

  async test(region, node) {
    node.disabled = true;
    node.textContent = "Asking…";
    let told;
    try {
      told = await testKey(region.region);
    } catch (error) {
      told = { works: null, region: region.region, message: error.message };
    }
    this.tell(region.region, told);
    /** @type {HTMLElement} */ (this.querySelector(`[data-region="${region.region}"] [data-act="test"]`))?.focus();
  }

  async add(region, { key, workspace, send }) {
    send.disabled = true;
    send.textContent = "Asking…";
    const entered = key.value;
    let told;
    try {
      told = await addKey(region.region, entered, workspace.value);
    } catch (error) {
      told = { works: false, region: region.region, message: error.message };
    }
    if (told.works) {
      told = { ...told, message: `${told.message} ${region.label} can be chosen in the tabs now.` };
      this.open = null;
      await this.added();
    } else {
      send.disabled = false;
      send.textContent = "Try it and add";
    }
    this.tell(region.region, told.works === false && told.region !== region.region ? { ...told, key: entered } : told);
    if (!told.works) {
      key.focus();
      key.select();
    }
  }

  /** The forms of this page ask for the regions again; other pages do when they are loaded next. */
  async added() {
    this.state = await fetchKeys().catch(() => this.state);
    this.draw();
    document.querySelectorAll("studio-foot").forEach((foot) => ask(foot, "drawn"));
  }

  /** Say what came of it. A form that is open keeps what was typed. */
  tell(region, told) {
    this.told.set(region, told);
    announce(told.message);
    const place = this.querySelector(`[data-region="${region}"]`);
    if (this.open !== region)
      return place.replaceWith(this.region(this.state.regions.find((state) => state.region === region)));
    place.querySelector(".said")?.remove();
    place
      .querySelector("form")
      .before(said(told, told.key ? () => this.moveTo(told) : null, this.labelOf(told.region)));
  }

  /** A key that belongs elsewhere goes there with one press. */
  moveTo({ region, key }) {
    this.told.clear();
    this.unfold(region);
    /** @type {HTMLInputElement} */
    const field = this.querySelector(`#key-${region}`);
    if (!field) return;
    field.value = key;
    field.form.requestSubmit();
  }

  labelOf(region) {
    return catalogue.regions?.[region] ?? region;
  }
}

function badge({ found, hint, added, address }, told) {
  if (!found) return h("span", { class: "state" }, "No key");
  if (told?.works)
    return h("span", { class: "state", "data-tone": "ok" }, icon("check"), "Works", hint ? ` · ••${hint}` : "");
  if (told?.works === false)
    return h("span", { class: "state", "data-tone": "bad" }, "Refused", hint ? ` · ••${hint}` : "");
  return h(
    "span",
    { class: "state", "data-tone": "has" },
    icon("key-round"),
    added ? "Added" : "Key found",
    hint ? ` · ••${hint}` : "",
    address ? "" : " · no address",
  );
}

const press = (text, act, pressed, more = {}) =>
  h(
    "button",
    {
      type: "button",
      class: "press small",
      "data-act": act,
      onclick: (event) => pressed(event.currentTarget),
      ...more,
    },
    text,
  );

function said({ works, message }, move, label) {
  const tone = works ? "ok" : works === null ? "advice" : "bad";
  return h(
    "div",
    { class: "said", "data-tone": tone, role: "status" },
    icon(works ? "check" : works === null ? "info" : "circle-alert"),
    h("p", {}, message),
    move ? h("button", { type: "button", class: "fix", onclick: move }, `Add it to ${label}`) : null,
  );
}

customElements.define("studio-keys", Keys);
