// A conversation as both sides see it.

import { $, h, keyed, say, text, time } from "./dom.js";
import { ofAccount } from "./api.js";
import { condition, nameOf } from "./list.js";
import { quickReplies, rich } from "./rich.js";
import { chosen, follow, state, toldKey } from "./state.js";

const NAMES = { CONSUMER: "Consumer", ASSIGNED_AGENT: "Agent", AGENT: "Agent or bot", MANAGER: "Manager", CONTROLLER: "Service" };
const MARKS = { ACCEPT: "Accepted", READ: "Read", ACCESS: "Opened", NACK: "Refused", ACTION: "Answered" };
const PICTURES = /\.(jpe?g|png|gif)$/i;

export const roleName = (role) => NAMES[role] ?? role;

/** What the other side has said of each message, by dialog and sequence. */
function marksOf(events) {
  const marks = new Map();
  for (const { event, role, dialogId } of events) {
    if (event.type !== "AcceptStatusEvent") continue;
    for (const sequence of [event.sequenceList].flat()) {
      const key = `${role === "CONSUMER" ? "agent" : "consumer"}/${dialogId}/${text(sequence)}`;
      marks.set(key, (marks.get(key) ?? new Set()).add(MARKS[event.status] ?? event.status));
    }
  }
  return marks;
}

/** Who types: whose last chat state says so, and who has said nothing since. */
function typists(events) {
  const types = new Map();
  for (const { event, role } of events) {
    if (event.type === "ChatStateEvent") types.set(role, event.chatState === "COMPOSING");
    else if (event.type !== "AcceptStatusEvent") types.set(role, false);
  }
  return [...types].filter(([, on]) => on).map(([role]) => roleName(role));
}

export const typing = (role) => {
  const last = [...(chosen()?.events.values() ?? [])].findLast((it) => it.role === role && it.event.type !== "AcceptStatusEvent");
  return last?.event.type === "ChatStateEvent" && last.event.chatState === "COMPOSING";
};

/** How the endpoint answered the notification of an event. */
function told(event) {
  const attempts = [...(state.notifications.get(state.told.get(toldKey(event)))?.attempts.values() ?? [])];
  return attempts.map((attempt) => attempt.status ?? "no answer").join(", ");
}

function file(message) {
  const place = text(message.relativePath ?? message.url);
  const name = place.split("/").pop();
  const url = ofAccount(`files?path=${encodeURIComponent(place)}`);
  const preview = /^data:image\/(png|jpe?g|gif);base64,/.test(text(message.preview)) ? message.preview : null;
  const picture = preview ?? (PICTURES.test(place) ? url : null);
  return h("figure", { class: "file" },
    picture && h("img", { src: picture, alt: message.caption || "Preview of the file" }),
    h("figcaption", {}, message.caption && h("span", { class: "caption" }, message.caption),
      message.relativePath ? h("a", { href: url, download: name }, `Download the ${text(message.fileType ?? "file")}`) : h("span", {}, place)));
}

function content(event) {
  if (event.type === "RichContentEvent") return rich(event.content ?? event.message);
  if (typeof event.message === "string") return h("p", { class: "text" }, event.message);
  if (event.message?.relativePath || event.message?.url) return file(event.message);
  return h("details", {}, h("summary", {}, event.contentType ?? event.type), h("pre", {}, JSON.stringify(event, null, 2)));
}

function bubble(it, marks) {
  const side = it.role === "CONSUMER" ? "consumer" : "agent";
  const answered = told(it);
  const said = [...(marks.get(`${side}/${it.dialogId}/${it.sequence}`) ?? [])].join(", ");
  const metadata = [it.metadata ?? []].flat();
  const make = () => h("li", { class: `said ${side}${it.audience === "ALL" ? "" : " private"}` },
    h("div", { class: "bubble" }, it.audience !== "ALL" && h("p", { class: "only" }, "Only agents and managers see this"),
      content(it.event), it.event.quickReplies && quickReplies(it.event.quickReplies)),
    h("p", { class: "meta" }, h("span", {}, roleName(it.role)), h("time", {}, time(it.at)),
      said && h("span", { class: "mark" }, said),
      answered && h("span", { class: /\b20[01]$/.test(answered) ? "" : "bad", title: "How the endpoint answered the notification" }, `webhook ${answered}`),
      metadata.length > 0 && h("details", {}, h("summary", {}, "metadata"), h("pre", {}, JSON.stringify(metadata, null, 2)))));
  return { key: `e${it.index}`, stamp: `${said}|${answered}`, make };
}

