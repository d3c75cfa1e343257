// The start of the page, and its line to the sandbox.

import { $, h, say, tabs } from "./dom.js";
import { ask, ofAccount } from "./api.js";
import { changed, forget, heard, state } from "./state.js";
import * as agent from "./agent.js";
import * as facts from "./facts.js";
import * as faults from "./faults.js";
import * as list from "./list.js";
import * as notifications from "./notifications.js";
import * as requests from "./requests.js";
import * as timeline from "./timeline.js";

/** Between two looks for a sandbox that is gone. */
const LOOK_MS = 2000;

let line = null;
let look = 0;
/** Counts the beginnings: one that was overtaken while it waited ends there. */
let turn = 0;

function live(text, kind) {
  say($("live"), text);
  $("live").dataset.kind = kind;
}

function hangUp() {
  turn += 1;
  line?.close();
  line = null;
  clearTimeout(look);
}

/** Follows the account for as long as somebody looks: a browser has few lines for one place. */
async function connect() {
  hangUp();
  if (document.hidden) return;
  const began = turn;
  try {
    await accounts();
    if (began !== turn) return;
  } catch {
    if (began !== turn) return;
    live("The sandbox is gone", "bad");
    look = setTimeout(connect, LOOK_MS);
    return;
  }
  const mine = (line = new EventSource(ofAccount("events")));
  mine.addEventListener("open", () => {
    forget();
    live("Live", "good");
    changed();
  });
  mine.addEventListener("error", () => {
    if (mine !== line) return;
    live("Connecting again", "bad");
    hangUp();
    look = setTimeout(connect, LOOK_MS);
  });
  mine.addEventListener("replaced", () => {
    hangUp();
    live("Too many pages are open: this one stands still. Reload it to go on", "bad");
  });
  for (const [name, hear] of Object.entries(heard)) {
    mine.addEventListener(name, (event) => {
      hear(JSON.parse(event.data));
      changed();
    });
  }
}

/** The account that the address names; other fragments are parts of the page. */
const named = () => location.hash.match(/^#account=(\w+)$/)?.[1];

/** Which accounts there are; one is chosen, that of the address where it names one. */
async function accounts() {
  const ids = (await ask("GET", "/accounts")).map((it) => it.id);
  const wanted = [state.account, named(), ids[0]];
  state.account = wanted.find((id) => ids.includes(id)) ?? "";
  if (!state.account) throw new Error("there is no account");
  $("account").replaceChildren(...ids.map((id) => h("option", { selected: id === state.account }, id)));
}

function choose(account) {
  if (account === state.account) return;
  Object.assign(state, { account, chosen: "" });
  forget();
  changed();
  connect();
}

for (const part of [list, timeline, notifications, facts, agent, faults, requests]) part.start();
for (const tablist of document.querySelectorAll("[role=tablist]")) tabs(tablist, changed);
for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => {
    document.body.dataset.pane = button.dataset.show;
    changed();
  });
}
// The address names the account, so that it can be kept and sent.
$("account").addEventListener("change", () => (location.hash = `account=${$("account").value}`));
$("account").addEventListener("focus", () => accounts().catch(() => {}));
document.addEventListener("visibilitychange", () => (document.hidden ? hangUp() : connect()));
window.addEventListener("hashchange", () => choose(named() ?? state.account));
connect();
