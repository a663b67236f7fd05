// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("What layers and losses say when shapes do not fit")
struct ErrorTests {
  @Test func linearNamesItsPlaceInTheModel() {
    let model = Sequential(Linear(4, 512), Activation.relu, Linear(784, 128))
    struct Net: Module { let body: Sequential }
    Net(body: model).initialize(seed: 0)
    #expect(
      model(.zeros([32, 4])).failure?.description == """
        linear of [32, 512] and [128, 784]: the last axis must have 784 features, not 512.
          in model.body.2 (Linear 784→128)
          hint: the layer before makes 512 features; this weight expects 784
        """)
  }

  @Test func firstFailureIsKept() {
    let model = MLP([3, 4, 2])
    model.initialize(seed: 0)
    #expect(
      model(.zeros([5, 7])).failure?.description == """
        linear of [5, 7] and [4, 3]: the last axis must have 3 features, not 7.
          in model.hidden.0.linear (Linear 3→4)
          hint: the layer before makes 7 features; this weight expects 3
        """)
  }

  @Test func gradientOfAFailedLossThrows() {
    let model = MLP([3, 4, 2])
    #expect(throws: ShapeError.self) {
      try valueAndGradient(of: model) { crossEntropy(model(.zeros([5, 7])), .range(5)) }
    }
  }

  @Test func batchNormRefusesABatchOfOne() {
    let layer = BatchNorm(3)
    layer.initialize(seed: 0)
    let failure = Context.training(seed: 0, step: 0) { layer(.zeros([1, 3])) }.failure
    #expect(
      failure?.description == """
        batchNorm of [1, 3]: in training there must be more than one value for each channel, not 1.
          in model (BatchNorm 3)
          hint: use a larger batch, or drop a last batch of one sample
        """)
  }

  @Test func embeddingRefusesFloats() {
    let layer = Embedding(5, 2)
    layer.initialize(seed: 0)
    #expect(
      layer(.zeros([3])).failure?.description == """
        embedding of [3] and [5, 2]: indices must be integers with at most 7 axes, not float32.
          in model (Embedding 5→2)
          hint: cast them to int32
        """)
  }

  /// Which rows there are is not known before they are looked up.
  @Test(arguments: [-1, 5, .max, .min] as [Int32])
  func embeddingRefusesWhatItHasNoRowFor(index: Int32) {
    let layer = Embedding(5, 2)
    layer.initialize(seed: 0)
    let indices = Tensor([0, index, 4] as [Int32])
    let error = #expect(throws: RuntimeError.self) { try layer(indices).array() }
    #expect("\(error.map { "\($0)" } ?? "")".contains("\(index)"), "\(String(describing: error))")
    #expect(throws: RuntimeError.self) {
      let (_, gradients) = try valueAndGradient(of: layer) { layer(indices).sum() }
      try evaluate(try #require(gradients[layer.weight]))
    }
  }

  @Test func layerNormNamesItsShape() {
    #expect(
      LayerNorm(6)(.zeros([2, 5])).failure?.description == """
        layerNorm of [2, 5]: the input must be floating-point and end in the axes [6].
          in model (LayerNorm [6])
          hint: this layer was made for [6]
        """)
  }

  @Test(arguments: [
    (
      squaredError(.zeros([32, 1]), .zeros([32])),
      """
      squaredError of [32, 1] and [32]: prediction and target must have the same shape.
        hint: reshape the target to [32, 1]; a loss never broadcasts
      """
    ),
    (
      crossEntropy(.zeros([32, 10]), Tensor.range(32).expanded(at: 1)),
      """
      crossEntropy of [32, 10] and [32, 1]: the labels must be [32], one class for each row.
        hint: reshape them: labels.reshaped(to: [32])
      """
    ),
    (
      crossEntropy(.zeros([32, 10]), .zeros([32])),
      """
      crossEntropy of [32, 10] and [32]: a floating-point target holds a probability for each class.
        hint: for one class for each row give int32 labels [32]
      """
    ),
    (
      crossEntropy(.zeros([4, 3]), .range(4), weights: .ones([4])),
      """
      crossEntropy of [4, 3] and [4]: there must be one weight for each class.
        hint: the weights must be [3]
      """
    ),
    (
      binaryCrossEntropy(.zeros([4, 3]), .zeros([4, 3]), positiveWeight: .ones([4])),
      """
      binaryCrossEntropy of [4, 3] and [4]: the positive weight must be a scalar or one number for \
      each position of the last axis.
        hint: the positive weight must be [] or [3]
      """
    ),
  ])
  func lossSaysWhatWouldFit(_ loss: Loss, _ text: String) {
    #expect(loss.mean.failure?.description == text)
  }

  @Test func labelOutsideTheClassesGivesNaN() throws {
    let logits = Tensor.zeros([3, 2])
    let labels = Tensor([0, 2, -100] as [Int32])
    #expect(try crossEntropy(logits, labels).mean.scalar().isNaN)
    let ignoring = crossEntropy(logits[0..<2], Tensor([1, -100] as [Int32]), ignoring: -100)
    #expect(try abs(ignoring.mean.scalar() - 0.6931472) < 1e-6)
    for loss in [negativeLogLikelihood, { focalLoss($0, $1) }] as [(Tensor, Tensor) -> Loss] {
      for wrong in [2, -1] as [Int32] {
        #expect(try loss(logits, Tensor([0, wrong, 1] as [Int32])).mean.scalar().isNaN)
      }
      #expect(try loss(logits - 1, Tensor([0, 1, 1] as [Int32])).mean.scalar().isFinite)
    }
    let nothing = crossEntropy(logits, Tensor([-1, -1, -1] as [Int32]), ignoring: -1)
    #expect(try nothing.mean.scalar() == 0)
  }
}
