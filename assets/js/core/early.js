// Runs in the head, before anything is drawn: the right room (light or dark) without a flash, and it stays chosen.
// Gradio follows the system by itself and writes its class on the body; the person's own choice outranks it.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    const asked = new URL(location.href).searchParams.get("__theme");
    return asked === "dark" || asked === "light" ? asked : localStorage.getItem("studio:room");
  };
  const apply = () => {
    const dark = (chosen() ?? (system.matches ? "dark" : "light")) === "dark";
    for (const node of [document.documentElement, document.body]) {
      if (node && node.classList.contains("dark") !== dark) node.classList.toggle("dark", dark);
    }
  };
  window.studioRoom = {
    get dark() {
      return document.documentElement.classList.contains("dark");
    },
    choose(room) {
      if (room) localStorage.setItem("studio:room", room);
      else localStorage.removeItem("studio:room");
      apply();
    },
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });
})();

// Gradio's loading sign goes on counting at each frame when it is gone (6.31), which keeps every open page busy for good.
// It takes the function below when its script runs; this one lets it count twice a second.
(() => {
  const { requestAnimationFrame: frame } = window;
  const give = (value) =>
    Object.defineProperty(window, "requestAnimationFrame", { value, configurable: true, writable: true });
  Object.defineProperty(window, "requestAnimationFrame", {
    configurable: true,
    get() {
      if (!new Error().stack.includes("/statustracker-")) return frame;
      give(frame);
      return (step) => setTimeout(() => frame(step), 500);
    },
    set: give,
  });
})();
