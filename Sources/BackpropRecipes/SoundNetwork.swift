// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropModels
public import BackpropNN

/// The network of a recipe that hears recordings.
///
/// x: [B, samples] -> [B, classes]
public struct SoundNetwork: Module {
  /// The networks that there are.
  public enum Net: Module {
    /// By the logarithmic mel spectrogram.
    case logMel(SoundNet)
    /// By the wave itself.
    case wave(WaveConvNet)
  }

  /// What is done to recordings in training.
  public let augmentation: SoundAugmentation
  /// The network.
  public let net: Net

  /// The network stands in its paths as if it were this one.
  public static let keys = ["net": ""]

  /// nil where the recipe's network hears nothing.
  init?(_ recipe: ModelRecipe, for shape: DataShape, augmentation: SoundAugmentationRecipe?) {
    guard let sound = recipe.sound else { return nil }
    let (samples, dropout) = (shape.features, Float(recipe.dropout))
    switch recipe.kind {
    case .log_mel_cnn:
      net = .logMel(
        SoundNet(
          samples: samples, logMel: sound.logMel,
          mask: (augmentation?.maskFrames ?? 0, augmentation?.maskBands ?? 0),
          channels: recipe.channels, window: recipe.window, hidden: recipe.hidden,
          outputs: shape.outputs, activation: recipe.activation.layer,
          norm: recipe.normalization.kind, dropout: dropout))
    case .wave_cnn:
      net = .wave(
        WaveConvNet(
          samples: samples, channels: recipe.channels, firstWindow: sound.frame,
          firstStep: sound.hop, window: recipe.window, outputs: shape.outputs,
          activation: recipe.activation.layer, dropout: dropout))
    case .mlp, .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer,
      .vit, .mixer, .series_cnn, .lstm, .gru, .tcn:
      return nil
    }
    self.augmentation = SoundAugmentation(
      shift: Int(((augmentation?.shift ?? 0) * Double(sound.sampleRate)).rounded()),
      gain: Float(augmentation?.gain ?? 0), noise: Float(augmentation?.noise ?? 0))
  }

  /// The outputs for a batch of recordings.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let heard = augmentation(x.dtype == .float32 ? x : x.cast(to: .float32))
    return switch net {
    case .logMel(let net): net(heard)
    case .wave(let net): net(heard)
    }
  }
}
