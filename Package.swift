// swift-tools-version: 6.1
// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import PackageDescription

/// One room, one target. What a room may import is what it lists here; see docs/TOUR.md.
let room: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// Each room has a page about itself, which is no source.
let page = ["README.md"]

let package = Package(
  name: "backprop",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Backprop", targets: ["Backprop"]),
    .library(name: "BackpropTesting", targets: ["BackpropTesting"]),
    .executable(name: "backprop", targets: ["BackpropCLI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // What a computation is: tensors, primitives, gradients, plans. No device, no file.
    .target(name: "BackpropGraph", exclude: page, swiftSettings: room),
    // The CPU kernels, in C.
    .target(
      name: "CBackprop", exclude: page,
      linkerSettings: [.linkedLibrary("m")]),
    // Making it happen: buffers, the thread pool, prepared programs, the CPU device.
    .target(
      name: "BackpropRuntime", dependencies: ["BackpropGraph", "CBackprop"], exclude: page,
      swiftSettings: room),
    // Layers, initializers, losses, optimizers, schedules. Knows no device.
    .target(
      name: "BackpropNN", dependencies: ["BackpropGraph"], exclude: page, swiftSettings: room),
    .target(
      name: "BackpropModels", dependencies: ["BackpropGraph", "BackpropNN"], exclude: page,
      swiftSettings: room),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    // PNG and JPEG, in C: what goes wrong in those libraries must not jump over Swift.
    .target(
      name: "CImages", dependencies: ["CPNG", "CJPEG"], exclude: page,
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    // File formats: safetensors, IDX, CSV, gzip, PNG, JPEG.
    .target(
      name: "BackpropFormats", dependencies: ["CZlib", "CImages"], exclude: page,
      swiftSettings: room),
    // Data sets, batches, tables and what is learned from their training part.
    .target(
      name: "BackpropData", dependencies: ["BackpropGraph", "BackpropFormats"],
      exclude: page, swiftSettings: room),
    // The training loop, metrics, events, checkpoints. Knows no screen.
    .target(
      name: "BackpropTraining",
      dependencies: [
        "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropData", "BackpropFormats",
      ],
      exclude: page, swiftSettings: room),
    // Recipes: a YAML file that names task, data, model and training.
    .target(
      name: "BackpropRecipes",
      dependencies: [
        "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropModels", "BackpropData",
        "BackpropFormats", "BackpropTraining", .product(name: "Yams", package: "Yams"),
      ],
      exclude: page, swiftSettings: room),
    .executableTarget(
      name: "BackpropCLI",
      dependencies: [
        "Backprop", "BackpropGraph", "BackpropRuntime", "CBackprop", "BackpropNN",
        "BackpropModels", "BackpropData", "BackpropFormats", "BackpropTraining",
        "BackpropRecipes",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: page, swiftSettings: room),
    // The umbrella: re-exports, never a declaration.
    .target(
      name: "Backprop",
      dependencies: [
        "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropModels", "BackpropData",
        "BackpropFormats", "BackpropTraining",
      ],
      exclude: page, swiftSettings: room),
    // The reference interpreter and the gradient check, for our tests and for users' own.
    .target(
      name: "BackpropTesting", dependencies: ["BackpropGraph", "BackpropRuntime"],
      exclude: page, swiftSettings: room),
    // What several test targets need: temporary folders, real data, damaged files.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: room),
    .testTarget(
      name: "GraphTests", dependencies: ["BackpropGraph", "BackpropTesting"],
      swiftSettings: room),
    .testTarget(name: "KernelTests", dependencies: ["CBackprop"], swiftSettings: room),
    .testTarget(
      name: "PrimitiveTests",
      dependencies: ["BackpropGraph", "BackpropRuntime", "BackpropTesting"], swiftSettings: room),
    .testTarget(
      name: "RuntimeTests",
      dependencies: ["BackpropGraph", "BackpropRuntime", "BackpropTesting"], swiftSettings: room),
    .testTarget(
      name: "NNTests",
      dependencies: [
        "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropModels", "BackpropTesting",
        "BackpropTraining", "BackpropFormats", "BackpropData", "TestSupport",
      ],
      exclude: ["Fixtures"], swiftSettings: room),
    .testTarget(
      name: "FormatsTests", dependencies: ["BackpropFormats", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: room),
    .testTarget(
      name: "DataTests",
      dependencies: ["BackpropData", "BackpropFormats", "BackpropGraph", "TestSupport"],
      swiftSettings: room),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropModels", "BackpropData",
        "BackpropFormats", "BackpropTraining", "BackpropTesting", "TestSupport",
      ],
      swiftSettings: room),
    .testTarget(
      name: "RecipesTests",
      dependencies: [
        "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropData", "BackpropFormats",
        "BackpropTraining", "BackpropRecipes", "TestSupport",
      ],
      swiftSettings: room),
    .testTarget(
      name: "CLITests", dependencies: ["BackpropCLI", "BackpropFormats", "TestSupport"],
      swiftSettings: room),
    .testTarget(name: "HouseTests", swiftSettings: room),
  ],
  cLanguageStandard: .c2x
)
