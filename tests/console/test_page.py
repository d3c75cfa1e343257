"""What the page shows, and what can be done in it."""

import base64
import json
import os
import socket
import subprocess
import urllib.error
from pathlib import Path

import pytest
from conftest import CONTROL, PICTURES, Account, Endpoint, look
from consumer import PICTURE, request
from playwright.sync_api import BrowserContext, Page, expect

EVIL = "<img src=x onerror=\"document.body.dataset.hacked='yes'\"><script>document.body.dataset.hacked='yes'</script>"


def test_what_others_write_stays_text(page: Page, account: Account) -> None:
    mallory = account.consumer(EVIL)
    mallory.open(EVIL, features=[EVIL], profile={"firstName": EVIL}, skillId=EVIL)
    mallory.file(PICTURE, EVIL)
    mallory.publish({"type": "RichContentEvent", "content": {"type": "vertical", "elements": [
        {"type": "text", "text": EVIL}, {"type": EVIL}, {"type": "button", "title": EVIL, "click": {"actions": [{"type": "link", "uri": "javascript:document.body.dataset.hacked='yes'"}]}},
        {"type": "image", "url": "javascript:document.body.dataset.hacked='yes'", "caption": EVIL},
    ]}})
    account.step(mallory, say=EVIL, quick_replies={"type": "quickReplies", "replies": [{"title": EVIL}]}, metadata=[{"type": EVIL}])
    account.step(mallory, note=EVIL)
    mallory.update(field="CSATRate", csatRate=5, status=EVIL)
    expect(page.locator("#chat-title")).to_have_text(EVIL)
    expect(page.locator(".said.consumer .text").first).to_have_text(EVIL)
    expect(page.locator(".said.private .text")).to_have_text(EVIL)
    expect(page.locator(".rich p").first).to_have_text(EVIL)
    expect(page.locator("#conversations .who")).to_contain_text(EVIL)
    for tab in ("Notifications", "Facts", "Requests"):
        page.get_by_role("tab", name=tab).click()
    page.locator("#requests summary").first.click()
    expect(page.locator(".exchange")).to_be_visible()
    page.get_by_label("Find a consumer or a text").fill("<script>")
    expect(page.locator(".conversation")).to_have_count(1)
    # Nothing was made of it, and nothing was run.
    assert page.locator("[src=x], main script, aside script, a[href^=javascript]").count() == 0
    assert page.evaluate("document.body.dataset.hacked") is None


# What looks like an object's own, and what has no text.
ODD = {"toString": 1, "valueOf": 1}
ODDITIES = [
    {"type": "RichContentEvent", "content": {"type": "vertical", "elements": [{"type": kind} for kind in ("__proto__", "valueOf", "constructor")]}},
    {"type": "RichContentEvent", "content": {"type": "vertical", "elements": [{"type": "text", "text": ODD}, {"type": "button", "title": "x", "click": {"actions": [None]}}]}},
    {"type": "ContentEvent", "contentType": "text/plain", "message": "x", "quickReplies": {"replies": [None, ODD]}},
    {"type": "ContentEvent", "contentType": "x/y", "message": {"url": ODD, "caption": ODD, "preview": ODD}},
    {"type": "Odd", "chatState": ODD, "status": ODD, "message": ODD},
]


def test_what_others_write_stops_nothing(page: Page, account: Account) -> None:
    mallory = account.consumer("mallory")
    mallory.open("Hello", profile={"firstName": ODD, "lastName": ODD})
    for oddity in ODDITIES:
        mallory.publish(oddity)
    account.step(mallory, say="x", quick_replies={"type": "quickReplies", "replies": [None]}, metadata=[None, ODD])
    # Refused, and a request all the same; and a token that nobody issued, of a consumer who is no text.
    claims = base64.urlsafe_b64encode(json.dumps({"ext_consumer_id": ODD}).encode()).decode().rstrip("=")
    for headers in (mallory.headers, {**mallory.headers, "X-LP-ON-BEHALF": f"x.{claims}.x"}):
        body = {"type": "x", "body": {"event": {"type": ODD}}}
        with pytest.raises(urllib.error.HTTPError):
            request("POST", mallory.at("messaging/consumer/conversation/send?v=3"), body, headers)
    mallory.say("The last word")
    expect(page.locator(".said").last).to_contain_text("The last word")
    expect(page.locator(".said")).to_have_count(len(ODDITIES) + 3)
    for tab in ("Facts", "Notifications", "Requests"):
        page.get_by_role("tab", name=tab).click()
    expect(page.locator("#facts")).to_contain_text("toString")
    expect(page.locator("#requests > li")).to_have_count(len(ODDITIES) + 5)


