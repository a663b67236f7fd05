// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
public import BackpropGraph
public import BackpropModels
public import BackpropNN
import BackpropTraining

/// The network of a recipe: fully connected layers, for tables behind an embedding for each
/// column of categories; or convolutions, for images.
///
/// features: [B, …], codes: [B, columns] int32 -> [B, outputs]
public struct Network: Module {
  /// One for each embedded column.
  public let embeddings: [Embedding]
  /// The layers, the last of which makes the outputs.
  public let layers: Sequential
  /// The whole network where it reads tokens; then there are no layers.
  public let text: TextNetwork?
  /// The whole network where it makes a text of another one; then there are no layers.
  public let translator: Transformer?
  /// The whole network where it reads series; then there are no layers.
  public let series: SeriesNetwork?
  /// The whole network where it hears recordings; then there are no layers.
  public let sound: SoundNetwork?
  private let augmentation: ImageAugmentation?
  private let seriesAugmentation: Sequential?
  private let mixup: Mixup
  private let example: [Int]
  private let scale: Float

  /// A network for texts, series or sounds stands in its paths as if it were this one.
  public static let keys = ["text": "", "translator": "", "series": "", "sound": ""]

  /// The network of a recipe for data of a shape. Nothing is computed yet.
  ///
  /// - Parameter augmentation: what is done to images, recordings and series in training.
  /// - Throws: a ``DataError`` where the network cannot be made for images of that size, or series
  ///   are shorter than they are to be moved.
  public init(
    _ recipe: ModelRecipe, for shape: DataShape, augmentation: Augmentation? = nil
  ) throws(DataError) {
    try recipe.check(fits: shape)
    self.augmentation = augmentation.flatMap { $0.isNothing ? nil : $0.layer }
    mixup = Mixup(Float(augmentation?.mixup ?? 0))
    embeddings = shape.codeCounts.map {
      Embedding($0, Network.width(ofCodes: $0), initializer: .normal(standardDeviation: 0.1))
    }
    scale = 1 / shape.pixelMaximum
    text = TextNetwork(recipe, for: shape)
    translator = Network.translator(recipe, for: shape)
    series = SeriesNetwork(recipe, for: shape)
    seriesAugmentation =
      series == nil ? nil : try augmentation?.sound.series(steps: shape.example[0])
    sound = SoundNetwork(recipe, for: shape, augmentation: augmentation?.sound)
    if text != nil || translator != nil || series != nil || sound != nil {
      example = shape.example
      layers = Sequential([])
      return
    }
    if recipe.kind == .cnn || recipe.kind == .resnet || recipe.patches != nil {
      example = shape.example
      layers = Sequential([Network.ofImages(recipe, shape)])
      return
    }
    example = [shape.features]
    let width = embeddings.reduce(shape.features) { $0 + $1.features }
    let hidden = Network.hidden(recipe, inputs: width).layers
    layers = Sequential(hidden + [Linear(recipe.hidden.last ?? width, shape.outputs)])
  }

  /// The hidden layers of a recipe, fully connected.
  static func hidden(_ recipe: ModelRecipe, inputs: Int) -> Sequential {
    var width = inputs
    var layers: [any Layer] = []
    for hidden in recipe.hidden {
      let block = Network.block(recipe, width, hidden)
      if recipe.residual && width == hidden {
        layers.append(Residual(Sequential(block)))
      } else {
        layers += block
      }
      width = hidden
    }
    return Sequential(layers)
  }

  private static func ofImages(_ recipe: ModelRecipe, _ shape: DataShape) -> any Layer {
    if let patches = recipe.patches {
      return patches.network(
        recipe.kind, image: shape.example, outputs: shape.outputs, dropout: recipe.dropout)
    }
    if recipe.kind == .resnet {
      return ResNet(
        inputs: shape.example[2], outputs: shape.outputs, channels: recipe.channels,
        blocks: recipe.blocks)
    }
    return ConvNet(
      image: shape.example, channels: recipe.channels, window: recipe.window,
      hidden: recipe.hidden, outputs: shape.outputs, activation: recipe.activation.layer,
      norm: recipe.normalization.kind, dropout: Float(recipe.dropout))
  }

