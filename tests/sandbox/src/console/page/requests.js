// What the client sent, and what it was answered.

import { $, h, keyed, pretty, say, text, time } from "./dom.js";
import { curl } from "./curl.js";
import { attempt } from "./api.js";
import { follow, state } from "./state.js";
import { ROUTES } from "./faults.js";

const BROKEN = { stall: "left without an answer", reset: "closed", cut: "cut" };

function outcome({ answer }) {
  if (!answer) return ["waiting", "plain"];
  const word = [answer.status, BROKEN[answer.broken]].filter(Boolean).join(", ");
  return [word, answer.broken || answer.status >= 400 ? "bad" : "good"];
}

/** What a request asks for, in a word or two: the types in its body, or its route. */
function about({ body, route, path }) {
  try {
    const types = [JSON.parse(body)].flat().map((it) => it.body?.event?.type ?? it.type?.split(".").pop());
    if (types.every(Boolean)) return types.at(-1);
  } catch {
    // It is no JSON, and named by its route.
  }
  return route === "storage" ? path.split("?")[0].split("/").pop() : route;
}

const fields = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");

function part(title, headers, { body, length }) {
  const whole = body === null ? `${length} bytes that are no text` : pretty(body);
  const more = body !== null && new Blob([body]).size < length - 64 ? `The first part of ${length} bytes.` : null;
  return [h("h4", {}, title), h("pre", { tabindex: 0 }, headers), length > 0 && h("pre", { tabindex: 0 }, whole), more && h("p", { class: "hint" }, more)];
}

function inside(exchange) {
  const { answer } = exchange;
  const copy = () => attempt(() => navigator.clipboard.writeText(curl(exchange, location.origin)), "Copied as curl.");
  return h("div", { class: "exchange" },
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: copy }, "Copy as curl")),
    part("Request", `${exchange.method} ${exchange.path}\n${fields(exchange.headers)}`, exchange),
    answer && part(`Answer after ${answer.millis} ms`, `${outcome(exchange)[0]}\n${fields(answer.headers)}`, answer));
}

function row(exchange) {
  const [word, kind] = outcome(exchange);
  const make = (_, known) => {
    const head = [h("span", { class: "method" }, exchange.method),
      h("span", { class: "about" }, about(exchange), exchange.consumer && h("em", {}, ` ${text(exchange.consumer)}`)),
      h("span", { class: `pill ${kind}` }, word),
      h("time", {}, time(exchange.at))];
    const open = known?.firstChild.open ?? false;
    const details = h("details", { open }, h("summary", {}, head), open && inside(exchange));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(inside(exchange));
    });
    if (!known) return h("li", {}, details);
    const focused = known.contains(document.activeElement);
    known.replaceChildren(details);
    if (focused) details.firstChild.focus({ preventScroll: true });
    return known;
  };
  return { key: exchange.number, stamp: word, make };
}

function draw() {
  const route = $("request-route").value;
  const all = [...state.exchanges.values()].sort((a, b) => b.number - a.number);
  const shown = all.filter((exchange) => !route || exchange.route === route);
  keyed($("requests"), shown.map(row), (it) => it.key, (it) => it.stamp, (it, known) => it.make(it, known));
  say($("request-count"), all.length ? String(all[0].number) : "");
  $("requests-none").hidden = shown.length > 0;
}

export function start() {
  follow(draw);
  const routes = Object.entries(ROUTES).filter(([route]) => route !== "keys");
  $("request-route").append(...routes.map(([value, text]) => h("option", { value }, text)));
  $("request-route").addEventListener("change", draw);
}
