"""The shapes of dictionaries that calls take and give.

Of those that calls take, all members are optional unless a class says so. Names are those of the
wire. They belong to the service, which knows more of them: other members and values, in any
mapping, go out as they are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Optional, TypedDict, Union

from ._enums import AcceptStatus, ChatState, Feature, Gender, Ttr


class Date(TypedDict, total=False):
    """A calendar date."""

    day: int
    month: int
    """1 is January."""
    year: int


class Customer(TypedDict, total=False):
    """Customer info: what the business knows of the consumer."""

    cstatus: str
    """Status of the customer, for example ``cancelled``."""
    ctype: str
    """Type of the customer, for example ``vip``."""
    customerId: str
    balance: float
    currency: str
    socialId: str
    imei: str
    userName: str
    companySize: Union[int, str]
    companyBranch: str
    accountName: str
    role: str
    lastPaymentDate: Date
    registrationDate: Date
    loginStatus: Union[int, str]
    """Whether the customer is logged in: a text, or a number."""
    storeNumber: Union[int, str]
    storeZipCode: Union[int, str]


class Age(TypedDict, total=False):
    """Age in years, or birthday."""

    age: int
    year: int
    month: int
    """1 is January."""
    day: int


class Personal(TypedDict, total=False):
    """Personal info."""

    firstname: str
    lastname: str
    age: Age
    contacts: Sequence[Mapping[str, Any]]
    """Ways to reach the person: objects with ``email``, ``phone`` and more."""
    gender: Union[Gender, str]
    language: str
    """For example ``en-US``."""
    company: str


class SdeAuth(TypedDict, total=False):
    """How a consumer proved what an engagement attribute says."""

    amr: Sequence[str]
    """Methods of authentication, for example ``pwd``."""
    iss: str
    """Who says so."""


class CustomerSde(TypedDict, total=False):
    """Customer info as an engagement attribute."""

    type: Literal["ctmrinfo"]
    info: Union[Customer, Mapping[str, Any]]
    auth: Union[SdeAuth, Mapping[str, Any]]


class PersonalSde(TypedDict, total=False):
    """Personal info as an engagement attribute."""

    type: Literal["personal"]
    personal: Union[Personal, Mapping[str, Any]]
    auth: Union[SdeAuth, Mapping[str, Any]]


class AuthenticatedData(TypedDict, total=False):
    """Engagement attributes in the form of the wire."""

    lp_sdes: Sequence[Union[CustomerSde, PersonalSde, Mapping[str, Any]]]


class PushNotificationData(TypedDict, total=False):
    """Push notifications to the consumer's device."""

    serviceName: str
    certName: str
    token: str


class PrivateData(TypedDict, total=False):
    """How the consumer is reached."""

    mobileNum: str
    mail: str
    pushNotificationData: PushNotificationData


class Profile(TypedDict, total=False):
    """Who the consumer is, as the agent sees it."""

    authenticatedData: AuthenticatedData
    """Engagement attributes in the form of the wire; not together with the next two."""
    customer: Customer
    personal: Personal
    firstName: str
    lastName: str
    userId: str
    """The connector's own id of the user."""
    avatarUrl: str
    role: str
    backgndImgUri: str
    """URL of a background picture."""
    description: str
    privateData: PrivateData


class Campaign(TypedDict, total=False):
    """A campaign and an engagement of it."""

    campaignId: Union[str, int]
    engagementId: Union[str, int]


class ConversationContext(TypedDict, total=False):
    """Where in the brand's site the consumer comes from."""

    visitorId: Union[str, int]
    sessionId: Union[str, int]
    interactionContextId: Union[str, int]
    type: str
    """What kind of context it is; ``SharkContext`` where nothing is said."""
    lang: str
    """For example ``en-US``."""


