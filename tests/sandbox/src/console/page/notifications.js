// The notifications of a conversation, with each attempt to deliver them.

import { $, h, keyed, pretty, say, time } from "./dom.js";
import { chosen, follow, state } from "./state.js";
import { roleName } from "./timeline.js";

/** What the endpoint said, attempt by attempt; after the first success it is a repeat. */
function attempts({ attempts }) {
  let arrived = false;
  return [...attempts.values()].map((it) => {
    const word = it.status ?? it.failure ?? "no answer";
    const repeat = arrived ? ", again" : "";
    arrived ||= it.delivered;
    return h("li", { class: it.delivered ? "pill good" : "pill bad", title: `Attempt ${it.attempt} at ${time(it.at)}, ${it.millis} ms` }, `${word}${repeat}`);
  });
}

function row(it) {
  const make = (_, known) => {
    const head = [h("span", { class: "number" }, `#${it.number}`),
      h("span", { class: "about" }, it.role && h("em", {}, roleName(it.role), " "), it.about.slice(0, 160)),
      h("ul", { class: "pills", "aria-label": "Answers of the endpoint" }, attempts(it)),
      h("time", {}, time([...it.attempts.values()].at(-1)?.at))];
    if (known) {
      known.querySelector("summary").replaceChildren(...head);
      return known;
    }
    const details = h("details", {}, h("summary", {}, head));
    // Long bodies are put there when somebody looks.
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(h("pre", {}, pretty(it.body)));
    });
    return h("li", {}, details);
  };
  return { key: it.number, stamp: it.attempts.size, make };
}

function draw() {
  const conversation = chosen();
  const places = new Set(conversation ? [conversation.id, ...conversation.dialogs.map((it) => it.dialogId)] : []);
  const all = [...state.notifications.values()];
  const own = all.filter((it) => places.has(it.dialog));
  const shown = ($("notifications-all").checked ? all : own).sort((a, b) => b.number - a.number);
  keyed($("notifications"), shown.map(row), (it) => it.key, (it) => it.stamp, (it, known) => it.make(it, known));
  say($("notification-count"), own.length ? String(own.length) : "");
  const waits = state.pending ? `${state.pending} on the way, or waiting for the endpoint.` : "";
  say($("notifications-none"), shown.length ? waits : waits || "None was sent. They go to the account’s webhook or receiver.");
}

export function start() {
  follow(draw);
  $("notifications-all").addEventListener("change", draw);
}
