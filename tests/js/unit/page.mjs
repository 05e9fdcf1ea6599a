// What the scripts look for in the page while they load, the address they read and write, and made-up values for all.

/** The catalogue's words as the page brings them along. */
export const catalogue = {
  kinds: { image: ["picture", "pictures"] },
  families: { "text-to-video": { label: "Text to video" } },
  regions: { intl: "Singapore" },
  fields: {
    size: { label: "Size" },
    duration: { label: "Length", unit: "s" },
    shot_type: { label: "Shots", choices: { multi: "Several shots", single: "One shot" } },
  },
};

globalThis.document = {
  getElementById: (id) => (id === "studio-words" ? { textContent: JSON.stringify(catalogue) } : null),
};

/** Stand at an address. Returns what is then written there: `{ step, hash }` each. */
export function standAt(address) {
  const written = [];
  const writes = (step) => (_state, _title, url) => {
    globalThis.location = new URL(url, globalThis.location);
    written.push({ step, hash: globalThis.location.hash });
  };
  globalThis.location = new URL(address, "http://studio.test/");
  globalThis.history = { state: null, pushState: writes(true), replaceState: writes(false) };
  return written;
}

/** Call `check(made)` often; `made` makes values up, the same ones on every run. A failure tells which call it was. */
export function often(check, times = 300) {
  for (let turn = 1; turn <= times; turn += 1) {
    try {
      check(maker(turn));
    } catch (error) {
      error.message = `made-up values ${turn}: ${error.message}`;
      throw error;
    }
  }
}

function maker(seed) {
  let state = (seed * 2654435761) % 2147483647 || 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (let warm = 0; warm < 4; warm += 1) next();
  const whole = (least, most) => least + Math.floor(next() * (most - least + 1));
  const one = (of) => of[whole(0, of.length - 1)];
  const list = (count, make) => Array.from({ length: count }, (_, at) => make(at));
  return { between: (least, most) => least + next() * (most - least), whole, one, list };
}
