import Bytes
import Testing
import WebSocket

/// The response header value for the offers of one header value, or `nil` without agreement.
private func answer(_ offers: String, _ settings: DeflateSettings = DeflateSettings()) -> String? {
    let octets = Array(offers.utf8)
    guard
        let agreement = unsafe DeflateAgreement.accept(
            offers: octets.span.bytes, settings: settings)
    else { return nil }
    var buffer = OctetBuffer()
    agreement.writeResponse(into: &buffer)
    return buffer.octets.text
}

private let base = "permessage-deflate; server_no_context_takeover"

@Suite("negotiating permessage-deflate")
struct DeflateAgreementTests {
    @Test("answers each valid offer with what differs from the defaults")
    func valid() {
        let cases = [
            ("permessage-deflate", base),
            ("PerMessage-Deflate", base),
            ("permessage-deflate; server_no_context_takeover", base),
            (
                "permessage-deflate;client_no_context_takeover",
                base + "; client_no_context_takeover"
            ),
            ("permessage-deflate; client_max_window_bits", base),
            ("permessage-deflate; client_max_window_bits=15", base),
            ("permessage-deflate; client_max_window_bits=10", base + "; client_max_window_bits=10"),
            ("permessage-deflate; client_max_window_bits=8", base + "; client_max_window_bits=8"),
            ("permessage-deflate; server_max_window_bits=15", base),
            ("permessage-deflate; server_max_window_bits=9", base + "; server_max_window_bits=9"),
            (
                "permessage-deflate ; server_max_window_bits = \"12\" ; client_max_window_bits",
                base + "; server_max_window_bits=12"
            ),
        ]
        for (offer, expected) in cases { #expect(answer(offer) == expected, "\(offer)") }
    }

    @Test("declines what is unknown, repeated, malformed or beyond us")
    func invalid() {
        let parameters = [
            "x", "x=1", "server_no_context_takeover=1", "client_no_context_takeover=true",
            "server_no_context_takeover; server_no_context_takeover",
            "client_no_context_takeover; client_no_context_takeover",
            "server_max_window_bits", "server_max_window_bits=8", "server_max_window_bits=7",
            "server_max_window_bits=16", "server_max_window_bits=010", "server_max_window_bits=09",
            "server_max_window_bits=1x", "server_max_window_bits=+9", "server_max_window_bits=100",
            "server_max_window_bits=10; server_max_window_bits=10", "server_max_window_bits=",
            "client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=0",
            "client_max_window_bits=08", "client_max_window_bits=A", "client_max_window_bits=1:",
            "client_max_window_bits; client_max_window_bits", "client_max_window_bits=\"\"",
            "client_max_window_bits=\"10", "client_max_window_bits=10\"", "", "=", "a b", ";",
        ]
        for parameter in parameters {
            #expect(answer("permessage-deflate; " + parameter) == nil, "\(parameter)")
        }
        for list in [
            "", ",", "permessage", "x-webkit-deflate-frame", "permessage-deflate2", "\"\"",
        ] {
            #expect(answer(list) == nil, "\(list)")
        }
    }

    @Test("takes the first acceptable offer of several")
    func preference() {
        #expect(
            answer("permessage-deflate; server_max_window_bits=8, permessage-deflate") == base)
        #expect(
            answer(
                "foo; bar=1, permessage-deflate; client_max_window_bits=11, permessage-deflate")
                == base + "; client_max_window_bits=11")
        #expect(
            answer(
                ", permessage-deflate; what=\"x\" , permessage-deflate; server_max_window_bits=10")
                == base + "; server_max_window_bits=10")
        // Behind broken grammar nothing can be told apart.
        #expect(answer("permessage-deflate; =, permessage-deflate") == nil)
    }

    @Test("asks for what the settings want")
    func settings() {
        #expect(
            answer("permessage-deflate", DeflateSettings(demandsClientNoContextTakeover: true))
                == base + "; client_no_context_takeover")
        let small = DeflateSettings(serverWindowBits: 11, clientWindowBits: 10)
        #expect(answer("permessage-deflate", small) == base + "; server_max_window_bits=11")
        #expect(
            answer("permessage-deflate; client_max_window_bits", small)
                == base + "; server_max_window_bits=11; client_max_window_bits=10")
        #expect(
            answer("permessage-deflate; server_max_window_bits=10; client_max_window_bits=9", small)
                == base + "; server_max_window_bits=10; client_max_window_bits=9")
    }

    @Test("lets a client check the answer against its offer")
    func responses() {
        func agreement(_ text: String, _ offer: DeflateOffer = DeflateOffer()) -> DeflateAgreement?
        {
            let octets = Array(text.utf8)
            return unsafe offer.agreement(response: octets.span.bytes)
        }
        #expect(agreement("permessage-deflate")?.serverNoContextTakeover == false)
        #expect(agreement("permessage-deflate; client_max_window_bits=9")?.clientWindowBits == 9)
        #expect(agreement("permessage-deflate; server_max_window_bits=8")?.serverWindowBits == 8)
        for text in [
            "permessage-deflate; client_max_window_bits", "permessage-deflate, x", "x",
            "permessage-deflate; server_max_window_bits", "permessage-deflate; x",
            "permessage-deflate, permessage-deflate", "permessage-deflate;", "",
        ] {
            #expect(agreement(text) == nil, "\(text)")
        }
        let strict = DeflateOffer(serverNoContextTakeover: true, serverWindowBits: 10)
        #expect(agreement("permessage-deflate", strict) == nil)
        #expect(agreement("permessage-deflate; server_no_context_takeover", strict) == nil)
        #expect(
            agreement(
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=11", strict)
                == nil)
        #expect(
            agreement(
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=10", strict)
                == DeflateAgreement(serverWindowBits: 10))
    }

    @Test("an offer and our own answer always fit")
    func bothSides() {
        for server in 8...15 {
            for client in 9...15 {
                for flags in 0..<4 {
                    let offer = DeflateOffer(
                        serverNoContextTakeover: flags & 1 != 0,
                        clientNoContextTakeover: flags & 2 != 0, serverWindowBits: server,
                        clientWindowBits: client)
                    var text = OctetBuffer()
                    offer.write(into: &text)
                    let agreement = DeflateAgreement.accept(
                        offers: text.octets, settings: DeflateSettings(clientWindowBits: 12))
                    guard let agreement else {
                        #expect(server == 8)
                        continue
                    }
                    var response = OctetBuffer()
                    agreement.writeResponse(into: &response)
                    #expect(offer.agreement(response: response.octets) == agreement)
                }
            }
        }
    }
}
