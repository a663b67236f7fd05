// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A residual network for images (K. He et al., "Deep residual learning for image recognition",
/// 2015), with the stem for small ones: a 3x3 convolution and no pooling.
///
///     x → Conv 3x3 → norm → relu → [blocks, the first of each stage but one halving the size]
///       → mean over space → Linear
///
/// `x: [B, H, W, C] -> [B, outputs]`. Paths: `stem.conv.weight`, `stages.0.1.second.norm.bias`,
/// `output.weight`.
public struct ResNet: Layer, CustomStringConvertible {
  /// A convolution without bias and the batch norm behind it.
  public struct NormedConv: Layer {
    /// The convolution.
    public let conv: Conv
    /// What normalizes its channels.
    public let norm: BatchNorm

    init(_ inputs: Int, _ outputs: Int, window: Int, stride: Int) {
      conv = Conv(
        inputs, outputs, window: window, stride: stride, padding: .each(window / 2), bias: false,
        initializer: .heNormal())
      norm = BatchNorm(outputs)
    }

    /// `x: [B, H, W, inputs] -> [B, H / stride, W / stride, outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { norm(conv(x)) }
  }

  /// Two convolutions beside a shortcut.
  public struct Block: Layer {
    /// The first convolution.
    public let first: NormedConv
    /// The second.
    public let second: NormedConv
    /// Where the shape changes, what the shortcut does.
    public let shortcut: NormedConv?

    init(_ inputs: Int, _ outputs: Int, stride: Int) {
      first = NormedConv(inputs, outputs, window: 3, stride: stride)
      second = NormedConv(outputs, outputs, window: 3, stride: 1)
      shortcut =
        stride == 1 && inputs == outputs
        ? nil : NormedConv(inputs, outputs, window: 1, stride: stride)
    }

    /// `x: [B, H, W, inputs] -> [B, H / stride, W / stride, outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
      (second(first(x).relu()) + (shortcut.map { $0(x) } ?? x)).relu()
    }
  }

  /// The first convolution.
  public let stem: NormedConv
  /// The blocks of each stage.
  public let stages: [[Block]]
  /// The last layer.
  public let output: Linear

  /// A network.
  ///
  /// - Parameters:
  ///   - inputs: channels of the image.
  ///   - channels: of each stage.
  ///   - blocks: how many each stage has; two each make ResNet-18.
  public init(
    inputs: Int = 3, outputs: Int, channels: [Int] = [64, 128, 256, 512], blocks: [Int]? = nil
  ) {
    precondition(!channels.isEmpty, "a network needs a stage")
    let blocks = blocks ?? channels.map { _ in 2 }
    precondition(
      blocks.count == channels.count && blocks.allSatisfy { $0 > 0 },
      "\(channels.count) stages need as many numbers of blocks, not \(blocks)")
    stem = NormedConv(inputs, channels[0], window: 3, stride: 1)
    var width = channels[0]
    var stages: [[Block]] = []
    for (number, (count, size)) in zip(channels, blocks).enumerated() {
      var stage: [Block] = []
      for index in 0..<size {
        stage.append(Block(width, count, stride: number > 0 && index == 0 ? 2 : 1))
        width = count
      }
      stages.append(stage)
    }
    self.stages = stages
    output = Linear(width, outputs)
  }

  /// `ResNet-18`, by the layers with weights on the longest way.
  public var description: String {
    "ResNet-\(2 + 2 * stages.reduce(0) { $0 + $1.count })"
  }

  /// `x: [B, H, W, C] -> [B, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = stem(x).relu()
    for block in stages.joined() { y = block(y) }
    guard y.rank == 4 else { return output(y) }
    return output(y.mean(over: 1, 2))
  }
}
