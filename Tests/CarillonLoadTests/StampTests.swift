import Testing

@testable import CarillonLoad

@Suite struct StampTests {
}
