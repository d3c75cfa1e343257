"""Uses everything that the library can do, once.

Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and the like),
so that the same program talks to the sandbox and to a real account.

    python everything.py [consumer id] [relative path of a file that the agent sent]
"""

import asyncio
import base64
import os
import sys
import tempfile
from pathlib import Path

from lpconnector import (
    AcceptStatus,
    ChatState,
    Client,
    Consumer,
    CsatStatus,
    Feature,
    Gender,
    LpcError,
    Ttr,
    aio,
)

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg=="
)


def main(consumer_id: str, agent_file: str) -> None:
    # Options are keywords. Client.from_file("settings.conf") reads lines like account.id = 4711.
    with Client.from_env(call_timeout_ms=30_000, client_properties={"appId": "demo"}) as client:
        # An AppJWT of your own can be set at any time; None: obtain them with id and secret, which
        # may be others from now on.
        client.set_app_jwt(None)
        client.set_credentials(os.environ["LPC_CLIENT_ID"], os.environ["LPC_CLIENT_SECRET"])
        consumer = client.consumer(consumer_id)
        print(f"account {client.account_id}, consumer {consumer.lp_id()}")
        talk(consumer, agent_file)

        # The token of a consumer never expires, so it can be kept (it is a secret).
        same = client.consumer_from_jws(consumer.jws())
        raw(same, client.account_id)

        # What the client did; retries and renewals are log lines of the logger "lpconnector", too.
        stats = client.stats()
        print(f"{stats['requests']} requests, {stats['retries']} of them retries")
        # The same for Prometheus.
        print(client.prometheus().splitlines()[0])


def talk(consumer: Consumer, agent_file: str) -> None:
    # Profile, routing and the first message travel in one round trip.
    conversation = consumer.open(
        profile={
            "customer": {"customerId": "4711", "ctype": "vip", "balance": 12.5},
            "personal": {"firstname": "Jane", "lastname": "Doe", "gender": Gender.FEMALE},
        },
        campaign={"campaignId": "99", "engagementId": "7"},
        context={"visitorId": "visitor", "interactionContextId": 2, "lang": "en-US"},
        skill_id="-1",
        ttr=Ttr.URGENT,
        first_message="Hi",
        client_properties={"timeZone": "Europe/Athens"},
        features=[Feature.RICH_CONTENT, Feature.PHOTO_SHARING],
    )
    print(f"conversation {conversation.id} is open")

    # After COMPOSING another state must follow, or the agent sees typing for ever.
    conversation.send_chat_state(ChatState.COMPOSING)
    conversation.send_chat_state(ChatState.ACTIVE)
    reply = conversation.send_text("Where is my parcel?")
    print(f"sent: {reply.code}, request {reply.request_id}, attempt {reply.attempts}, {reply.body}")

    # Any event, with the id of the message in your own channel.
    event = {"type": "ContentEvent", "contentType": "text/plain", "message": "It is blue"}
    conversation.send_event(event, metadata=[{"type": "ExternalId", "id": "sms-0001"}])
    conversation.send_rich_content({"type": "text", "text": "Parcel 4711"})
    # What became of the agent's messages 1 and 2, whose numbers come with the webhook.
    conversation.send_accept_status(AcceptStatus.READ, [1, 2])

    # Files: from a path or from memory, with a preview, and told how far they are.
    conversation.set_progress(lambda done, total: print(f"  {done} of {total} bytes"))
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "parcel.png")
        photo.write_bytes(PICTURE)
        metadata = [{"type": "ExternalId", "id": "sms-0002"}]
        conversation.send_file(
            photo, caption="It looks like this", preview=photo, metadata=metadata
        )
        conversation.send_file_bytes(PICTURE, "PNG", caption="From memory", preview=PICTURE)
        if agent_file:
            conversation.download_file(agent_file, Path(folder, "from_the_agent.png"))
            print("fetched the agent's file")
    conversation.set_progress(None)

    conversation.set_profile({"privateData": {"mail": "jane@example.com"}})
    conversation.set_ttr(Ttr.PRIORITIZED)
    # An object for a conversation that was opened earlier, with what it was opened with.
    attached = consumer.attach(
        conversation.id,
        dialog_id=conversation.dialog_id,
        client_properties={"timeZone": "Europe/Athens"},
        features=[Feature.RICH_CONTENT, Feature.PHOTO_SHARING],
    )
    attached.send_text("Found it, thanks!")
    attached.close()
    attached.rate(5, resolved=True, status=CsatStatus.FILLED)


def raw(consumer: Consumer, account_id: str) -> None:
    # For whatever has no method: requests of your own, several to CONVERSATION or one to SEND.
    profile = {"kind": "req", "type": "userprofile.SetUserProfile", "body": {}}
    request = {"type": "cm.ConsumerRequestConversation", "body": {"brandId": account_id}}
    answers = consumer.batch_json([profile, {"kind": "req", **request}]).body
    consumer.send_json(profile)
    conversation = consumer.attach(answers[1]["body"]["conversationId"])
    # Closes one dialog, mostly a survey; with the last one the conversation ends.
    conversation.close_dialog(conversation.dialog_id)


async def many(consumer_id: str) -> None:
    # The same with asyncio: what blocks is a coroutine.
    async def greet(client: aio.Client, number: int) -> None:
        conversation = await client.consumer(f"{consumer_id} {number}").open()
        await conversation.send_text(f"Hello from task {number}")
        # All of it, without a survey.
        await conversation.close_stage()

    async with aio.Client.from_env(max_concurrency=8) as client:
        await asyncio.gather(*(greet(client, number) for number in range(10)))
    print("ten conversations at once")


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "", ""]
    try:
        main(arguments[0] or "Jane_Doe_sms4915112345678", arguments[1])
        asyncio.run(many("Jane_Doe"))
    except LpcError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if error.maybe_delivered:
            print("  it may have been delivered: do not simply send it again", file=sys.stderr)
        sys.exit(1)
