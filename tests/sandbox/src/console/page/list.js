// The conversations, the newest first.

import { $, h, keyed, say, text, time } from "./dom.js";
import { changed, follow, state } from "./state.js";

/** What a consumer is called. */
export const nameOf = (conversation) => conversation.consumer.ext_consumer_id ?? conversation.consumer.lp_consumer_id.slice(0, 8);

export function condition(conversation) {
  if (conversation.state === "OPEN") return ["Open", "open"];
  return conversation.stage === "OPEN" ? ["Survey", "survey"] : ["Closed", "closed"];
}

/** The beginning of what an event says. */
export function gist({ event, audience }) {
  const quiet = audience === "ALL" ? "" : "Note: ";
  if (event.type === "RichContentEvent") return `${quiet}Rich content`;
  if (event.type !== "ContentEvent") return "";
  if (typeof event.message === "string") return quiet + event.message;
  return `${quiet}File${event.message?.caption ? `: ${text(event.message.caption)}` : ""}`;
}

const last = (conversation) => [...conversation.events.values()].reverse().find(gist);
const seen = new Map();

export function choose(id) {
  state.chosen = id;
  document.body.dataset.pane = "chat";
  changed();
}

function row(conversation) {
  const event = last(conversation);
  const [word, kind] = condition(conversation);
  const current = conversation.id === state.chosen;
  const fresh = !current && conversation.events.size > (seen.get(conversation.id) ?? 0);
  const stamp = [conversation.version, current, fresh].join();
  const make = (_, known) => {
    const button = h("button", { type: "button", class: "conversation", "aria-current": current, onclick: () => choose(conversation.id) },
      h("span", { class: "who" }, nameOf(conversation), fresh && h("span", { class: "fresh", role: "img", "aria-label": "new" })),
      h("span", { class: `badge ${kind}` }, word),
      h("span", { class: "gist" }, event ? gist(event).slice(0, 200) : "Nothing said yet"),
      h("span", { class: "when" }, time(event?.at ?? conversation.at)));
    if (!known) return h("li", {}, button);
    // The old button keeps the focus; its listener chooses the same conversation.
    known.firstChild.replaceChildren(...button.childNodes);
    known.firstChild.setAttribute("aria-current", current);
    return known;
  };
  return { key: conversation.id, stamp, make };
}

function draw() {
  const wanted = $("filter").value.trim().toLowerCase();
  const says = (conversation) => [nameOf(conversation), conversation.id, ...[...conversation.events.values()].map(gist)].join("\n").toLowerCase();
  const all = [...state.conversations.values()].sort((a, b) => (b.at ?? 0) - (a.at ?? 0));
  // Where nobody has chosen, or what was chosen is no longer there.
  if (!state.conversations.has(state.chosen)) state.chosen = all[0]?.id ?? "";
  const open = state.conversations.get(state.chosen);
  if (open) seen.set(open.id, open.events.size);
  const shown = wanted ? all.filter((conversation) => says(conversation).includes(wanted)) : all;
  keyed($("conversations"), shown.map(row), (it) => it.key, (it) => it.stamp, (it, known) => it.make(it, known));
  say($("count"), all.length ? String(all.length) : "");
  $("none").hidden = shown.length > 0;
  say($("none"), all.length ? "No conversation says that." : "No conversation yet. Let your program send a message: it appears here.");
}

/** Goes up or down among the rows that are shown. */
function step(by) {
  const buttons = [...document.querySelectorAll("#conversations .conversation")];
  const here = buttons.findIndex((button) => button.getAttribute("aria-current") === "true");
  return buttons[Math.min(Math.max(here + by, 0), buttons.length - 1)];
}

export function start() {
  follow(draw);
  $("filter").addEventListener("input", draw);
  $("conversations").addEventListener("keydown", (event) => {
    const buttons = [...document.querySelectorAll("#conversations .conversation")];
    const here = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[to]?.focus();
  });
  document.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!event.altKey || !by) return;
    event.preventDefault();
    step(by)?.click();
  });
}
