// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
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

  /// A network that diverged has such outputs; its probabilities must not end the program.
  @Test func exponentialOfWhatIsNoNumberIsDefined() {
    #expect(HostMath.exponential(.nan).isNaN)
    #expect(HostMath.exponential(.infinity) == .infinity)
    #expect(HostMath.exponential(-.infinity) == 0)
  }
}
