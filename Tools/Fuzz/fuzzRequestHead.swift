// Fuzz target: request heads, their bodies, response heads and the opening handshake (RFC 9112,
// RFC 6455 §4).

import Bytes
import HTTP1
import WebSocket

/// Checks that a head is read the same whole and cut, that all it says lies inside its octets, and
/// that nothing later in the handshake traps on it.
package func fuzzRequestHead(_ bytes: UnsafeRawBufferPointer) {
    let limits = HeadLimits(
        startLineSize: 200, headerLineSize: 300, headersSize: 700, headerCount: 12)
    let octets = unsafe Array(bytes)
    let span = unsafe octets.span.bytes
    var whole: RequestHead?
    var failure: HeadError?
    do throws(HeadError) { whole = try RequestHead.parse(span, limits: limits) } catch {
        failure = error
        precondition((400..<600).contains(error.status))
    }
    let seed = unsafe checksum(bytes)
    for round: UInt64 in 0..<3 {
        var cutter = Cutter(seed: seed &+ round)
        var head = RequestHead()
        var end = 0
        var isComplete = false
        var refusal: HeadError?
        while end < octets.count && !isComplete && refusal == nil {
            end += cutter.next(atMost: octets.count - end)
            do throws(HeadError) {
                isComplete = try head.resume(span.extracting(0..<end), limits: limits)
            } catch {
                refusal = error
            }
        }
        precondition(refusal == failure, "cuts change the refusal")
        precondition(isComplete == (whole != nil), "cuts change the verdict")
        if let whole {
            precondition(head.headSize == whole.headSize && head.fields == whole.fields)
            precondition(head.bodyLength == whole.bodyLength && head.pathRange == whole.pathRange)
        }
    }
    if let whole { use(whole, octets, seed) }
    if let response = try? ResponseHead.parse(span, limits: limits) {
        precondition(response.headSize <= octets.count && response.status >= 100)
        let handshake = ClientHandshake(random: (seed, seed), deflate: DeflateOffer())
        _ = try? handshake.check(response, in: span)
    }
}

private func use(_ head: RequestHead, _ octets: [UInt8], _ seed: UInt64) {
    let span = unsafe octets.span.bytes
    precondition(head.headSize <= octets.count)
    for range in [head.methodRange, head.targetRange, head.pathRange, head.queryRange] {
        precondition(range.upperBound <= head.headSize)
    }
    for field in head.fields {
        precondition(field.nameRange.upperBound < field.valueRange.lowerBound + 1)
        precondition(field.valueRange.upperBound + 2 <= head.headSize)
        precondition(Grammar.isToken(span.extracting(field.nameRange)))
        precondition(Grammar.isFieldValue(span.extracting(field.valueRange)))
    }
    _ = head.path(in: span)
    _ = UpgradeRequest.subprotocols(of: head, in: span)
    if let origins = OriginList(["https://example.org"]),
        let upgrade = try? UpgradeRequest.check(head, in: span, origins: origins)
    {
        var answer = OctetBuffer()
        upgrade.writeResponse(into: &answer)
        precondition((try? ResponseHead.parse(answer.octets))??.status == 101)
    }
    readBody(head, octets, seed)
}

/// The body, whole and cut.
private func readBody(_ head: RequestHead, _ octets: [UInt8], _ seed: UInt64) {
    var results: [[UInt8]?] = []
    for round: UInt64 in 0..<2 {
        var cutter = Cutter(seed: seed &+ round)
        var body = OctetBuffer()
        var start = head.headSize
        var result: [UInt8]?
        do throws(HeadError) {
            var decoder = try BodyDecoder(head.bodyLength, limit: 500)
            while start < octets.count && !decoder.isComplete {
                let rest = octets.count - start
                let size = round == 0 ? rest : cutter.next(atMost: rest)
                var offset = 0
                _ = try unsafe decoder.decode(
                    octets.span.bytes.extracting(start..<start + size), offset: &offset,
                    into: &body)
                precondition(offset == size || decoder.isComplete)
                start += offset
            }
            precondition(body.count <= 500)
            result = body.octets.array
        } catch {
            result = nil
        }
        results.append(result)
    }
    precondition(results[0] == results[1], "cuts change the body")
}