class ClientProperties(TypedDict, total=False):
    """What the connector says about itself and its channel."""

    appId: str
    appVersion: str
    deviceFamily: str
    """``DESKTOP``, ``TABLET``, ``MOBILE`` or ``OTHER``."""
    deviceManufacture: str
    """Who made the device."""
    deviceModel: str
    os: str
    """``WINDOWS``, ``LINUX``, ``OSX``, ``ANDROID``, ``IOS`` or ``OTHER``."""
    osName: str
    osVersion: str
    browser: str
    browserVersion: str
    integration: str
    """How the channel is integrated: ``WEB_SDK``, ``MOBILE_SDK`` or ``BRAND_SDK``."""
    integrationVersion: str
    timeZone: str
    """For example ``Europe/Athens``."""
    ipAddress: str
    features: Sequence[Union[Feature, str]]


class ExternalId(TypedDict):
    """Metadata: the id of the message in the connector's own channel; both members are needed."""

    type: Literal["ExternalId"]
    id: str
    """The service takes 1 to 64 characters."""


Metadata = Union[ExternalId, Mapping[str, Any]]
"""What an event carries beside its content: an object, mostly with a ``type``."""


class Opening(TypedDict, total=False):
    """How a connector opens a conversation: what ``Consumer.open`` takes, with the names of the wire,
    but without a first message. Other members are refused."""

    profile: Union[Profile, Mapping[str, Any]]
    campaign: Union[Campaign, Mapping[str, Any]]
    context: Union[ConversationContext, Mapping[str, Any]]
    skillId: Union[str, int]
    ttr: Union[Ttr, str]
    clientProperties: Union[ClientProperties, Mapping[str, Any]]
    features: Sequence[Union[Feature, str]]


class Action(TypedDict, total=False):
    """What ``Connector.submit`` takes: one thing to do for a consumer, and what goes with it. Other
    members are refused."""

    text: str
    """Sends a text; with ``metadata`` and ``open``."""
    richContent: Mapping[str, Any]
    """Sends rich content: cards, buttons, carousels and so on, in the vendor's format; with
    ``metadata`` and ``open``."""
    event: Mapping[str, Any]
    """Sends any event; with ``metadata`` and ``open``."""
    file: str
    """Sends the file with this path, which is copied into the store at once, so that it may go; with
    ``caption``, ``previewPath``, ``metadata`` and ``open``."""
    chatState: Union[ChatState, str]
    """Tells the agent what the consumer is doing. Dropped where it cannot go out at once."""
    acceptStatus: Union[AcceptStatus, str]
    """Tells the agent what became of the messages with these ``sequences``; with ``metadata`` and
    ``dialogId``."""
    profile: Union[Profile, Mapping[str, Any]]
    """Sets the consumer's profile."""
    rate: int
    """Rates the conversation with 1 to 5 stars; with ``resolved``."""
    ttr: Union[Ttr, str]
    """Says how urgent the conversation is."""
    close: Literal[True]
    """Closes the conversation."""
    metadata: Sequence[Metadata]
    """What the message carries beside its content."""
    open: Union[Opening, Mapping[str, Any]]
    """How a conversation is opened, where there is none; otherwise ``connector_open`` says that."""
    caption: str
    """The text beside a file."""
    previewPath: str
    """The path of a small picture in a file's place."""
    sequences: Sequence[int]
    """The sequences of the messages that an ``acceptStatus`` is about."""
    dialogId: str
    """The dialog of these messages; the one in which the consumer is, where it is not given."""
    resolved: bool
    """Whether the consumer's matter is resolved."""


class Bucket(TypedDict):
    """One bucket of ``Latency``."""

    up_to: Optional[int]
    """Milliseconds, the bound included; ``None`` is without bound."""
    count: int
    """Attempts in this bucket and those before it."""


class Latency(TypedDict):
    """How long attempts took, as a histogram."""

    count: int
    """Attempts counted."""
    sum: int
    """Their times together, in milliseconds."""
    buckets: list[Bucket]
    """How many of them took up to so many milliseconds, with rising bounds; the last bucket holds
    all of them."""


class OperationCount(TypedDict):
    """Requests of one kind with one outcome."""

    operation: str
    """What they were for: ``domain``, ``token``, ``keys``, ``consumer``, ``conversation``, ``send``
    or ``storage``."""
    status: str
    """``OK``, or the name of a ``Status``. An answer with an HTTP status of 2xx is ``OK``, whatever
    it says."""
    requests: int
    """Attempts counted."""


