// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes that convolve images.
extension RecipeLibrary {
  static let cnn = RecipeLibrary(
    name: "cnn",
    text: """
      # Handwritten digits of 28x28 pixels, read by convolutions: above 99 %.
      name: cnn
      about: Reads handwritten digits of 28x28 pixels with a convolutional network.
      task: classification
      data:
        source: mnist
        validation_fraction: 0.0833
      model:
        kind: cnn
        channels: [32, 64]
        window: 5
        hidden: [128]
        normalization: batch
        dropout: 0.25
      training:
        epochs: 5
        batch: 128
        optimizer: adamw
        learning_rate: 0.002
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)

  static let cnnFashion = RecipeLibrary(
    name: "cnn-fashion",
    text: """
      # Clothes of 28x28 pixels, told apart by convolutions: above 91 %.
      name: cnn-fashion
      about: Tells ten kinds of clothes apart with a convolutional network.
      task: classification
      data:
        source: fashion-mnist
        validation_fraction: 0.0833
      model:
        kind: cnn
        channels: [32, 64]
        window: 5
        hidden: [128]
        normalization: batch
        dropout: 0.25
      training:
        epochs: 8
        batch: 128
        optimizer: adamw
        learning_rate: 0.002
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)

  static let vitFashion = RecipeLibrary(
    name: "vit-fashion",
    text: """
      # Clothes of 28x28 pixels, told apart by a small vision transformer.
      name: vit-fashion
      about: Tells ten kinds of clothes apart with a small vision transformer.
      task: classification
      data:
        source: fashion-mnist
        validation_fraction: 0.0833
      model:
        kind: vit
        patch: 4
        layers: 4
        heads: 4
        width: 64
        dropout: 0.1
      training:
        epochs: 8
        batch: 128
        optimizer: adamw
        learning_rate: 0.002
        schedule: cosine
        warmup_epochs: 0.5
        weight_decay: 0.05
        clip_norm: 1
      seed: 0

      """)

  static let resnet18CIFAR = RecipeLibrary(
    name: "resnet18-cifar",
    text: """
      # Colour images of 32x32 pixels in ten classes, by a residual network.
      name: resnet18-cifar
      about: Tells ten kinds of things apart on colour images with ResNet-18.
      task: classification
      data:
        source: cifar10
        validation_fraction: 0.05
      model:
        kind: resnet
        channels: [64, 128, 256, 512]
      training:
        epochs: 15
        batch: 64
        optimizer: sgd
        learning_rate: 0.05
        momentum: 0.9
        nesterov: true
        l2: 0.0005
        schedule: one_cycle
        flips: true
        shift: 4
        cutout: 8
      seed: 0

      """)
}
