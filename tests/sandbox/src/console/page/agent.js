// What a developer does as the agent.

import { $, h, say, toast } from "./dom.js";
import { act, ask, attempt, ofAccount, ofConversation } from "./api.js";
import { GALLERY } from "./gallery.js";
import { quickReplies, rich } from "./rich.js";
import { chosen, follow } from "./state.js";
import { typing } from "./timeline.js";

const role = () => $("role").value;
const on = (id, event, handle) => $(id).addEventListener(event, handle);
const submit = (id, handle) => on(id, "submit", (event) => {
  event.preventDefault();
  handle();
});

async function speak(member, done) {
  const text = $("say-text").value;
  if (!text.trim()) return toast("There is nothing to send yet.", true);
  if (await act({ [member]: text, as: role() }, done)) $("say-text").value = "";
  $("say-text").focus();
}

/** The rich content as it is edited; null where it is no JSON. */
function edited() {
  try {
    const step = JSON.parse($("rich-json").value);
    say($("rich-wrong"), "");
    return step;
  } catch (error) {
    say($("rich-wrong"), `This is no JSON: ${error.message}`);
    return null;
  }
}

function preview() {
  const step = edited();
  if (!step) return;
  const shown = step.rich ? rich(step.rich) : h("p", {}, String(step.say ?? ""));
  $("rich-preview").replaceChildren(shown, ...(step.quick_replies ? [quickReplies(step.quick_replies)] : []));
}

const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

async function sendFile() {
  const [file] = $("file-chosen").files;
  if (!file) return toast("Choose a file first.", true);
  const caption = $("file-caption").value;
  const step = async () => ({ file: { name: file.name, base64: await base64(file), ...(caption && { caption }) }, as: role() });
  if (await attempt(async () => ask("POST", ofConversation("agent"), await step()), "The file is sent.")) $("file").reset();
}

/** Whether the client knows of several dialogs: only then the service asks by itself. */
function takesSurvey(conversation) {
  const offers = [conversation.clientProperties, conversation.context?.clientProperties];
  return offers.some((it) => [it?.features ?? []].flat().includes("MULTI_DIALOG"));
}

function questions() {
  const lines = $("questions").value.split("\n").map((line) => line.split("|").map((part) => part.trim()));
  return lines.filter(([text]) => text).map(([text, ...answers]) => {
    const quickReplies = answers.filter(Boolean);
    return quickReplies.length ? { text, quickReplies } : { text };
  });
}

async function survey() {
  const conversation = chosen();
  if (!conversation) return;
  if (!takesSurvey(conversation)) {
    await attempt(() => ask("POST", ofConversation("survey")), "The survey is open: ask by hand.");
    return;
  }
  await attempt(async () => {
    await ask("PUT", ofAccount("survey"), { questions: questions() });
    await ask("POST", ofConversation("close"));
  }, "The survey has begun.");
}

function draw() {
  const conversation = chosen();
  const open = conversation?.stage === "OPEN";
  const main = conversation?.state === "OPEN";
  for (const form of document.querySelectorAll("#agent-panel .card")) {
    const off = form.id === "survey" ? !main : !open;
    for (const field of form.querySelectorAll("button")) field.disabled = off;
  }
  $("type").setAttribute("aria-pressed", conversation ? typing(role()) : false);
  const by = conversation && !takesSurvey(conversation)
    ? "This client does not offer MULTI_DIALOG, so the service asks nothing by itself: the survey’s dialog opens, and you ask in it."
    : "It stays the survey of the account: conversations that close later get it, too.";
  say($("survey-hint"), by);
}

export function start() {
  follow(draw);
  submit("say", () => speak("say"));
  on("note", "click", () => speak("note", "The note is there; the consumer does not see it."));
  on("say-text", "keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!document.querySelector("#say .primary").disabled) speak("say");
  });
  on("type", "click", () => act({ type: $("type").getAttribute("aria-pressed") !== "true", as: role() }));
  on("read", "click", () => act({ read: true, as: role() }));
  on("role", "change", draw);
  $("kind").append(...Object.keys(GALLERY).map((name) => h("option", {}, name)));
  const choose = () => {
    $("rich-json").value = JSON.stringify(GALLERY[$("kind").value], null, 2);
    preview();
  };
  on("kind", "change", choose);
  on("rich-json", "input", preview);
  choose();
  submit("rich", () => {
    const step = edited();
    if (step) act({ ...step, as: role() }, "The rich content is sent.");
  });
  submit("file", sendFile);
  submit("transfer", () => act({ transfer: $("skill").value }, `Transferred to skill ${$("skill").value}.`));
  submit("survey", survey);
  on("close", "click", () => attempt(() => ask("POST", ofConversation("close")), "The conversation is closed."));
}
