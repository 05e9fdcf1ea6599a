// Items side by side: waits until somebody asks, then fetches the room. The address names what stands in it.
const FEWEST = 2;
const MOST = 9;
const ID = /^[\w-]{1,80}$/;

let asked = 0;
let shown = null; // the ids in the room that is open, and how to close it

/** The items that the address names, or none. */
function named() {
  const query = new URLSearchParams(location.hash.split("?")[1] ?? "");
  return (query.get("compare") ?? "").split(",").filter((id) => ID.test(id));
}

/** Write the items into the address, beside whatever else stands there. Nothing takes them out. */
function write(ids) {
  const [tab, rest] = location.hash.slice(1).split("?");
  const query = new URLSearchParams(rest ?? "");
  if (ids) query.set("compare", ids.join(","));
  else query.delete("compare");
  const words = query.toString().replaceAll("%2C", ",");
  const hash = `${tab || (ids ? "gallery" : "")}${words ? `?${words}` : ""}`;
  history.replaceState(history.state, "", `${location.pathname}${location.search}${hash ? `#${hash}` : ""}`);
  document.dispatchEvent(new CustomEvent("studio:comparing", { detail: { jobs: ids } }));
}

const toast = (text) => document.dispatchEvent(new CustomEvent("studio:toast", { detail: { text } }));

async function open(wanted) {
  const ids = [...new Set(wanted)];
  if (ids.length < FEWEST || ids.length > MOST) return toast(`Choose ${FEWEST} to ${MOST} items to compare.`);
  const turn = (asked += 1);
  try {
    const room = await import("./room.js");
    if (turn !== asked) return;
    write(ids);
    shown = { ids: ids.join(), close: room.close };
    await room.open(ids, {
      closed: () => {
        if (turn === asked) {
          shown = null;
          write(null);
        }
      },
    });
  } catch (error) {
    console.error(error);
    toast("The comparison could not be opened. Please try again.");
  }
}

/** Show what the address names; the browser's own way back leaves the room. */
function openNamed() {
  const ids = [...new Set(named())].slice(0, MOST);
  if (ids.join() === shown?.ids) return;
  if (ids.length >= FEWEST) open(ids);
  else shown?.close();
}

document.addEventListener("studio:compare", ({ detail }) => open(detail.jobs ?? []));
addEventListener("hashchange", openNamed);
openNamed();

export {};
