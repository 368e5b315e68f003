// Shows the right theme before anything is drawn, asks for the words of the right language, then starts the client.
const own = document.querySelector("script[data-wasm]");
const kept = (name) => {
  try { return localStorage.getItem(name); } catch { return null; }
};
const theme = kept("theme");
const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.dataset.theme = dark ? "dark" : "light";
document.documentElement.lang = kept("language") === "en" ? "en" : "zh-CN";

const words = document.createElement("link");
Object.assign(words, { rel: "preload", as: "fetch", crossOrigin: "anonymous" });
words.href = kept("language") === "en" ? own.dataset.en : own.dataset.zh;
document.head.append(words);

// The checker of certificates: fetched once, when the first certificate is opened.
let checker;
globalThis.checkCertificate = async (text) => {
  checker ??= import(own.dataset.checkerJs).then(async (module) => {
    await module.default({ module_or_path: own.dataset.checkerWasm });
    return module;
  });
  return (await checker).check(text);
};

const { default: start } = await import(own.dataset.js);
await start({ module_or_path: own.dataset.wasm });