  private static func block(_ recipe: ModelRecipe, _ inputs: Int, _ outputs: Int) -> [any Layer] {
    var layers: [any Layer] = [Linear(inputs, outputs)]
    switch recipe.normalization {
    case .none: break
    case .batch: layers.append(BatchNorm(outputs))
    case .layer: layers.append(LayerNorm(outputs))
    case .rms: layers.append(RMSNorm(outputs))
    }
    layers.append(recipe.activation.layer)
    if recipe.dropout > 0 { layers.append(Dropout(Float(recipe.dropout))) }
    return layers
  }

  /// How many numbers stand for a category: 1.6 n^0.56, at most 50, as fastai has it.
  private static func width(ofCodes count: Int) -> Int {
    // n^0.56 by powers of √n: n^0.5625, near enough and the same everywhere.
    let root = Double(count).squareRoot()
    let sixteenth = root.squareRoot().squareRoot().squareRoot()
    return max(1, min(50, Int((1.6 * root * sixteenth).rounded())))
  }

  /// The loss of the outputs by the targets' own; where examples were blended, so are the losses.
  func loss(_ targets: Tensor, _ loss: (Tensor) -> Loss) -> Loss { mixup.loss(targets, loss) }

  /// What the loss is made of: the outputs; of a model that writes texts the features below its
  /// head, whose logits need not stand whole.
  func scored(_ batch: Batch) -> Tensor {
    translator.map { $0.features(batch) } ?? text?.features(batch.features)
      ?? self(batch.features, batch.codes, lengths: batch.lengths)
  }

  /// The cross-entropy of what ``scored(_:)`` gave.
  func crossEntropy(
    _ scored: Tensor, _ targets: Tensor, weights: Tensor?, labelSmoothing: Float, ignoring: Int?
  ) -> Loss {
    if let head = translator?.head ?? text?.head {
      return linearCrossEntropy(
        scored, head, targets, labelSmoothing: labelSmoothing, ignoring: ignoring)
    }
    return BackpropNN.crossEntropy(
      scored, targets, weights: weights, labelSmoothing: labelSmoothing, ignoring: ignoring)
  }

  /// The outputs for a batch.
  ///
  /// - Parameter lengths: [B] int32, how many steps of each series count; nil: all.
  public func callAsFunction(
    _ features: Tensor, _ codes: Tensor? = nil, lengths: Tensor? = nil
  ) -> Tensor {
    if let text { return text(features) }
    if let series {
      return series(seriesAugmentation.map { $0(features) } ?? features, lengths: lengths)
    }
    if let sound { return sound(features) }
    var x = features
    if x.rank != example.count + 1 { x = x.reshaped(to: Shape([features.shape[0]] + example)) }
    if let augmentation { x = augmentation(x) }
    if x.dtype != .float32 { x = x.cast(to: .float32) }
    if scale != 1 { x = x * scale }
    x = mixup(x)
    if let codes, !embeddings.isEmpty {
      let vectors = embeddings.enumerated().map { column, embedding in
        embedding(codes[..., column])
      }
      x = concatenate([x] + vectors, along: 1)
    }
    return layers(x)
  }
}

extension ModelRecipe.Normalization {
  var kind: Normalization.Kind {
    switch self {
    case .none: .none
    case .batch: .batch
    case .layer: .layer
    case .rms: .rms
    }
  }
}

extension ModelRecipe.Activation {
  var layer: Activation {
    switch self {
    case .relu: .relu
    case .leaky_relu: .leakyReLU()
    case .elu: .elu()
    case .selu: .selu
    case .gelu: .gelu
    case .gelu_tanh: .geluTanh
    case .silu: .silu
    case .mish: .mish
    case .softplus: .softplus
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    case .hard_sigmoid: .hardSigmoid
    case .hard_swish: .hardSiLU
    }
  }
}
