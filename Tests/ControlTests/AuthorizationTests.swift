import Bytes
import TestClients
import Testing

@testable import Control

@Suite struct AuthorizationTests {
    private let body = #"{"room":"a","data":1}"#

    @Test("the key opens the API, and nothing else does")
    func key() throws {
        let server = try RunningServer(key: "s3cret-key", cores: 1)
        for value in ["Bearer s3cret-key", "bearer s3cret-key", "BEARER   s3cret-key"] {
            let answer = try server.publish(body, fields: ["Authorization: \(value)"])
            #expect(answer.status == 200, "\(value)")
        }
        let wrong = [
            "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cret-ke", "Bearer s3cret-key2",
            "Bearer s3cret-keys3cret-key", "Basic s3cret-key", "s3cret-key", "Bearers3cret-key",
            "Bearer s3cret-key s3cret-key",
        ]
        for value in wrong {
            let answer = try server.publish(body, fields: ["Authorization: \(value)"])
            #expect(answer.status == 401, "\(value)")
            #expect(answer.fields["www-authenticate"]?.hasPrefix("Bearer") == true)
        }
        #expect(try server.publish(body).status == 401)
        // A page may publish if it knows the key.
        let fromPage = ["Authorization: Bearer s3cret-key", "Origin: https://example.com"]
        #expect(try server.publish(body, fields: fromPage).status == 200)
    }

    @Test("a new key counts at once")
    func newKey() throws {
        let server = try RunningServer(key: "old", cores: 1)
        var settings = ControlSettings()
        settings.key = "new"
        server.handler.update(settings)
        #expect(try server.publish(body, fields: ["Authorization: Bearer old"]).status == 401)
        #expect(try server.publish(body, fields: ["Authorization: Bearer new"]).status == 200)
    }

    @Test("without a key the API is for programs on loopback, not for pages and not for the world")
    func keyless() throws {
        let loopback = try RunningServer(cores: 1)
        #expect(try loopback.publish(body).status == 200)
        let page = try loopback.publish(body, fields: ["Origin: https://example.com"])
        #expect(page.status == 403)
        #expect(page.body.contains("api.key"))
        // A proxy on this machine passes on what comes from elsewhere.
        for field in [
            "X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "X-Real-IP: 192.0.2.1",
            "Via: 1.1 proxy",
        ] {
            let passedOn = try loopback.publish(body, fields: [field])
            #expect(passedOn.status == 403 && passedOn.body.contains("api.key"), "\(field)")
        }

        let open = try RunningServer(cores: 1, host: "0.0.0.0")
        let refusal = try open.publish(body)
        #expect(refusal.status == 403)
        #expect(refusal.body.contains("api.key"))
    }

    @Test("keys are equal when all their octets are")
    func comparison() {
        let pairs: [(String, String, Bool)] = [
            ("", "", false), ("", "a", false), ("a", "", false), ("a", "a", true),
            ("aa", "a", false), ("a", "aa", false), ("ab", "aa", false), ("kéy", "kéy", true),
        ]
        for (given, key, isEqual) in pairs {
            let octets = Array(given.utf8)
            let result = unsafe Authorization.equalsInConstantTime(octets.span.bytes, key)
            #expect(result == isEqual, "\(given) and \(key)")
        }
    }
}
