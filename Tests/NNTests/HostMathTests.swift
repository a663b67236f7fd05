// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Foundation
import Testing

@Suite("Functions of the host")
struct HostMathTests {
  /// e to 17 digits, its powers by Swift's own multiplication.
  @Test func exponentialIsWithinAFewUlps() {
    let e = 2.7182818284590452
    var expected = 1.0
    for n in 0..<40 {
      let found = HostMath.exponential(Double(n))
      #expect(abs(found - expected) <= 64 * expected.ulp, "e^\(n) = \(found), not \(expected)")
      #expect(abs(HostMath.exponential(-Double(n)) * expected - 1) < 1e-14, "e^−\(n)")
      expected *= e
    }
  }

  @Test func exponentialsAreThoseOfEachNumber() {
    for count in 0..<20 {
      let x = (0..<count).map { Double($0 * $0) * 1.7 - 90 }
      #expect(HostMath.exponentials(x) == x.map { HostMath.exponential($0) })
    }
    let special = [
      Double.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, 1e300, -1e300, 1,
    ]
    let found = HostMath.exponentials(special)
    #expect(found[0].isNaN)
    #expect(Array(found[1..<8]) == [.infinity, 0, 1, 1, 1, .infinity, 0])
  }

  /// By the C library's function, where the result is subnormal, and up to the largest.
  @Test func exponentialReachesBothEndsOfItsRange() {
    for x in [-745.1, -740, -709, -708.3, 708.9, 709.7] {
      let (found, expected) = (HostMath.exponential(x), exp(x))
      #expect(abs(found - expected) <= 4 * expected.ulp, "e^\(x) = \(found)")
    }
    #expect(HostMath.exponential(-746) == 0)
    #expect(HostMath.exponential(709.8) == .infinity)
  }

  /// A network that diverged has such outputs; its probabilities must not end the program.
  @Test func exponentialOfWhatIsNoNumberIsDefined() {
    #expect(HostMath.exponential(.nan).isNaN)
    #expect(HostMath.exponential(.infinity) == .infinity)
    #expect(HostMath.exponential(-.infinity) == 0)
  }
}
