// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A transformer that looks at an image as a sequence of patches (A. Dosovitskiy et al., "An image is
/// worth 16x16 words", 2020).
///
///     x → Conv, window = stride = patch → [class token] → + positions → blocks → norm → Linear
///
/// `x: [B, H, W, C] -> [B, outputs]`; H and W are those that the model was made for. Paths:
/// `patches.weight`, `class_token`, `positions`, `blocks.0.attention.input.weight`, `norm.weight`,
/// `output.weight`.
public struct VisionTransformer: Layer, CustomStringConvertible {
  /// What becomes the input of the last layer.
  public enum Summary: Hashable, Sendable {
    /// The place of a learned token before the patches, as published.
    case classToken
    /// The mean of all places, without such a token.
    case mean
  }

  /// A vector for each patch.
  public let patches: Conv
  /// The token before the patches, [1, width]; nil where the mean is taken.
  public let classToken: Parameter?
  /// A vector for each place, [places, width].
  public let positions: Parameter
  /// What drops features of the first vectors, in training.
  public let dropout: Dropout
  /// The blocks, one after another.
  public let blocks: [TransformerBlock]
  /// The norm before the last layer.
  public let norm: Normalization
  /// The last layer.
  public let output: Linear
  private let image: [Int]

  /// The token as it is usually called.
  public static let keys = ["classToken": "class_token"]

  /// A model for images of a shape.
  ///
  /// - Parameters:
  ///   - image: height, width, channels; the patch divides height and width.
  ///   - patch: height and width of a patch.
  ///   - block: how the blocks are built, such as ``TransformerOptions/vision(_:heads:)``; without
  ///     rotary positions, not causal.
  public init(
    image: [Int], patch: Int, layers: Int, block: TransformerOptions, outputs: Int,
    summary: Summary = .classToken
  ) {
    precondition(image.count == 3, "an image has height, width and channels, not \(image)")
    precondition(
      patch > 0 && image[0] % patch == 0 && image[1] % patch == 0 && image[0] * image[1] > 0,
      "an image \(image) cannot be cut into patches of \(patch)x\(patch)")
    precondition(!block.isCausal && layers > 0, "there are layers, and each place sees all")
    self.image = image
    let small = Initializer.normal(standardDeviation: 0.02)
    patches = Conv(image[2], block.width, window: patch, stride: patch)
    let places = image[0] / patch * (image[1] / patch)
    switch summary {
    case .classToken:
      classToken = Parameter([1, block.width], initializer: small)
      positions = Parameter([places + 1, block.width], initializer: small)
    case .mean:
      classToken = nil
      positions = Parameter([places, block.width], initializer: small)
    }
    dropout = Dropout(block.dropout)
    blocks = (0..<layers).map { _ in TransformerBlock(block) }
    norm = Normalization(block.norm, features: block.width)
    output = Linear(block.width, outputs)
  }

  /// `VisionTransformer 6 layers, 192 wide, patches 4x4`.
  public var description: String {
    "VisionTransformer \(blocks.count) layers, \(output.inputs) wide, patches "
      + "\(patches.window[0])x\(patches.window[1])"
  }

  /// `x: [B, H, W, C] -> [B, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape.dimensions.dropFirst().elementsEqual(image) else {
      return .wrongImage("VisionTransformer", x, image, outputs: output.outputs)
    }
    var y = patches(x).flattenedSpace
    if let classToken {
      let token = classToken.value.cast(to: y.dtype)
      y = concatenate(
        [token.broadcast(to: [y.shape[0], 1, y.shape[2]]), y], along: 1)
    }
    y = dropout(y + positions.value.cast(to: y.dtype))
    for block in blocks { y = block(y) }
    y = norm(y)
    return output(classToken == nil ? y.mean(over: 1) : y[0..., 0])
  }
}

extension TransformerOptions {
  /// An encoder's block as the vision transformer has it: layer norms before, GELU.
  public static func vision(_ width: Int, heads: Int) -> TransformerOptions {
    var options = TransformerOptions.bert(width, heads: heads)
    options.normPlace = .before
    return options
  }
}

extension Tensor {
  /// An image whose size is not the one that a model was made for.
  static func wrongImage(_ model: String, _ x: Tensor, _ image: [Int], outputs: Int) -> Tensor {
    .failed(
      model, [x], "the images must be \(image), each",
      hint: "bring all images to \(image[0])x\(image[1]) pixels",
      shape: [x.rank > 0 ? x.shape[0] : 1, outputs], dtype: .float32)
  }

  /// `[B, H, W, C] -> [B, H · W, C]`.
  var flattenedSpace: Tensor { reshaped(to: [shape[0], -1, shape[3]]) }
}
