// What the page knows. It is bounded: what is oldest goes first.

import { text } from "./dom.js";

const MOST = { conversations: 500, events: 1000, exchanges: 300, notifications: 1000 };

export const state = {
  account: "",
  chosen: "",
  pending: 0,
  answers: {},
  /** By id: the outline of a conversation, and its events by index. */
  conversations: new Map(),
  /** By number. */
  exchanges: new Map(),
  /** By number: the attempts at a notification, and what it says. */
  notifications: new Map(),
  /** The number of the notification of an event, by dialog and sequence. */
  told: new Map(),
};

const followers = [];
let due = false;

/** `draw` runs after each change, once for many. */
export const follow = (draw) => followers.push(draw);

export function changed() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    for (const draw of followers) {
      // What one part cannot show is no reason for the others to stand still.
      try {
        draw();
      } catch (error) {
        reportError(error);
      }
    }
  });
}

export function forget() {
  for (const known of [state.conversations, state.exchanges, state.notifications, state.told]) known.clear();
  state.pending = 0;
  state.answers = {};
}

export const chosen = () => state.conversations.get(state.chosen);

function drop(known, most) {
  for (const key of known.keys()) {
    if (known.size <= most) return;
    if (key !== state.chosen) known.delete(key);
  }
}

/** What the stream tells, by the name of its event. */
export const heard = {
  state(news) {
    Object.assign(state, news);
  },
  conversation(outline) {
    const known = state.conversations.get(outline.id);
    state.conversations.set(outline.id, { ...outline, events: known?.events ?? new Map(), version: (known?.version ?? 0) + 1 });
    drop(state.conversations, MOST.conversations);
  },
  event(event) {
    const conversation = state.conversations.get(event.conversation);
    if (!conversation) return;
    conversation.events.set(event.index, event);
    conversation.version += 1;
    drop(conversation.events, MOST.events);
  },
  exchange(exchange) {
    state.exchanges.set(exchange.number, exchange);
    drop(state.exchanges, MOST.exchanges);
  },
  delivery(delivery) {
    const known = state.notifications.get(delivery.notification) ?? read(delivery);
    known.attempts.set(delivery.index, delivery);
    state.notifications.set(delivery.notification, known);
    if (known.key) state.told.set(known.key, delivery.notification);
    drop(state.notifications, MOST.notifications);
    drop(state.told, MOST.notifications);
  },
};

export const toldKey = (event) => `${text(event.dialogId)}/${text(event.sequence)}`;

/** What a notification is about. */
function read({ notification, body, length }) {
  const known = { number: notification, body, length, attempts: new Map(), about: "", dialog: "", key: "" };
  let json;
  try {
    json = JSON.parse(body);
  } catch {
    return { ...known, about: "a body that is no JSON" };
  }
  const change = json?.body?.changes?.[0] ?? {};
  known.dialog = change.conversationId ?? change.result?.convId ?? change.dialogId ?? "";
  if (change.event) {
    if (change.sequence !== undefined) known.key = toldKey(change);
    const says = typeof change.event.message === "string" ? `: ${change.event.message}` : "";
    const word = change.event.chatState ?? change.event.status;
    known.about = `${text(change.event.type ?? "event")}${word ? ` ${text(word)}` : ""}${says}`;
    known.role = change.originatorMetadata?.role;
  } else if (change.result) {
    const details = change.result.conversationDetails ?? {};
    known.about = details.state === details.stage ? `Conversation is ${text(details.state)}` : `Conversation is ${text(details.state)}, its survey is open`;
  } else {
    known.about = text(json?.type ?? "a notification");
  }
  return known;
}
