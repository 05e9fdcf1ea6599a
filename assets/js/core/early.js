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
