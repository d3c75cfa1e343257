// Rich content of each kind that the vendor has, as steps of an agent.

const says = (title, text = title) => ({ type: "button", title, tooltip: title, click: { actions: [{ type: "publishText", text }] } });
const opens = (title, uri) => ({ type: "button", title, tooltip: title, click: { actions: [{ type: "link", name: title, uri }] } });
const image = (name) => ({ type: "image", url: `https://example.com/${name}.png`, caption: name, tooltip: name });
const text = (text, style) => ({ type: "text", text, tooltip: text, ...(style && { style }) });
const bold = { bold: true, size: "large" };
const vertical = (...elements) => ({ type: "vertical", elements });

const plan = (name, price) => vertical(image(name), text(`Plan ${name}`, bold), text(price), says("Choose", `I choose ${name}`));
const choice = (label) => ({ type: "checkbox", text: label, tooltip: label, click: { actions: [{ type: "checked", publishText: label }] } });
const item = (title, subtitle) => ({ type: "horizontal", elements: [image(title), vertical(text(title, bold), text(subtitle), says("Select", title))] });
const bubble = (title, subtitle) => ({ title, subtitle, style: "icon" });

export const GALLERY = {
  "Quick replies": {
    say: "Which of these is it?",
    quick_replies: { type: "quickReplies", itemsPerRow: 8, replies: [says("An order"), says("A return"), says("Something else")] },
  },
  Card: { rich: vertical(image("router"), text("Your new router", bold), text("It arrives on Friday."), says("That suits me"), opens("Follow the parcel", "https://example.com/parcel")) },
  Carousel: { rich: { type: "carousel", padding: 10, elements: [plan("S", "10 € a month"), plan("M", "20 € a month"), plan("L", "30 € a month")] } },
  Buttons: { rich: vertical(text("How do we reach you?"), says("By phone"), says("By letter")) },
  Link: { rich: vertical(text("The terms, to read again:"), opens("Open the terms", "https://example.com/terms")) },
  Picture: { rich: vertical(image("floor-plan")) },
  Map: {
    rich: vertical({ type: "map", la: 52.52, lo: 13.405, tooltip: "Our shop", click: { actions: [{ type: "navigate", la: 52.52, lo: 13.405 }] } }, text("Our shop, open until 8")),
  },
  "Link preview": { rich: { type: "linkPreview", title: "Our opening hours", url: "https://example.com/hours", tooltip: "Our opening hours" } },
  Checklist: {
    rich: {
      type: "list",
      elements: [
        { type: "sectionList", elements: [{ type: "section", elements: [text("What shall we repair?", bold), { type: "checklist", elements: ["Screen", "Battery", "Keyboard"].map(choice) }] }] },
        { type: "buttonList", elements: [{ type: "button", title: "Send", tooltip: "Send", click: { actions: [{ type: "submitAsText", submit: true }] } }] },
      ],
    },
  },
  "List picker": {
    rich: vertical(text("Appointments", bold), item("Monday", "9 to 10"), item("Tuesday", "14 to 15")),
    metadata: [{ type: "BusinessChatMessage", multipleSelection: false, receivedMessage: bubble("Appointments", "Choose one"), replyMessage: bubble("Thank you", "It is noted") }],
  },
  "Date picker": { rich: vertical({ type: "datePicker", title: "When shall we come?", dateFormat: "YYYY-MM-DD", tooltip: "When shall we come?" }) },
};
