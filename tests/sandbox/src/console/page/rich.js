// Rich content, drawn. Its buttons do nothing here: they are the consumer's. Pictures of other
// sites are named and not loaded.

import { h, text } from "./dom.js";

const PRESENT = new Set(["vertical", "horizontal", "carousel", "list", "sectionList", "section", "checklist", "buttonList"]);

/** What a click on an element would do, in words. */
function clicks(it) {
  const actions = [it?.click?.actions ?? []].flat().filter(Boolean);
  return actions.map((action) => {
    if (action.type === "publishText") return `says “${text(action.text)}”`;
    if (action.type === "link") return `opens ${text(action.uri)}`;
    if (action.type === "navigate") return `shows the way to ${text(action.la)}, ${text(action.lo)}`;
    return text(action.type);
  }).join(", ");
}

const FORMS = {
  text: (it) => h("p", { class: it.style?.bold || it.tag === "title" ? "strong" : null }, text(it.text)),
  button: (it) => h("p", { class: "push", title: clicks(it) }, text(it.title ?? it.text), h("small", {}, clicks(it))),
  image: (it) => {
    const url = text(it.url);
    const picture = /^data:image\/(png|jpe?g|gif);base64,/.test(url);
    const shown = picture ? h("img", { src: url, alt: text(it.caption ?? it.tooltip) }) : h("p", { class: "elsewhere" }, "Picture, not loaded", h("small", {}, url));
    return h("figure", {}, shown, it.caption && h("figcaption", {}, text(it.caption)));
  },
  map: (it) => h("p", { class: "elsewhere" }, "Map", h("small", {}, `${text(it.la)}, ${text(it.lo)} ${text(it.tooltip)}`)),
  linkPreview: (it) => h("p", { class: "elsewhere" }, text(it.title), h("small", {}, text(it.url ?? clicks(it)))),
  checkbox: (it) => h("p", { class: "box" }, text(it.text)),
  datePicker: (it) => h("p", { class: "elsewhere" }, text(it.title) || "Date", h("small", {}, text(it.dateFormat) || "a day")),
};

export function rich(element, depth = 0) {
  if (element === null || typeof element !== "object" || depth > 8) return h("p", {}, text(element));
  const inside = Array.isArray(element.elements) ? element.elements.map((it) => rich(it, depth + 1)) : null;
  // Not what every object has.
  const form = Object.hasOwn(FORMS, text(element.type)) ? FORMS[element.type] : null;
  if (inside) {
    const kind = PRESENT.has(element.type) ? element.type : "vertical";
    const label = kind === "carousel" ? { role: "group", "aria-label": `Carousel of ${inside.length}`, tabindex: 0 } : {};
    return h("div", { class: `rich ${kind}${depth === 0 ? " outer" : ""}`, ...label }, inside);
  }
  if (form) return h("div", { class: depth === 0 ? "rich outer" : "rich" }, form(element));
  return h("details", { class: "rich" }, h("summary", {}, text(element.type) || "Unknown element"), h("pre", {}, JSON.stringify(element, null, 2)));
}

export function quickReplies({ replies }) {
  return h("ul", { class: "replies", "aria-label": "Quick replies" }, [replies ?? []].flat().map((it) => h("li", { title: clicks(it) }, text(it?.title ?? it?.text))));
}
