// Runs before the first paint: a theme that the reader chose wins over the system's. A page that sets its own
// (the kiosk, dark after dusk) is left alone.
{
  const root = document.documentElement;
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { /* a browser that keeps nothing follows the system */ }
  if (!root.dataset.theme && kept) root.dataset.theme = kept;

  document.addEventListener("click", event => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it is switched for this page at least */ }
  });
}
