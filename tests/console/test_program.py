"""The console and a program in C: what is done in the one arrives in the other."""

import re

from conftest import Account, Gateway, Program
from playwright.sync_api import Page, expect

NUMBER = "+49 151 2345678"


def test_an_answer_arrives_in_a_c_program(page: Page, gateway: Gateway) -> None:
    gateway.text("1", NUMBER, "Where is my parcel?")
    page.get_by_role("button", name=NUMBER).click()
    expect(page.locator("#timeline")).to_contain_text("Where is my parcel?")
    page.get_by_label("Answer", exact=True).fill("It is on its way.")
    page.get_by_role("button", name="Send", exact=True).click()
    assert gateway.until("It is on its way.").endswith(f"\t{NUMBER}\tIt is on its way.")
    said = page.locator(".said.agent", has_text="It is on its way.")
    expect(said).to_contain_text("webhook 200")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("")


def test_a_fault_hits_a_c_program_and_is_seen(page: Page, gateway: Gateway) -> None:
    page.get_by_role("tab", name="Faults").click()
    page.get_by_label("The next request to").select_option("conversation")
    page.get_by_label("Status").fill("503")
    page.get_by_label("How many times").fill("2")
    page.get_by_role("button", name="Set it").click()
    expect(page.locator("#waiting")).to_have_text("Waiting for requests: 2 to conversation.")
    gateway.text("1", NUMBER, "Is anybody there?")
    expect(page.locator("#waiting")).to_have_text("")
    page.get_by_role("tab", name="Requests").click()
    page.get_by_label("Show", exact=True).select_option("conversation")
    expect(page.locator("#requests .pill")).to_have_text(["200", "503", "503"])
    expect(page.locator("#timeline")).to_contain_text("Is anybody there?")

    page.get_by_role("tab", name="Faults").click()
    page.get_by_label("The next request to").select_option("send")
    page.get_by_label("is answered with").select_option("lose")
    page.get_by_label("How many times").fill("1")
    page.get_by_role("button", name="Set it").click()
    expect(page.locator("#waiting")).to_have_text("Waiting for requests: 1 to send.")
    gateway.text("2", NUMBER, "It is urgent.")
    gateway.text("3", NUMBER, "Really.")
    expect(page.locator(".said.consumer .text")).to_have_text(["Is anybody there?", "It is urgent.", "Really."])
    page.get_by_role("tab", name="Requests").click()
    page.get_by_label("Show", exact=True).select_option("send")
    expect(page.locator("#requests .pill", has_text="closed")).to_have_count(1)


def test_a_chat_goes_on_after_an_outage(page: Page, chat: Program) -> None:
    chat.type("Hi")
    page.get_by_role("button", name="you").click()
    page.get_by_label("Answer", exact=True).fill("Hello")
    page.get_by_role("button", name="Send", exact=True).click()
    chat.until("Agent: Hello")
    page.get_by_role("tab", name="Faults").click()
    page.get_by_label("All services are gone, for seconds").fill("2")
    page.get_by_role("button", name="Begin the outage").click()
    expect(page.locator("#toast")).to_have_text("All services are gone for 2 s.")
    expect(page.locator("#outage-left")).to_have_text(re.compile("Outage: [12] s more"))
    chat.type("Still there?")
    chat.type("Hello?")
    expect(page.locator(".said.consumer .text")).to_have_text(["Hi", "Still there?", "Hello?"])
    expect(page.locator("#outage-left")).to_be_hidden()


def test_an_outage_is_seen_by_who_comes_later_and_ended(page: Page, chat: Program) -> None:
    chat.type("Hi")
    expect(page.locator(".said.consumer .text")).to_have_text(["Hi"])
    page.get_by_role("tab", name="Faults").click()
    page.get_by_label("All services are gone, for seconds").fill("3600")
    page.get_by_role("button", name="Begin the outage").click()
    expect(page.locator("#outage-left")).to_be_visible()
    page.reload()
    expect(page.locator("#outage-left")).to_have_text(re.compile("Outage: 3[56][0-9][0-9] s more"))
    page.get_by_role("tab", name="Faults").click()
    page.get_by_role("button", name="End it").click()
    expect(page.locator("#outage-left")).to_be_hidden()
    chat.type("Again")
    expect(page.locator(".said.consumer .text")).to_have_text(["Hi", "Again"])


def test_tokens_are_revoked_under_a_c_program(page: Page, gateway: Gateway) -> None:
    gateway.text("1", NUMBER, "One")
    expect(page.locator("#timeline")).to_contain_text("One")
    page.get_by_role("tab", name="Faults").click()
    page.get_by_role("button", name="Revoke the tokens").click()
    expect(page.locator("#toast")).to_have_text("Every token so far is revoked.")
    gateway.text("2", NUMBER, "Two")
    expect(page.locator("#timeline")).to_contain_text("Two")
    page.get_by_role("tab", name="Requests").click()
    page.get_by_label("Show", exact=True).select_option("send")
    expect(page.locator("#requests .pill")).to_have_text(["200", "401"])


def test_a_c_program_answers_a_survey(page: Page, gateway: Gateway, account: Account) -> None:
    gateway.text("1", NUMBER, "Thank you, that is all.")
    expect(page.locator("#timeline")).to_contain_text("that is all")
    page.get_by_role("button", name="Start the survey").click()
    gateway.until("How satisfied are you?")
    expect(page.locator(".conversation .badge")).to_have_text("Survey")
    expect(page.locator("#timeline .replies").last).to_contain_text("Somewhat")
    gateway.text("2", NUMBER, "Very")
    gateway.until("What could we do better?")
    gateway.text("3", NUMBER, "Nothing")
    expect(page.locator(".conversation .badge")).to_have_text("Closed")
    expect(page.locator(".divider", has_text="Survey over")).to_contain_text("Completed")
    expect(page.locator("#say .primary")).to_be_disabled()
    assert re.search("Very", page.locator("#timeline").inner_text())
