// What the service knows of a conversation.

import { $, h, keyed, text } from "./dom.js";
import { chosen, follow } from "./state.js";
import { roleName } from "./timeline.js";

const short = (value) => (value === null || value === undefined || value === "" ? null : typeof value === "object" ? JSON.stringify(value, null, 2) : String(value));

function facts(it) {
  return Object.entries({
    Conversation: it.id,
    Consumer: it.consumer.ext_consumer_id,
    "Known to the service as": it.consumer.lp_consumer_id,
    Profile: it.consumer.profile,
    "Who takes part": it.participants.map(({ id, role }) => `${roleName(role)} ${id.slice(0, 8)}`).join("\n"),
    Skill: it.skillId,
    "Time to respond": [it.ttr, it.ttrValue && `${text(it.ttrValue)} s`].filter(Boolean).map(text).join(", "),
    Rating: it.rating,
    Absence: it.delay,
    Campaign: it.campaignInfo,
    Context: it.context,
    "Client properties": it.clientProperties,
    Dialogs: it.dialogs.map(({ dialogId, dialogType, state }) => `${dialogType} ${state} ${dialogId}`).join("\n"),
  }).map(([name, value]) => [name, short(value)]).filter(([, value]) => value !== null);
}

function draw() {
  const conversation = chosen();
  const shown = conversation ? facts(conversation) : [];
  keyed($("facts"), shown, ([name]) => name, ([, value]) => value, ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

export const start = () => follow(draw);
