// The control API.

import { state } from "./state.js";
import { toast } from "./dom.js";

/** A request; gives back the answer's JSON, or throws what the sandbox says of it. */
export async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(json.error ?? `the sandbox answers ${answer.status}`);
  return json;
}

export const ofAccount = (path) => `/accounts/${encodeURIComponent(state.account)}/${path}`;
export const ofConversation = (path) => ofAccount(`conversations/${encodeURIComponent(state.chosen)}/${path}`);

/** Does something and says how it went. True: it was done. */
export async function attempt(act, done) {
  try {
    await act();
    if (done) toast(done);
    return true;
  } catch (error) {
    toast(`Not done: ${error.message}.`, true);
    return false;
  }
}

/** A step of the agent in the chosen conversation. */
export const act = (step, done) => attempt(() => ask("POST", ofConversation("agent"), step), done);