def test_both_sides_are_seen(page: Page, account: Account) -> None:
    alice = account.consumer("alice")
    alice.open("Hello", profile={"firstName": "Alice"}, skillId="4711")
    account.step(alice, say="Good morning")
    alice.reads(0)
    said = page.locator(".said.agent", has_text="Good morning")
    expect(said.locator(".mark")).to_have_count(0)
    alice.reads(1)
    expect(said.locator(".mark")).to_have_text("Read")
    alice.types()
    expect(page.locator("#typing")).to_have_text("Consumer is typing")
    alice.say("One moment")
    expect(page.locator("#typing")).to_have_text("")
    page.get_by_role("button", name="Typing").click()
    expect(page.locator("#typing")).to_have_text("Agent is typing")
    expect(page.get_by_role("button", name="Typing")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Mark as read").click()
    expect(page.locator(".said.consumer", has_text="One moment").locator(".mark")).to_have_text("Read")
    page.get_by_label("Answer", exact=True).fill("Ask her for the number")
    page.get_by_role("button", name="Leave a note").click()
    expect(page.locator(".said.private")).to_contain_text("Only agents and managers see this")
    alice.file(PICTURE, "A photo")
    picture = page.get_by_alt_text("A photo")
    expect(picture).to_be_visible()
    page.wait_for_function("document.querySelector('.file img').naturalWidth === 1")
    page.get_by_label("Its id").or_(page.get_by_label("Transfer to a skill")).fill("99")
    page.get_by_role("button", name="Transfer").click()
    expect(page.locator("#chat-about")).to_have_text("Open, Alice, skill 99")
    alice.rate(4)
    expect(page.locator(".rating")).to_contain_text("Rated 4 of 5")
    page.get_by_role("button", name="Close the conversation").click()
    expect(page.locator("#conversations .badge")).to_have_text("Closed")
    expect(page.locator(".divider").last).to_contain_text("Closed")
    page.get_by_role("tab", name="Facts").click()
    expect(page.locator("#facts")).to_contain_text(alice.conversation)


def test_each_kind_of_the_gallery_is_sent_and_drawn(page: Page, account: Account) -> None:
    alice = account.consumer("alice")
    alice.open("Show me")
    expect(page.locator(".said")).to_have_count(1)
    kinds = page.locator("#kind option").all_inner_texts()
    assert len(kinds) >= 10
    for number, kind in enumerate(kinds):
        page.get_by_label("Rich content", exact=True).select_option(kind)
        shown = page.locator("#rich-preview").inner_text()
        page.get_by_role("button", name="Send rich content").click()
        expect(page.locator(".said")).to_have_count(number + 2)
        bubble = page.locator(".said").last
        assert shown.split() and all(word in bubble.inner_text() for word in shown.split()), kind
        # All elements of it are known.
        expect(bubble.locator(".bubble summary")).to_have_count(0)
    page.get_by_text("Edit as JSON").click()
    page.get_by_label("Rich content as a step of an agent").fill("{")
    expect(page.locator("#rich-wrong")).to_contain_text("This is no JSON")
    page.get_by_label("Rich content as a step of an agent").fill(json.dumps({"rich": {"elements": []}}))
    page.get_by_role("button", name="Send rich content").click()
    expect(page.locator("#toast")).to_contain_text("Not done: rich: content must be an object with a type")


def test_an_agent_sends_a_file(page: Page, account: Account) -> None:
    alice = account.consumer("alice")
    alice.open("Hello")
    expect(page.locator(".said")).to_have_count(1)
    page.get_by_label("File", exact=True).set_input_files({"name": "plan.png", "mimeType": "image/png", "buffer": PICTURE})
    page.get_by_label("Caption").fill("The plan")
    page.get_by_role("button", name="Send the file").click()
    expect(page.locator(".said.agent .caption")).to_have_text("The plan")
    [conversation] = account.call("GET", "conversations")
    message = conversation["events"][-1]["event"]["message"]
    assert (message["caption"], message["fileType"]) == ("The plan", "PNG")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the PNG").click()
    assert download.value.path().read_bytes() == PICTURE


def test_notifications_and_their_deliveries_are_seen(page: Page, account: Account) -> None:
    endpoint = Endpoint(503)
    account.call("PUT", "webhook", {"url": endpoint.url, "time_scale": 0.001, "retention_time": 60})
    alice = account.consumer("alice")
    alice.open("Hello")
    page.get_by_role("tab", name="Notifications").click()
    rows = page.locator("#notifications > li")
    expect(rows).to_have_count(2)
    expect(rows.last.locator(".pill")).to_have_text(["503", "200"])
    # Otherwise the next one would be that somebody joined.
    account.step(alice, join=True)
    expect(rows).to_have_count(3)
    page.get_by_role("tab", name="Faults").click()
    page.get_by_role("button", name="Repeat the next one").click()
    expect(page.locator("#toast")).to_have_text("The next notification comes twice.")
    account.step(alice, say="Good morning")
    row = rows.filter(has_text="Good morning")
    expect(row.locator(".pill")).to_have_text(["200", "200, again"])
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"message": "Good morning"')
    page.get_by_role("tab", name="Conversation").click()
    expect(page.locator(".said.agent")).to_contain_text("webhook 200, 200")
    endpoint.shutdown()
    endpoint.server_close()


def test_requests_are_seen_without_tokens_and_copied_as_curl(page: Page, context: BrowserContext, account: Account) -> None:
    alice = account.consumer("alice")
    alice.open("It's \"quoted\" $HOME `here`")
    alice.say("It's \"again\" $HOME")
    page.get_by_role("tab", name="Requests").click()
    rows = page.locator("#requests > li")
    expect(rows).to_have_count(3)
    rows.first.locator("summary").click()
    expect(rows.first).to_contain_text("authorization: eyJ")
    expect(rows.first).to_contain_text('"sequence": 1')
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#toast")).to_have_text("Copied as curl.")
    script = page.evaluate("navigator.clipboard.readText()")
    for place in (page.content(), script):
        assert not any(secret in place for secret in [*alice.headers.values()][:2])
    environment = {**os.environ, **account.made["variables"]}
    ran = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.startswith("HTTP/1.1 200"), ran
    [conversation] = account.call("GET", "conversations")
    texts = [event["event"]["message"] for event in conversation["events"]]
    assert texts[1:] == ["It's \"again\" $HOME"] * 2


def test_no_request_becomes_a_command(page: Page, context: BrowserContext, account: Account, tmp_path: Path) -> None:
    services = account.made["variables"]["LPC_DOMAIN_API_URL"].removeprefix("http://")
    path = f"/v1/AUTH_async-images/{account.id}/x$(touch$IFS'path')!!"
    with socket.create_connection(tuple(services.split(":"))) as line:
        line.sendall(f"X&touch$IFS'method'& {path} HTTP/1.1\r\nHost: {services}\r\nX-A: '$(touch header)'\r\nContent-Length: 0\r\n\r\n".encode())
        line.recv(1)
    page.get_by_role("tab", name="Requests").click()
    page.locator("#requests summary").first.click()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#toast")).to_have_text("Copied as curl.")
    script = page.evaluate("navigator.clipboard.readText()")
    environment = {**os.environ, **account.made["variables"]}
    ran = subprocess.run(["sh", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.startswith("HTTP/1.1 401"), ran
    assert not [*tmp_path.iterdir()]


def test_it_is_usable_by_keyboard_alone(page: Page, account: Account) -> None:
    for name in ("alice", "bob"):
        account.consumer(name).open(f"I am {name}")
    expect(page.locator(".conversation")).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the conversations")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator(".conversation").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-title")).to_have_text("alice")
    # What is focused stays so while things happen.
    account.consumer("carol").open("I am carol")
    expect(page.locator(".conversation")).to_have_count(3)
    assert "alice" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#chat-title")).to_have_text("bob")
    page.locator("#tab-agent").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#faults-panel")).to_be_visible()
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Answer", exact=True)).to_be_focused()
    page.keyboard.type("By keyboard")
    page.screenshot(path=PICTURES / "focus.png")
    page.keyboard.press("Enter")
    expect(page.locator(".said.agent")).to_contain_text("By keyboard")


def test_every_control_has_a_name(page: Page, account: Account) -> None:
    account.consumer("alice").open("Hello")
    expect(page.locator(".said")).to_have_count(1)
    roles = {"button", "textbox", "searchbox", "combobox", "checkbox", "spinbutton", "tab", "tablist", "link", "meter"}
    seen = 0
    for tab in page.get_by_role("tab").all():
        tab.click()
        nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        for node in nodes:
            if not node.get("ignored") and node["role"]["value"] in roles:
                assert node["name"]["value"].strip(), node
                seen += 1
    assert seen > 100


# The colour of each text against what it stands on; the least contrast that WCAG AA allows is 4.5.
CONTRAST = """() => {
  const colour = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const part = (it) => { it /= 255; return it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4; };
  const light = ({ r, g, b }) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const back = (element) => { for (let it = element; it; it = it.parentElement) { const found = colour(getComputedStyle(it).backgroundColor); if (found.a === 1) return found; } return colour('rgb(255,255,255)'); };
  const low = []; let count = 0;
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].some((it) => it.nodeType === 3 && it.data.trim());
    if (!(text || element.matches('input, textarea, select')) || !element.checkVisibility({ visibilityProperty: true }) || element.closest(':disabled, option, noscript')) continue;
    count += 1;
    const [a, b] = [light(colour(getComputedStyle(element).color)), light(back(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push([element.outerHTML.slice(0, 120), (a + 0.05) / (b + 0.05)]);
  }
  return { low, count };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_light_and_dark(page: Page, account: Account, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    endpoint = Endpoint(503)
    account.call("PUT", "webhook", {"url": endpoint.url, "time_scale": 0.001})
    tell_a_story(account)
    expect(page.locator(".conversation")).to_have_count(3)
    page.get_by_role("button", name="+49 151 2345678").click()
    expect(page.locator("#typing")).to_have_text("Consumer is typing")
    seen = 0
    for tab in ("Conversation", "Faults", "Requests", "Notifications", "Facts", "Agent", "Conversation"):
        page.get_by_role("tab", name=tab).first.click()
        for row in page.locator("#requests summary, #notifications summary").all()[:1]:
            if row.is_visible():
                row.click()
        shown = page.evaluate(CONTRAST)
        assert not shown["low"], tab
        seen += shown["count"]
        page.screenshot(path=PICTURES / f"{scheme}-{tab.lower()}.png")
    assert seen > 300
    endpoint.shutdown()
    endpoint.server_close()


def test_a_narrow_page_shows_one_part_at_a_time(page: Page, account: Account) -> None:
    tell_a_story(account)
    page.set_viewport_size({"width": 390, "height": 800})
    for part, place in (("Controls", "#tools"), ("Chat", "#chat"), ("Conversations", "#list")):
        page.get_by_role("button", name=part, exact=True).click()
        expect(page.locator(place)).to_be_visible()
        expect(page.locator(".pane:visible")).to_have_count(1)
        # Nothing is cut off at the side.
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=PICTURES / f"narrow-{part.lower()}.png")
    page.locator(".conversation").first.click()
    expect(page.locator("#chat")).to_be_visible()


def test_accounts_are_chosen(page: Page, account: Account) -> None:
    other = Account()
    account.consumer("alice").open("Hello")
    other.consumer("bob").open("Hello")
    expect(page.locator(".who")).to_have_text("alice")
    page.get_by_label("Account").focus()
    page.get_by_label("Account").select_option(other.id)
    expect(page.locator(".who")).to_have_text("bob")
    look(page, account)
    expect(page.locator(".who")).to_have_text("alice")
    assert CONTROL in page.url


def tell_a_story(account: Account) -> None:
    """Three conversations with something of everything."""
    before = account.consumer("+49 170 5550101")
    before.open("Are you open on Sunday?")
    account.step(before, say="Yes, from 10 to 16.")
    before.rate(5)
    account.call("POST", f"conversations/{before.conversation}/close")
    account.consumer("+49 160 4440102").open("I have a question about my bill")
    alice = account.consumer("+49 151 2345678")
    alice.open("My new router has not arrived.", ["RICH_CONTENT"], {"firstName": "Alice", "lastName": "Meier"}, skillId="4711")
    account.step(alice, read=True)
    account.step(alice, say="I am sorry. I look after it at once.")
    alice.reads(1)
    account.step(alice, note="The second time this month: offer a voucher.")
    account.step(alice, rich={"type": "vertical", "elements": [
        {"type": "text", "text": "Your new router", "style": {"bold": True}},
        {"type": "text", "text": "It arrives on Friday."},
        {"type": "button", "title": "That suits me", "click": {"actions": [{"type": "publishText", "text": "That suits me"}]}},
        {"type": "button", "title": "Follow the parcel", "click": {"actions": [{"type": "link", "uri": "https://example.com/parcel"}]}},
    ]})
    alice.say("That suits me")
    account.step(alice, read=True)
    answers = [{"type": "button", "title": title} for title in ("No, thank you", "A question")]
    account.step(alice, say="Is there anything else?", quick_replies={"type": "quickReplies", "replies": answers})
    alice.types()
