// Small helpers to build the page. Text only ever becomes text: nothing here reads HTML.

export const $ = (id) => document.getElementById(id);

/** Any value as text, whatever others made of it: an object of theirs may have no text of its own. */
export function text(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** An element with attributes, listeners (`onclick`) and children; what is null or false is left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : text(value));
  }
  const shown = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...shown.map((child) => (child instanceof Node ? child : text(child))));
  return element;
}

/**
 * Makes the children of `parent` those of `items`. What has the same key and stamp as before stays
 * the same element, so that focus, selection and what is unfolded outlive a change.
 */
export function keyed(parent, items, key, stamp, make) {
  const old = new Map([...parent.children].map((child) => [child.key, child]));
  const focused = document.activeElement;
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const mark = stamp(item);
    let child = old.get(name);
    old.delete(name);
    if (!child || child.mark !== mark) {
      const made = make(item, child);
      if (child && child !== made) {
        if (place === child) place = made;
        child.replaceWith(made);
      }
      child = Object.assign(made, { key: name, mark });
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of old.values()) child.remove();
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** Sets a text only where it differs: what is read aloud is not read again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const time = (millis) => (Number.isFinite(millis) ? clock.format(millis) : "");

let fading;
/** Tells the user how something went. */
export function toast(text, wrong = false) {
  const place = $("toast");
  place.classList.toggle("wrong", wrong);
  place.classList.add("shown");
  place.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove("shown"), wrong ? 8000 : 3000);
}

/** Makes a tablist work: one tab is chosen, arrow keys go through them. */
export function tabs(list, changed = () => {}) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const choose = (chosen) => {
    for (const tab of all) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      $(tab.getAttribute("aria-controls")).hidden = !on;
    }
    changed();
  };
  const step = { ArrowRight: 1, ArrowLeft: -1 };
  all.forEach((tab, number) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      let next = step[event.key] ? number + step[event.key] + all.length : null;
      if (event.key === "Home") next = 0;
      if (event.key === "End") next = all.length - 1;
      if (next === null) return;
      event.preventDefault();
      choose(all[next % all.length]);
      all[next % all.length].focus();
    });
  });
  choose(all[0]);
}

/** JSON as people read it, or the text as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
