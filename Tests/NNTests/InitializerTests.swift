// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Initializers")
struct InitializerTests {
  /// A weight of 300 outputs by 200 inputs, and its mean and standard deviation.
  private func draw(_ initializer: Initializer) throws -> (
    values: [Float], mean: Double, deviation: Double
  ) {
    let values = try initializer([300, 200], key: RandomKey(seed: 3)).array()
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let square = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (values, mean, (square / Double(values.count)).squareRoot())
  }

  private static let formulas: [(Initializer, Double)] = [
    (.glorotUniform(), root(2, 500)), (.glorotNormal(), root(2, 500)),
    (.glorotNormal(gain: 3), 3 * root(2, 500)), (.heUniform(), root(2, 200)),
    (.heNormal(), root(2, 200)), (.leCunUniform, root(1, 200)), (.leCunNormal, root(1, 200)),
    (.linear, root(1, 600)), (.uniform(0.6), 0.6 * root(1, 3)),
    (.normal(standardDeviation: 0.02), 0.02),
    // Cut at two deviations: √(1 − 4 φ(2)/(2 Φ(2) − 1)) = 0.8796 of one is left.
    (.truncatedNormal(standardDeviation: 0.5), 0.5 * 0.87962566),
    // 200 orthonormal vectors of 300 elements: the mean square is 1/300.
    (.orthogonal(), root(1, 300)),
  ]
  private static func root(_ a: Double, _ b: Double) -> Double { (a / b).squareRoot() }

  /// 60,000 draws: the deviation is right within 1 %, the mean within 2 % of a deviation.
  @Test(arguments: 0..<formulas.count)
  func hasTheDeviationOfItsFormula(_ place: Int) throws {
    let (initializer, deviation) = InitializerTests.formulas[place]
    let drawn = try draw(initializer)
    #expect(
      abs(drawn.deviation / deviation - 1) < 0.01,
      "\(initializer.name): \(drawn.deviation) instead of \(deviation)")
    #expect(abs(drawn.mean) < 0.02 * deviation, "\(initializer.name): mean \(drawn.mean)")
  }

  @Test func uniformStaysWithinItsBound() throws {
    let values = try draw(.uniform(0.6)).values
    #expect(values.allSatisfy { abs($0) <= 0.6 })
    #expect(values.contains { $0 > 0.59 } && values.contains { $0 < -0.59 })
  }

  @Test func truncatedNormalHasNothingBeyondTwoDeviations() throws {
    let values = try draw(.truncatedNormal(standardDeviation: 0.5)).values
    #expect(values.allSatisfy { abs($0) <= 1.000001 })
  }

  @Test(arguments: [[300, 200], [200, 300], [5, 5], [1, 7], [64, 3, 3, 8]])
  func orthogonalVectorsAreOrthonormal(_ sizes: [Int]) throws {
    let drawn = Initializer.orthogonal(gain: 2)(Shape(sizes), key: RandomKey(seed: 1))
    let w = drawn.reshaped(to: [-1, sizes.last ?? 1])
    let isWide = w.shape[0] < w.shape[1]
    let gram = isWide ? matmul(w, w.transposed()) : matmul(w.transposed(), w)
    let distance = try (gram - Tensor.eye(gram.shape[0]) * 4).absolute().max().scalar()
    #expect(distance < 2e-5, "\(sizes): the Gram matrix is off by \(distance)")
  }

  @Test func constantsAreConstant() throws {
    let key = RandomKey(seed: 0)
    #expect(try Initializer.zeros([2], key: key).array() == [0, 0])
    #expect(try Initializer.ones([2], key: key).array() == [1, 1])
    #expect(try Initializer.constant(-0.5)([2], key: key).array() == [-0.5, -0.5])
    #expect(try Initializer.given(Tensor([3, 4]))([2], key: key).array() == [3, 4])
  }
}