class RefusedCount(TypedDict):
    """Requests that a receiver, or a connector's endpoint, refused with one HTTP status."""

    status: int
    """The HTTP status, for example 401."""
    requests: int
    """Requests counted."""


class ReceiverStats(TypedDict):
    """What a receiver has done since it was made, and what it holds now."""

    taken: int
    """Notifications taken for the program, without duplicates, and without what an earlier process
    left in ``receiver_store``. With ``receiver_ack="manual"`` and no store, what comes again after a
    503 is taken again: it counts here again, and not as a duplicate."""
    duplicates: int
    """Notifications that came again, and were dropped."""
    refused: list[RefusedCount]
    """Requests that were refused, by HTTP status, without those that never happened. Checks of
    health do not count, nor does what is no HTTP."""
    given_out: int
    """Notifications given to the program, those included that it was given again."""
    acknowledged: int
    """Acknowledgements of the program."""
    queued: int
    """Notifications that wait for the program now."""
    in_flight: int
    """Those that it has now, and must still acknowledge."""
    held: int
    """Those held back now, until what is missing in front of them comes (``receiver_order``)."""
    oldest_ms: int
    """How long the oldest of these has been here, in milliseconds; 0 if there is none. What an
    earlier process left counts from when this receiver was made."""
    connections_open: int
    """Connections now."""
    connections_evicted: int
    """Connections that were ended because another one needed the place."""
    bytes_received: int
    """Bytes read from connections, TLS included."""
    store_failures: int
    """Notifications that ``receiver_store`` failed to keep."""


class ConnectorStats(TypedDict):
    """What a connector has done since it was made, and what it holds now."""

    waiting: int
    """Actions that wait to be sent now, those that are being sent included."""
    oldest_ms: int
    """How long the oldest of those that go next has waited, in milliseconds; 0 if none waits."""
    updates_waiting: int
    """Updates that wait for the program now, those included that it must still acknowledge."""
    updates_out: int
    """Those of them that the program has now."""
    consumers: int
    """Consumers that are known."""
    conversations: int
    """Consumers with an open conversation."""
    workers: int
    """Threads that send now."""
    submitted: int
    """Actions taken, without those that came again."""
    repeated_keys: int
    """Actions that came again with a key that was known, and were not sent twice."""
    sent: int
    """Actions sent."""
    failed: int
    """Actions that were not sent and never will be."""
    put_off: int
    """Attempts after which an action had to wait."""
    repeated: int
    """Messages sent again although nobody knew whether they had arrived."""
    settled_by_echo: int
    """Messages of which only the service's own word told that they arrived."""
    opened: int
    """Conversations opened."""
    closed: int
    """Conversations of which the service told that they are over."""
    received: int
    """Notifications that came."""
    duplicates: int
    """Events that came again, and were dropped."""
    foreign: int
    """Events of conversations that this connector did not open, and were dropped."""
    given_out: int
    """Updates given to the program, those included that it was given again."""
    acknowledged: int
    """Acknowledgements of the program."""
    refused: list[RefusedCount]
    """Requests that its endpoint refused, by HTTP status."""
    connections_open: int
    """Connections to its endpoint now."""
    store_failures: int
    """What ``connector_store`` failed to keep."""
    latency_ms: Latency
    """How long actions took from when they were submitted until they were sent."""
    client: Stats
    """What its client has done, as from ``Client.stats()``."""


class Stats(TypedDict):
    """What a client has done so far, in this process."""

    requests: int
    """HTTP requests tried, each attempt counted."""
    retries: int
    """Those among them that were another attempt of the same request."""
    failures: int
    """Requests that failed for good."""
    token_refreshes: int
    """AppJWTs obtained."""
    connections_opened: int
    """Connections made, those to a proxy included."""
    bytes_sent: int
    """Bytes written to connections, TLS included."""
    bytes_received: int
    """Bytes read from connections, TLS included."""
    latency_ms: Latency
    """How long attempts took."""
    operations: list[OperationCount]
    """The requests by what they were for and what came of them, without those that never
    happened."""
