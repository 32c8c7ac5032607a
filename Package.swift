// swift-tools-version: 6.2
import PackageDescription

// Every target shares these. `Lifetimes` lets a property lend a Span.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

func module(
    _ name: String, path: String? = nil, imports: [Target.Dependency] = []
) -> Target {
    .target(name: name, dependencies: imports, path: path, swiftSettings: settings)
}

func tests(of name: String, also: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + also, swiftSettings: settings)
}

/// The modules that read what peers send: pure, and fuzzed.
let parsers: [Target.Dependency] = [
    "Bytes", "HTTP1", "WebSocket", "Codecs", "Rooms", "DialectKit", "OpenAPIRPC", "WAMP", "Crypto",
    "WAMPAuthentication", "Hub", "WAMPRouter", "Tokens", "Rohrpost",
    "PathExpressions", "Shampoo", "HighTemplar",
]

// Imports point one way: a target names only targets above it.
let package = Package(
    name: "carillon",
    products: [
        .library(name: "Carillon", targets: ["Carillon"]),
        .executable(name: "carillon", targets: ["CarillonServer"]),
        .executable(name: "carillon-load", targets: ["CarillonLoad"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // System headers and the few wrappers they need.
        .target(name: "CUring", linkerSettings: [.linkedLibrary("uring")]),
        .target(name: "CSystem"),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CArgon2", linkerSettings: [.linkedLibrary("argon2")]),
        .target(name: "CIDN", linkerSettings: [.linkedLibrary("idn")]),
        .target(name: "CPCRE2", linkerSettings: [.linkedLibrary("pcre2-8")]),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CRabbitMQ", linkerSettings: [.linkedLibrary("rabbitmq")]),
        .target(name: "CHiredis", linkerSettings: [.linkedLibrary("hiredis")]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Pure: octets and time in, values out.
        module("Bytes"),
        module("Lockfree"),
        module("HTTP1", imports: ["Bytes"]),
        module("WebSocket", imports: ["Bytes", "HTTP1", "CZlib"]),
        module("Codecs", imports: ["Bytes"]),
        module("Rooms", imports: ["Bytes"]),
        module("Hub", imports: ["Bytes", "Codecs", "Rooms"]),
        module("DialectKit", imports: ["Bytes", "Rooms", "Hub"]),
        module("Echo", path: "Sources/Dialects/Echo", imports: ["Bytes", "DialectKit"]),
        module(
            "OpenAPIRPC", path: "Sources/Dialects/OpenAPIRPC",
            imports: ["Bytes", "Rooms", "Hub", "DialectKit", "Codecs"]),
        module(
            "HighTemplar", path: "Sources/Dialects/HighTemplar",
            imports: ["Bytes", "Lockfree", "HTTP1", "Codecs", "Rooms", "Hub", "DialectKit"]),
        module(
            "WAMP", path: "Sources/Dialects/WAMP",
            imports: ["Bytes", "Codecs", "Rooms", "Hub", "DialectKit"]),
        module("Crypto", imports: ["COpenSSL", "Bytes"]),
        module("Tokens", imports: ["Bytes", "Codecs", "Crypto"]),
        module(
            "Rohrpost", path: "Sources/Dialects/Rohrpost",
            imports: ["Bytes", "Codecs", "Rooms", "Hub", "DialectKit", "Tokens"]),
        module(
            "WAMPAuthentication", path: "Sources/Dialects/WAMPAuthentication",
            imports: ["Bytes", "Codecs", "Crypto"]),
        module(
            "WAMPRouter", path: "Sources/Dialects/WAMPRouter",
            imports: [
                "Bytes", "Lockfree", "Codecs", "Rooms", "Hub", "DialectKit", "WAMP",
                "WAMPAuthentication",
            ]),
        module("PathExpressions", imports: ["CPCRE2"]),
        module(
            "Shampoo", path: "Sources/Dialects/Shampoo",
            imports: [
                "Bytes", "Lockfree", "Codecs", "Rooms", "Hub", "DialectKit", "PathExpressions",
            ]),
        // Questions to HTTP back ends about calls, connections, subscriptions and publications.
        module("Proxy", imports: ["Bytes", "Codecs", "Rooms", "Hub", "DialectKit"]),
        // Entries of principals and clients; routes and sessions never link it.
        module(
            "PasswordDerivation",
            imports: ["CArgon2", "CIDN", "Bytes", "Crypto", "WAMPAuthentication"]),
        module("Configuration"),
        module("Telemetry", imports: ["Bytes"]),
        module(
            "Measurement",
            imports: ["Bytes", .product(name: "Histogram", package: "hdrhistogram-swift")]),

        // The kernel line: what follows talks to the world.
        module("Uring", imports: ["CUring", "CSystem"]),
        module(
            "Engine",
            imports: [
                "CSystem", "Bytes", "Lockfree", "HTTP1", "WebSocket", "Rooms", "Hub", "DialectKit",
                "Telemetry", "Uring",
            ]),
        // Links to brokers, each on a thread of its own; they know no engine and no dialect.
        module(
            "LinkKit", path: "Sources/Links/LinkKit",
            imports: ["CSystem", "Bytes", "Lockfree", "Codecs", "Rooms", "Telemetry"]),
        module(
            "RabbitMQLink", path: "Sources/Links/RabbitMQLink",
            imports: ["CRabbitMQ", "CSystem", "Bytes", "Rooms", "Telemetry", "LinkKit"]),
        module(
            "RedisLink", path: "Sources/Links/RedisLink",
            imports: ["CHiredis", "CSystem", "Bytes", "Lockfree", "Rooms", "Telemetry", "LinkKit"]),
        module(
            "Control",
            imports: [
                "Bytes", "Lockfree", "HTTP1", "Codecs", "Rooms", "DialectKit", "Telemetry",
                "Engine",
            ]),
        module(
            "Carillon",
            imports: [
                "CSystem", "Bytes", "Lockfree", "Codecs", "WebSocket", "Rooms", "Hub", "DialectKit",
                "Uring", "Engine", "Echo", "OpenAPIRPC", "HighTemplar", "Rohrpost", "Shampoo",
                "WAMPRouter", "WAMPAuthentication", "Proxy",
            ]),
        // Links to other servers, each on a thread of its own.
        module(
            "HTTPLink", path: "Sources/Links/HTTPLink",
            imports: ["CCurl", "CSystem", "Bytes", "Lockfree", "DialectKit", "Telemetry"]),
        // The client side of WAMP on poll(2), for commands and tests.
        module(
            "WAMPClient", imports: ["Bytes", "Codecs", "HTTP1", "WebSocket", "Hub", "WAMP"]),
        .executableTarget(
            name: "CarillonServer",
            dependencies: [
                "CSystem", "Bytes", "Lockfree", "HTTP1", "WebSocket", "Codecs", "Rooms",
                "OpenAPIRPC", "Configuration", "Telemetry", "Uring", "Engine", "Control",
                "Carillon", "WAMP", "DialectKit", "HighTemplar", "Rohrpost", "Shampoo", "Tokens",
                "HTTPLink", "LinkKit", "RabbitMQLink", "RedisLink", "Proxy",
                "Hub", "Crypto", "PasswordDerivation", "WAMPClient", "WAMPRouter",
                "WAMPAuthentication",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "CarillonLoad",
            dependencies: [
                "CSystem", "Bytes", "Lockfree", "HTTP1", "WebSocket", "Codecs", "Hub", "WAMP",
                "Configuration", "Measurement", "Uring",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        // What the fuzzer calls; `swift test` replays Tests/Corpus through the same functions.
        .target(
            name: "FuzzTargets", dependencies: parsers, path: "Tools/Fuzz", exclude: ["seeds.py"],
            swiftSettings: settings),
        .testTarget(
            name: "CorpusTests", dependencies: ["FuzzTargets"], swiftSettings: settings),

        // Hot paths, one file each; the C part counts calls of malloc, so nothing else links it.
        .target(name: "CCounters", path: "Benchmarks/CCounters"),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "CCounters", "Bytes", "Lockfree", "HTTP1", "WebSocket", "Codecs", "Rooms",
                "DialectKit", "Telemetry", "Echo", "OpenAPIRPC", "HighTemplar",
                "WAMPAuthentication", "WAMPRouter", "Engine",
            ],
            path: "Benchmarks", exclude: ["CCounters"], swiftSettings: settings),

        // The client role, for the public WebSocket suite's fuzzing server.
        .executableTarget(
            name: "EchoClient", dependencies: ["CSystem", "Bytes", "HTTP1", "WebSocket"],
            path: "Tests/Conformance/EchoClient", swiftSettings: settings),

        tests(of: "Bytes"),
        tests(of: "Lockfree", also: ["Bytes"]),
        tests(of: "HTTP1", also: ["Bytes"]),
        tests(of: "WebSocket", also: ["Bytes", "HTTP1"]),
        tests(of: "Codecs", also: ["Bytes"]),
        tests(of: "Rooms", also: ["Bytes"]),
        tests(
            of: "OpenAPIRPC", also: ["Bytes", "Codecs", "DialectKit", "DialectTesting", "Rooms"]),
        tests(of: "PathExpressions"),
        tests(
            of: "Shampoo",
            also: [
                "Bytes", "Codecs", "DialectKit", "DialectTesting", "Hub", "PathExpressions",
                "Rooms",
            ]),
        tests(
            of: "HighTemplar",
            also: ["Bytes", "Codecs", "DialectKit", "DialectTesting", "Hub", "Rooms"]),
        tests(of: "Hub", also: ["Bytes", "Codecs", "Rooms"]),
        tests(of: "WAMP", also: ["Bytes", "Codecs", "DialectKit", "Hub", "Rooms"]),
        tests(of: "Crypto", also: ["Bytes"]),
        tests(of: "Tokens", also: ["Bytes", "Crypto"]),
        tests(
            of: "Rohrpost",
            also: [
                "Bytes", "Codecs", "Crypto", "DialectKit", "DialectTesting", "Hub", "Rooms",
                "Tokens",
            ]),
        tests(of: "WAMPAuthentication", also: ["Bytes", "Crypto"]),
        tests(
            of: "WAMPRouter",
            also: [
                "Bytes", "Codecs", "DialectKit", "Hub", "Lockfree", "Rooms", "WAMP",
                "WAMPAuthentication",
            ]),
        tests(of: "Proxy", also: ["Bytes", "Codecs", "DialectKit", "Hub", "Rooms"]),
        tests(of: "HTTPLink", also: ["Bytes", "CSystem", "DialectKit", "Lockfree", "Telemetry"]),
        tests(of: "WAMPClient", also: ["Bytes", "Codecs", "Hub", "WAMP", "WebSocket"]),
        tests(of: "PasswordDerivation", also: ["Bytes", "Crypto", "WAMPAuthentication"]),
        tests(of: "Configuration", also: ["Bytes"]),
        tests(of: "Telemetry", also: ["Bytes"]),
        tests(of: "Measurement", also: ["Bytes"]),
        tests(of: "Uring", also: ["Bytes"]),
        tests(
            of: "Engine",
            also: [
                "Bytes", "CSystem", "DialectKit", "Echo", "HTTP1", "Hub", "Lockfree", "OpenAPIRPC",
                "Rooms", "Telemetry", "Uring", "WebSocket",
            ]),
        tests(of: "LinkKit", also: ["Rooms", "Telemetry"]),
        tests(of: "RabbitMQLink", also: ["Bytes", "LinkKit", "Rooms", "Telemetry"]),
        tests(of: "RedisLink", also: ["LinkKit", "Rooms", "Telemetry"]),
        // Links to real brokers, driven by the tests that start those.
        .executableTarget(
            name: "LinkProbe",
            dependencies: [
                "Bytes", "LinkKit", "RabbitMQLink", "RedisLink", "Rooms", "Telemetry",
            ],
            path: "Tests/LinkProbe", swiftSettings: settings),
        tests(of: "Control", also: ["Bytes", "Carillon", "HTTP1", "Telemetry", "TestClients"]),
        tests(of: "Carillon", also: ["EmbeddedDaemon", "Engine", "TestClients"]),
        // Whole cores on a simulated ring and clock.
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Bytes", "Carillon", "Codecs", "DialectKit", "Echo", "Engine", "HighTemplar", "Hub",
                "HTTP1", "Lockfree", "OpenAPIRPC", "PathExpressions", "Proxy", "Rohrpost", "Rooms",
                "Shampoo", "Telemetry", "Uring", "WAMP", "WAMPAuthentication", "WAMPRouter",
                "WebSocket",
            ],
            swiftSettings: settings),
        tests(
            of: "CarillonServer",
            also: [
                "Bytes", "Configuration", "DialectKit", "Engine", "HighTemplar", "LinkKit",
                "Lockfree", "OpenAPIRPC", "Rooms", "Telemetry", "TestClients", "Uring",
                "WAMPClient", "WebSocket",
                .product(name: "Logging", package: "swift-log"),
            ]),

        tests(
            of: "CarillonLoad",
            also: ["Bytes", "Codecs", "HTTP1", "Hub", "WAMP", "Measurement"]),

        // What tests of dialects share.
        module(
            "DialectTesting", path: "Tests/DialectTesting",
            imports: ["Bytes", "Codecs", "DialectKit", "Hub", "Rooms"]),
        // What tests of running servers share, and a daemon that has the server in it.
        module(
            "TestClients", path: "Tests/TestClients", imports: ["Bytes", "HTTP1", "WebSocket"]),
        .executableTarget(
            name: "EmbeddedDaemon", dependencies: ["Carillon"], path: "Tests/Embedding",
            swiftSettings: settings),
    ]
)

// libFuzzer's runtime is linked only into the build that Tools/fuzz makes.
if Context.environment["FUZZING"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzDriver", dependencies: ["FuzzTargets"], path: "Tools/FuzzDriver",
            swiftSettings: settings))
}