const divider = (key, text, detail) => ({ key, stamp: text + detail, make: () => h("li", { class: "divider" }, h("span", {}, text, detail && h("small", {}, detail))) });

function rating({ rating }) {
  const rate = Number(rating.csatRate);
  const text = rating.csatRate ? `Rated ${rating.csatRate} of 5` : "Rating";
  const solved = { true: "the consumer says that it is solved", false: "the consumer says that it is not solved" }[rating.csatResolutionConfirmation];
  const make = () => h("li", { class: "rating" },
    h("meter", { min: 0, max: 5, value: rate || 0, "aria-label": text }),
    h("strong", {}, text), h("span", {}, [String(rating.status ?? "").toLowerCase().replaceAll("_", " "), solved].filter(Boolean).join("; ")));
  return { key: "rating", stamp: JSON.stringify(rating), make };
}

function items(conversation, events) {
  const marks = marksOf(events);
  const shown = [];
  if (conversation.request?.skillId) shown.push(divider("opened", "Conversation opened", ` for skill ${text(conversation.request.skillId)}`));
  else shown.push(divider("opened", "Conversation opened", ""));
  for (const dialog of conversation.dialogs) {
    if (dialog.dialogType !== "MAIN") shown.push(divider(`d${dialog.dialogId}`, dialog.dialogType === "POST_SURVEY" ? "Survey" : dialog.dialogType, ""));
    const inside = events.filter((it) => it.dialogId === dialog.dialogId && !["ChatStateEvent", "AcceptStatusEvent"].includes(it.event.type));
    shown.push(...inside.map((it) => bubble(it, marks)));
    if (dialog.state === "CLOSE") {
      const what = dialog.dialogType === "MAIN" ? "Closed" : "Survey over";
      shown.push(divider(`c${dialog.dialogId}`, what, ` ${text(dialog.closedCause)}`));
    }
  }
  if (conversation.rating) shown.push(rating(conversation));
  return shown;
}

let drawn = "";
/** Whether the end is in sight, and is to stay there. */
let atEnd = true;

function toEnd() {
  const panel = $("timeline-panel");
  if (atEnd) panel.scrollTop = panel.scrollHeight;
}

function draw() {
  const conversation = chosen();
  say($("chat-title"), conversation ? nameOf(conversation) : "No conversation chosen");
  if (!conversation) {
    $("timeline").replaceChildren();
    say($("typing"), "");
    say($("chat-about"), "");
    return;
  }
  if (drawn !== state.chosen) {
    $("timeline").replaceChildren();
    atEnd = true;
  }
  drawn = state.chosen;
  const events = [...conversation.events.values()];
  keyed($("timeline"), items(conversation, events), (it) => it.key, (it) => it.stamp, (it) => it.make());
  const who = typists(events);
  say($("typing"), who.length ? `${who.join(" and ")} ${who.length > 1 ? "are" : "is"} typing` : "");
  const { firstName, lastName } = conversation.consumer.profile ?? {};
  const skill = conversation.skillId && conversation.skillId !== "-1" ? `skill ${text(conversation.skillId)}` : null;
  const about = [condition(conversation)[0], [firstName, lastName].filter(Boolean).map(text).join(" "), skill, conversation.ttr?.toLowerCase?.()];
  say($("chat-about"), about.filter(Boolean).join(", "));
  toEnd();
}

export function start() {
  follow(draw);
  const panel = $("timeline-panel");
  panel.addEventListener("scroll", () => {
    atEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 40;
  });
  // A picture makes it longer once it is there.
  panel.addEventListener("load", toEnd, true);
}
