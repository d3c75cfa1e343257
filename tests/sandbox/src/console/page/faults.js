// What goes wrong on purpose.

import { $, h, say, toast } from "./dom.js";
import { ask, attempt, ofAccount } from "./api.js";
import { follow, state } from "./state.js";

export const ROUTES = {
  send: "Send: messages, marks, ratings",
  conversation: "Conversation: an opening",
  token: "Token: the AppJWT",
  consumer: "Consumer: the ConsumerJWS",
  domain: "Domain: the list of services",
  storage: "Storage: files",
  keys: "Keys of Sentinel, of all accounts",
};

const FAULTS = {
  status: ["An HTTP status", "The request has no effect."],
  slow: ["429, too many requests", "The request has no effect; the client is asked to wait."],
  stall: ["Nothing, for ever", "The request has no effect; nothing comes until the client leaves."],
  reset: ["A closed connection", "The request has no effect."],
  lose: ["A lost answer", "The request takes effect, and the connection closes before its answer."],
  cut: ["Half an answer", "The request takes effect, and the connection closes in the middle of its answer."],
};

function answer() {
  const kind = $("fault-kind").value;
  const route = $("fault-route").value;
  if (kind === "status") return { route, status: $("fault-status").valueAsNumber };
  if (kind === "slow") return { route, status: 429, headers: { "Retry-After": $("fault-after").value } };
  return { route, [kind]: true };
}

async function queue() {
  const times = $("fault-times").valueAsNumber;
  await attempt(async () => {
    for (let done = 0; done < times; done += 1) await ask("POST", ofAccount("answers"), answer());
    // Those of the keys are nobody's, so the stream does not tell of them.
    if ($("fault-route").value === "keys") toast("It waits for the next request.");
  });
}

function choose() {
  const kind = $("fault-kind").value;
  for (const line of document.querySelectorAll("#fault [data-for]")) {
    line.hidden = line.dataset.for !== kind;
    line.querySelector("input").disabled = line.hidden;
  }
  say($("fault-hint"), FAULTS[kind][1]);
}

// When the services are there again.
let back = 0;

function awayFor(ms) {
  back = Date.now() + ms;
  drawOutage();
}

function drawOutage() {
  const left = Math.ceil((back - Date.now()) / 1000);
  say($("outage-left"), left > 0 ? `Outage: ${left} s more` : "");
  $("outage-left").hidden = $("outage-end").hidden = left <= 0;
}

function draw() {
  const waiting = Object.entries(state.answers);
  const count = waiting.reduce((sum, [, many]) => sum + many, 0);
  say($("fault-count"), count ? String(count) : "");
  say($("waiting"), count ? `Waiting for requests: ${waiting.map(([route, many]) => `${many} to ${route}`).join(", ")}.` : "");
}

export async function start() {
  follow(draw);
  $("fault-route").append(...Object.entries(ROUTES).map(([value, text]) => h("option", { value }, text)));
  $("fault-kind").append(...Object.entries(FAULTS).map(([value, [text]]) => h("option", { value }, text)));
  $("fault-kind").addEventListener("change", choose);
  choose();
  const submit = (id, handle) => $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    handle();
  });
  submit("fault", queue);
  for (const button of document.querySelectorAll("[data-post]")) {
    button.addEventListener("click", () => attempt(() => ask("POST", ofAccount(button.dataset.post)), button.dataset.done));
  }
  submit("outage", () => {
    const seconds = $("outage-seconds").valueAsNumber;
    attempt(async () => {
      await ask("POST", "/outage", { seconds });
      awayFor(seconds * 1000);
    }, `All services are gone for ${seconds} s.`);
  });
  $("outage-end").addEventListener("click", () => attempt(async () => {
    await ask("DELETE", "/outage", {});
    awayFor(0);
  }, "All services are there again."));
  setInterval(drawOutage, 500);
  // It may have begun before the page came.
  awayFor((await ask("GET", "/outage")).left_ms);
}
