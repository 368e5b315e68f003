// Shows the right theme before anything is drawn, then starts the client.
const own = document.querySelector("script[data-wasm]");
const theme = (() => {
  try { return localStorage.getItem("theme"); } catch { return null; }
})();
const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.dataset.theme = dark ? "dark" : "light";

const { default: start } = await import(own.dataset.js);
await start({ module_or_path: own.dataset.wasm });
