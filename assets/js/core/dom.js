// Building the page by hand: every word that comes from outside goes through a text node, never through markup.

const ICONS = new URL("../../icons/", import.meta.url);

/** A new node. `properties` are set as properties; `data-…`, `aria-…` and a few others as attributes. */
export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name.includes("-") || ["role", "for", "list", "style", "translate"].includes(name))
      node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A node for words that change while the page is open, and for amounts. A page translator leaves them alone: it puts
 *  copies in the place of the text that it finds, and whoever keeps that text would go on writing where nobody looks. */
export const live = (tag, properties, ...children) => h(tag, { translate: "no", ...properties }, ...children);

/** One of our icons; it takes the colour of the text around it. */
export function icon(name) {
  const safe = String(name).replace(/[^a-z0-9-]/g, "");
  return h("span", {
    class: "icon",
    "aria-hidden": "true",
    style: `--icon:url("${new URL(`${safe}.svg`, ICONS).href}")`,
  });
}

/**
 * A button with an icon, a word, or both. Without a word it needs `label`.
 * @param {{ text?: string, icon?: string, label?: string, press: (node: HTMLButtonElement) => void, kind?: string, act?: string }} wanted
 */
export function button({ text, icon: name, label, press, kind = "", act }) {
  return h(
    "button",
    {
      type: "button",
      class: `press ${kind}`,
      "aria-label": label,
      title: text ? undefined : label,
      "data-act": act,
      onclick: (event) => {
        event.stopPropagation();
        press(event.currentTarget);
      },
    },
    name ? icon(name) : null,
    text ? h("span", {}, text) : null,
  );
}

/** A link that saves a file. */
export function download(url, { text = "Download", kind = "" } = {}) {
  const href = `${url}${url.includes("?") ? "&" : "?"}download=1`;
  return h(
    "a",
    { class: `press ${kind}`, href, download: "", onclick: (event) => event.stopPropagation() },
    icon("download"),
    h("span", {}, text),
  );
}

/** A code that can be copied with one press. */
export function copyable(text, label) {
  const done = h("span", { class: "copied", "aria-live": "polite" });
  const press = button({
    icon: "copy",
    label: `Copy ${label}`,
    kind: "small",
    press: async () => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        selectText(code);
        document.execCommand("copy");
      }
      done.textContent = "Copied";
      setTimeout(() => {
        done.textContent = "";
      }, 1500);
    },
  });
  const code = live("code", {}, text);
  return h("span", { class: "copyable" }, code, press, done);
}

function selectText(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

/** Make these the children of a node. Those that stand right are not moved, so that they keep focus and presses. */
export function arrange(parent, children) {
  const kept = new Set(children);
  [...parent.childNodes].filter((node) => !kept.has(node)).forEach((node) => node.remove());
  children.forEach((node, at) => {
    if (parent.childNodes[at] !== node) parent.insertBefore(node, parent.childNodes[at] ?? null);
  });
}

const sheets = new Map();
/** A style sheet that only a part of the page needs; resolves once it is there, or will not come. */
export function styled(name) {
  const href = new URL(`../../css/${name}.css`, import.meta.url).href;
  if (!sheets.has(name))
    sheets.set(
      name,
      new Promise((ready) =>
        document.head.append(h("link", { rel: "stylesheet", href, onload: ready, onerror: ready })),
      ),
    );
  return sheets.get(name);
}

let speaker;
/** Say a sentence to screen readers. */
export function announce(text) {
  speaker ??= document.body.appendChild(h("div", { class: "sr", role: "status", "aria-live": "polite" }));
  speaker.textContent = text;
}

/** A custom element that Gradio hands its props to; `render` draws it whenever they change. */
export class StudioElement extends HTMLElement {
  bind(context) {
    this.context = context;
    context.watch(["value", "offer"], () => this.render());
    this.render();
  }
  get value() {
    return this.context?.props.value;
  }
  get offer() {
    return this.context?.props.offer ?? {};
  }
  /** Hold what a person chose, and tell the studio. It is not told back: whoever shows it draws it. */
  enter(value) {
    this.context.props.value = value;
    this.context.trigger("input");
  }
  render() {}
}
