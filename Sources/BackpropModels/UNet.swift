// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A network from images to images: down through stages that halve the size, and up again, each stage
/// seeing what the one of its size on the way down made (O. Ronneberger et al., "U-Net: convolutional
/// networks for biomedical image segmentation", 2015).
///
///     down: [MaxPool 2 →] Conv 3x3 → norm → relu → Conv 3x3 → norm → relu
///     up:   doubled in size, beside what was kept, → Conv 3x3 → norm → relu → Conv 3x3 → norm → relu
///
/// `x: [B, H, W, C] -> [B, H, W, outputs]`, H and W at least 2ⁿ⁻¹ for n stages. Convolutions keep the
/// size, and where a size was odd, zeros at the end make up for it. Paths:
/// `down.0.first.conv.weight`, `up.0.grow.weight`, `up.0.body.second.norm.bias`, `output.weight`.
public struct UNet: Layer, CustomStringConvertible {
  /// How stages on the way up double the size.
  public enum Growth: Hashable, Sendable {
    /// By a transposed convolution of 2x2 with stride 2, as published.
    case transposed
    /// By blending neighbours, then a convolution of 1x1.
    case linear
  }

  /// Two convolutions of 3x3, each with a batch norm.
  public struct DoubleConv: Layer {
    /// The first convolution.
    public let first: ResNet.NormedConv
    /// The second.
    public let second: ResNet.NormedConv

    init(_ inputs: Int, _ outputs: Int) {
      first = ResNet.NormedConv(inputs, outputs, window: 3, stride: 1)
      second = ResNet.NormedConv(outputs, outputs, window: 3, stride: 1)
    }

    /// `x: [B, H, W, inputs] -> [B, H, W, outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).relu()).relu() }
  }

  /// A stage on the way up.
  public struct Up: Module {
    /// What doubles the size; where neighbours are blended, what follows that.
    public let grow: any Layer
    /// What sees both sides.
    public let body: DoubleConv
    private let growth: Growth

    init(_ inputs: Int, _ outputs: Int, _ growth: Growth) {
      self.growth = growth
      switch growth {
      case .transposed: grow = TransposedConv(inputs, outputs, window: 2, stride: 2)
      case .linear: grow = Conv(inputs, outputs, window: 1)
      }
      body = DoubleConv(2 * outputs, outputs)
    }

    /// `x: [B, h, w, inputs], kept: [B, H, W, outputs] -> [B, H, W, outputs]`, H and W twice h and w
    /// or one more.
    public func callAsFunction(_ x: Tensor, _ kept: Tensor) -> Tensor {
      let grown =
        switch growth {
        case .transposed: grow(x)
        case .linear: grow(Upsample(2, mode: .linear)(x))
        }
      guard grown.rank == 4, grown.failure == nil else { return grown }
      let rest = (1...2).map { kept.shape[$0] - grown.shape[$0] }
      let fitted =
        rest == [0, 0] ? grown : grown.padded([(0, 0), (0, rest[0]), (0, rest[1]), (0, 0)])
      return body(concatenate([kept, fitted], along: 3))
    }
  }

  /// The stages on the way down.
  public let down: [DoubleConv]
  /// The stages on the way up, the smallest image first.
  public let up: [Up]
  /// What makes the outputs of each pixel.
  public let output: Conv

  /// A network.
  ///
  /// - Parameters:
  ///   - inputs: channels of the image.
  ///   - outputs: numbers for each pixel.
  ///   - channels: of each stage on the way down.
  public init(
    inputs: Int, outputs: Int, channels: [Int] = [64, 128, 256, 512, 1024],
    growth: Growth = .transposed
  ) {
    precondition(!channels.isEmpty, "a network needs a stage")
    down = zip([inputs] + channels, channels).map { DoubleConv($0, $1) }
    up = zip(channels.reversed(), channels.reversed().dropFirst()).map { Up($0, $1, growth) }
    output = Conv(channels[0], outputs, window: 1)
  }

  /// `UNet 3→64→128→2`.
  public var description: String {
    let sizes = down.map(\.second.conv.outputs)
    return "UNet "
      + ([down[0].first.conv.inputs] + sizes + [output.outputs]).map(String.init)
      .joined(separator: "→")
  }

  /// `x: [B, H, W, C] -> [B, H, W, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let least = 1 << (down.count - 1)
    guard x.rank == 4, x.shape[1] >= least, x.shape[2] >= least else {
      return .failed(
        "UNet", [x], "the images must be [B, H, W, C] of at least \(least)x\(least) pixels",
        hint: "\(down.count) stages halve them \(down.count - 1) times; use fewer",
        shape: x.rank == 4 ? x.shape.replacing(3, with: output.outputs) : x.shape,
        dtype: .float32)
    }
    var y = x
    var kept: [Tensor] = []
    for (number, stage) in down.enumerated() {
      y = stage(number == 0 ? y : MaxPool(2)(y))
      kept.append(y)
    }
    for (stage, other) in zip(up, kept.dropLast().reversed()) { y = stage(y, other) }
    return output(y)
  }
}
