// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import Testing

/// Every loss with operands that do not fit.
@Suite("Losses refuse what does not fit")
struct LossShapeTests {
  static let four = Tensor.zeros([4, 3])
  static let column = Tensor.zeros([4, 1])
  static let labels = Tensor.range(5)

  static let misfits: [(name: String, loss: Loss)] = [
    ("squaredError", squaredError(four, column)),
    ("absoluteError", absoluteError(four, column)),
    ("huberLoss", huberLoss(four, column)),
    ("smoothAbsoluteError", smoothAbsoluteError(four, column)),
    ("logCoshLoss", logCoshLoss(four, column)),
    ("quantileLoss", quantileLoss(four, column, quantile: 0.5)),
    ("poissonLoss", poissonLoss(four, column)),
    ("crossEntropy", crossEntropy(four, labels)),
    ("crossEntropy", crossEntropy(Tensor(1), labels)),
    ("negativeLogLikelihood", negativeLogLikelihood(four, labels)),
    ("negativeLogLikelihood", negativeLogLikelihood(four, four)),
    ("focalLoss", focalLoss(four, labels)),
    ("focalLoss", focalLoss(four, four)),
    ("binaryCrossEntropy", binaryCrossEntropy(four, column)),
    ("binaryCrossEntropy", binaryCrossEntropy(four, four, weights: column)),
    ("binaryFocalLoss", binaryFocalLoss(four, column)),
    ("hingeLoss", hingeLoss(four, column)),
    ("classHingeLoss", classHingeLoss(four, labels)),
    ("rankingLoss", rankingLoss(four, column, four)),
    ("rankingLoss", rankingLoss(four, four, column)),
    ("tripletLoss", tripletLoss(four, four, column)),
    ("tripletLoss", tripletLoss(Tensor(1), Tensor(2), Tensor(3))),
    ("cosineDistance", cosineDistance(four, column)),
    ("cosineDistance", cosineDistance(Tensor(1), Tensor(2))),
    ("cosineEmbeddingLoss", cosineEmbeddingLoss(four, four, column)),
    ("klDivergence", klDivergence(four, column)),
  ]

  @Test(arguments: 0..<misfits.count)
  func namesItselfAndWhatWouldFit(_ place: Int) throws {
    let (name, loss) = LossShapeTests.misfits[place]
    let failure = try #require(loss.mean.failure, "\(name) computes something")
    #expect(failure.operation == name)
    #expect(!failure.rule.isEmpty && !failure.hint.isEmpty, "\(name): \(failure)")
  }
}
