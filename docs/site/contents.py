"""What the site has, in the order of its menu."""

# The first page is README.md. A name without an ending is made by the build.
PAGES = {
    "Begin": [
        "docs/concepts.md",
        "docs/install.md",
        "docs/connector.md",
        "docs/account.md",
        "docs/lpc.md",
        "examples/README.md",
        "tests/sandbox/README.md",
        "docs/console.md",
        "docs/migration.md",
    ],
    "Run it": [
        "docs/receiving.md",
        "docs/errors.md",
        "docs/operating.md",
        "docs/fleet.md",
        "docs/threads.md",
        "CONFIGURATION.md",
    ],
    "Look it up": [
        "reference/c/index",
        "reference/cpp/index",
        "reference/python/index",
        "bindings/python/README.md",
        "reference/rust",
        "docs/handles.md",
        "docs/capabilities.md",
        "docs/platforms.md",
        "BENCHMARKS.md",
    ],
    "Behind it": [
        "docs/README.md",
        "docs/releases.md",
        "docs/field-notes.md",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "tests/vectors/README.md",
        "tests/strangers/README.md",
    ],
}

# What they are called there, where their own title says too little beside the others.
TITLES = {
    "examples/README.md": "Examples",
    "tests/sandbox/README.md": "The sandbox",
    "bindings/python/README.md": "Python, a guide",
    "docs/README.md": "All of it, by task",
    "tests/vectors/README.md": "Test vectors",
    "tests/strangers/README.md": "Strangers' clients",
    "CONFIGURATION.md": "Options",
    "docs/migration.md": "From curl or libcurl",
    "docs/concepts.md": "Concepts",
    "docs/receiving.md": "Receiving",
    "docs/operating.md": "Operating",
    "docs/handles.md": "The parts beneath",
    "docs/capabilities.md": "Capabilities",
    "docs/platforms.md": "Platforms",
    "reference/c/index": "C",
    "reference/cpp/index": "C++",
    "reference/python/index": "Python",
    "reference/rust": "Rust",
}

# A page for each class, and what a class comes with.
CPP = [
    "Connector",
    "Update",
    "Event",
    "Events",
    "Notification",
    "Config",
    "Client",
    "Consumer",
    "Conversation",
    "Response",
    "Receiver",
]
PYTHON = {
    "Connector": ["Connector", "Update", "Action", "Opening", "ConnectorStats"],
    "Client": ["Client", "Stats", "OperationCount", "Latency", "Bucket"],
    "Consumer": ["Consumer"],
    "Conversation": ["Conversation"],
    "Response": ["Response"],
    "Receiver": ["Receiver", "ReceiverStats", "RefusedCount"],
    "Notifications": ["verify_webhook", "parse_notification", "Notification", "NotificationEvent"],
}
