// What is looked at, in the address: `#gallery?q=…&in=…&bin=1&at=<place>&open=<job>`. What others write there stays.

const OWN = ["q", "in", "bin", "at", "open"];
const TAB = "gallery";

/** What the address says, or null where it names another tab. */
export function read() {
  const [tab, words = ""] = location.hash.slice(1).split("?");
  if (tab !== TAB) return null;
  const said = new URLSearchParams(words);
  const at = said.get("at");
  return {
    q: said.get("q") ?? "",
    in: said.get("in") ?? "",
    bin: said.get("bin") === "1",
    at: /^\d{1,20}$/.test(at ?? "") ? at : null,
    open: said.get("open"),
  };
}

/** Write it. A `step` can be gone back over with the browser's own button. */
export function write(state, { step = false, tab = true } = {}) {
  const [name, words = ""] = location.hash.slice(1).split("?");
  if (name !== TAB && !tab) return;
  const others = [...new URLSearchParams(name === TAB ? words : "")].filter(([key]) => !OWN.includes(key));
  const said = new URLSearchParams([
    ...others,
    ...OWN.filter((key) => state[key]).map((key) => [key, state[key] === true ? "1" : state[key]]),
  ]);
  const hash = `#${TAB}${said.size ? `?${said}` : ""}`;
  if (hash === location.hash) return;
  const url = `${location.pathname}${location.search}${hash}`;
  if (step) history.pushState({ studio: "step" }, "", url);
  else history.replaceState(history.state, "", url);
}
