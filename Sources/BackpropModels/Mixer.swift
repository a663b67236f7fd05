// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A network for images of fully connected layers alone, which go in turn over the places and over the
/// features (I. Tolstikhin et al., "MLP-Mixer: an all-MLP architecture for vision", 2021).
///
///     x → Conv, window = stride = patch → blocks → norm → mean over places → Linear
///
/// `x: [B, H, W, C] -> [B, outputs]`; H and W are those that the model was made for. Paths:
/// `patches.weight`, `blocks.0.place_norm.weight`, `blocks.0.places.up.weight`,
/// `blocks.0.features.down.weight`, `output.weight`.
public struct Mixer: Layer, CustomStringConvertible {
  /// Two parts, each added to what goes in: one mixes places, the other features.
  public struct Block: Layer {
    /// The norm of the part that mixes places.
    public let placeNorm: LayerNorm
    /// What is made of each feature by itself, over all places.
    public let places: FeedForward
    /// The norm of the part that mixes features.
    public let featureNorm: LayerNorm
    /// What is made of each place by itself.
    public let features: FeedForward
    /// What drops parts of what is added, in training.
    public let dropout: Dropout

    /// Paths in lower case.
    public static let keys = ["placeNorm": "place_norm", "featureNorm": "feature_norm"]

    /// `x: [B, places, width] -> [B, places, width]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
      let mixed = places(placeNorm(x).permuted([0, 2, 1])).permuted([0, 2, 1])
      let y = x + dropout(mixed)
      return y + dropout(features(featureNorm(y)))
    }
  }

  /// A vector for each patch.
  public let patches: Conv
  /// The blocks, one after another.
  public let blocks: [Block]
  /// The norm before the mean.
  public let norm: LayerNorm
  /// The last layer.
  public let output: Linear
  private let image: [Int]

  /// A model for images of a shape.
  ///
  /// - Parameters:
  ///   - image: height, width, channels; the patch divides height and width.
  ///   - patch: height and width of a patch.
  ///   - width: the features of a patch's vector.
  ///   - placeHidden: features between the layers over places.
  ///   - featureHidden: features between the layers over features.
  public init(
    image: [Int], patch: Int, layers: Int, width: Int, placeHidden: Int, featureHidden: Int,
    outputs: Int, dropout: Float = 0
  ) {
    precondition(image.count == 3, "an image has height, width and channels, not \(image)")
    precondition(
      patch > 0 && image[0] % patch == 0 && image[1] % patch == 0 && image[0] * image[1] > 0,
      "an image \(image) cannot be cut into patches of \(patch)x\(patch)")
    self.image = image
    patches = Conv(image[2], width, window: patch, stride: patch)
    let places = image[0] / patch * (image[1] / patch)
    blocks = (0..<layers).map { _ in
      Block(
        placeNorm: LayerNorm(width), places: FeedForward(places, hidden: placeHidden),
        featureNorm: LayerNorm(width), features: FeedForward(width, hidden: featureHidden),
        dropout: Dropout(dropout))
    }
    norm = LayerNorm(width)
    output = Linear(width, outputs)
  }

  /// `Mixer 4 layers, 128 wide, patches 4x4`.
  public var description: String {
    "Mixer \(blocks.count) layers, \(output.inputs) wide, patches "
      + "\(patches.window[0])x\(patches.window[1])"
  }

  /// `x: [B, H, W, C] -> [B, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape.dimensions.dropFirst().elementsEqual(image) else {
      return .wrongImage("Mixer", x, image, outputs: output.outputs)
    }
    var y = patches(x).flattenedSpace
    for block in blocks { y = block(y) }
    return output(norm(y).mean(over: 1))
  }
}
