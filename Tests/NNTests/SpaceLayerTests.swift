// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Layers over axes of space")
struct SpaceLayerTests {
  @Test(arguments: Fixture.cases("space"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let layer = try layer(fixture)
    for entry in layer.table.parameters { entry.parameter.replace(try fixture(entry.path)) }
    let x = try fixture("input")
    let y = Context.training(seed: 0, step: 0) { layer(x) }
    let roles = ["input"] + layer.table.parameters.map(\.path)
    let leaves = [x] + layer.parameters().map(\.value)
    let gradients = gradient(of: (y * (try fixture("cotangent"))).sum(), at: leaves)
    try expectClose(y, fixture("expected"), absolute: 3e-6, "\(fixture.name)")
    for (gradient, role) in zip(gradients, roles) {
      try expectClose(
        gradient, fixture("gradient.\(role)"), absolute: 5e-6,
        "\(fixture.name), gradient at \(role)")
    }
  }

  private func layer(_ fixture: Fixture) throws -> any Layer {
    let o = fixture.options
    let channels = try fixture("input").shape[-1]
    let parts = fixture.name.split(separator: ".").map(String.init)
    let number = { (key: String, other: Int) in o.integer(key) ?? other }
    switch parts[0] {
    case "conv": return conv(o, channels)
    case "transposed":
      return TransposedConv(
        channels, number("outputs", 0), window: number("window", 0),
        axes: try fixture("input").rank - 2, stride: number("stride", 1),
        padding: padding(o), outputPadding: number("extra", 0),
        dilation: number("dilation", 1), groups: number("groups", 1))
    case "group_norm": return GroupNorm(channels, groups: number("groups", 1))
    case "batch_norm": return BatchNorm(channels)
    case "upsample":
      return Upsample(
        number("factor", 1), mode: try #require(Upsample.Mode(rawValue: o.text("mode") ?? "")))
    default: return try pool(parts[1], o)
    }
  }

  private func padding(_ o: Options) -> SpacePadding {
    switch o.text("padding") {
    case "same": return .same
    case "causal": return .causal
    default: break
    }
    let sides = o.integers("padding")
    if sides.isEmpty { return .each(o.integer("padding") ?? 0) }
    return .explicit(
      stride(from: 0, to: sides.count, by: 2).map {
        SpacePadding.Sides(sides[$0], sides[$0 + 1])
      })
  }

  private func conv(_ o: Options, _ channels: Int) -> Conv {
    let window = o.integers("window")
    let all = { (value: Int) in window.map { _ in value } }
    return Conv(
      channels, o.integer("outputs") ?? 0, window: window, strides: all(o.integer("stride") ?? 1),
      padding: padding(o), paddingMode: PaddingMode(rawValue: o.text("mode") ?? "") ?? .zeros,
      dilation: all(o.integer("dilation") ?? 1), groups: o.integer("groups") ?? 1,
      bias: o.truth("bias"))
  }

  private func pool(_ name: String, _ o: Options) throws -> any Layer {
    let (window, stride) = (o.integer("window") ?? 1, o.integer("stride") ?? 1)
    let padding = SpacePadding.each(o.integer("padding") ?? 0)
    let size = o.integers("size")
    switch name {
    case "max_overlapping": return MaxPool(window, stride: stride, padding: padding)
    case "adaptive_average": return AdaptiveAveragePool(size[0], size[1])
    case "adaptive_max": return AdaptiveMaxPool(size[0], size[1])
    default:
      return AveragePool(
        window, stride: stride, padding: padding,
        countsPadding: name == "average" || o.truth("counts_padding"))
    }
  }

  @Test func squeezeExciteWeighsChannels() throws {
    let layer = SqueezeExcite(4, reduction: 2)
    layer.initialize(seed: 1)
    let x = Tensor.normal([2, 3, 3, 4], key: RandomKey(seed: 2))
    let y = layer(x)
    let share = layer.expand(layer.reduce(x.mean(over: 1, 2)).relu()).sigmoid()
    let expected = x * share.reshaped(to: [2, 1, 1, 4])
    try expectClose(y, expected, "squeeze and excite")
  }

  @Test func globalMaxPoolKeepsTheGreatest() throws {
    let x = Tensor.normal([2, 3, 4, 5], key: RandomKey(seed: 3))
    try expectClose(GlobalMaxPool()(x), x.max(over: 1, 2), absolute: 0, "global maximum")
  }

  /// Windows of two places, of which the first and the last lie wholly in the padding.
  @Test func anAverageOfPaddingAloneIsZero() throws {
    let x = Tensor([1, 2, 4]).reshaped(to: [1, 3, 1])
    let y = AveragePool(2, stride: 1, padding: 2, countsPadding: false)(x)
    let slope = gradient(
      of: (y * Tensor([8, 4, 2, 1, 16, 32]).reshaped(to: [1, 6, 1])).sum(), at: [x])
    #expect(try y.array() == [0, 1, 1.5, 3, 4, 0])
    #expect(try slope[0].array() == [5, 1.5, 16.5])
  }

  @Test func aKernelIsDrawnByItsFans() throws {
    let conv = Conv(8, 16, window: 3, initializer: .heNormal())
    conv.initialize(seed: 4)
    let variance = try conv.weight.value.variance().scalar()
    #expect(abs(variance - 2.0 / 72) < 0.004, "\(variance) instead of 2 / (9 · 8)")
    let bound = try conv.bias!.value.absolute().max().scalar()
    #expect(bound <= 1 / Float(72).squareRoot())
  }

  @Test func aWrongImageIsAnErrorThatNamesTheLayer() throws {
    struct Net: Module {
      let conv = Conv(3, 8, window: 3)
    }
    let net = Net()
    net.initialize(seed: 0)
    let failure = try #require(net.conv(Tensor.zeros([1, 8, 8, 4])).failure)
    #expect(
      failure.description == """
        convolution of [1, 8, 8, 4]: the input must be [N, H, W, 3] of floating-point numbers.
          in model.conv (Conv 3→8 3x3)
          hint: channels lie last; this layer was made for 3
        """)
  }

  @Test func whatLeavesNothingIsAnErrorInWords() {
    func text(_ tensor: Tensor) -> String { tensor.failure.map { "\($0)" } ?? "nothing" }
    let image = Tensor.zeros([1, 4, 6, 2])
    #expect(
      text(Conv(2, 1, window: 5)(image)).contains(
        "a kernel of [5, 5] does not fit into the padded input"))
    #expect(
      text(Conv(2, 1, window: 3, padding: -1)(image)).contains("does not fit into the padded"))
    #expect(text(Conv(2, 1, window: 3, dilation: 3)(image)).contains("does not fit"))
    // Strides larger than the image are not odd enough: one window is left.
    #expect(Conv(2, 1, window: [3, 3], strides: [9, 7])(image).shape == [1, 1, 1, 1])
    #expect(
      Conv(2, 1, window: [4, 6], strides: [3, 5], padding: .same)(image).shape == [1, 2, 2, 1])
    #expect(
      text(Conv(2, 1, window: 3, padding: .explicit([.init(1, 1)]))(image)).contains(
        "need one number for each of 2 axes"))
    #expect(
      text(Conv(2, 1, window: 3, padding: 4, paddingMode: .reflect)(image)).contains(
        "by reflect does not fit the shape"))
    #expect(
      text(Conv(2, 1, window: 3, padding: 5, paddingMode: .circular)(image)).contains(
        "by circular does not fit the shape"))
    #expect(
      text(TransposedConv(2, 1, window: 2, padding: 4)(image)).contains(
        "the padding leaves nothing: the sizes are [-3, -1]"))
    #expect(
      text(TransposedConv(2, 1, window: 2, outputPadding: 1)(image)).contains(
        "outputPadding must be less than"))
    #expect(text(MaxPool(7)(image)).contains("a window of [7, 7] does not fit"))
    #expect(
      text(MaxPool(2, padding: .explicit([.init(0, 1)]))(image)).contains("one number for each"))
    #expect(text(AveragePool(5, stride: 3)(image)).contains("a window of [5, 5] does not fit"))
    #expect(text(AveragePool(.max)(image)).contains("the others at least 1"))
    #expect(text(AveragePool(2, padding: -1)(image)).contains("padding at least 0"))
  }

  @Test func augmentationDependsOnSeedAndStepAlone() throws {
    let layer = ImageAugmentation(flips: true, shift: 2, cutout: 3)
    let pixels: [UInt8] = (0..<768).map { UInt8($0 % 251 + 1) }
    let x = Tensor(pixels, shape: [4, 8, 8, 3])
    func shown(_ seed: UInt64, _ step: Int) throws -> [UInt8] {
      try Context.training(seed: seed, step: step) { layer(x) }.array(of: UInt8.self)
    }
    #expect(try shown(1, 1) == shown(1, 1))
    #expect(try shown(1, 1) != shown(1, 2))
    #expect(try shown(1, 1) != shown(2, 1))
    #expect(try layer(x).array(of: UInt8.self) == x.array(of: UInt8.self))
  }

  @Test func aFlipMirrorsWholeImages() throws {
    let layer = ImageAugmentation(flips: true)
    let x = Tensor.normal([16, 2, 3, 2], key: RandomKey(seed: 5))
    let y = try Context.training(seed: 0, step: 0) { layer(x) }.array(of: Float.self)
    let (own, mirrored) = (
      try x.array(of: Float.self), try x.reversed(along: 2).array(of: Float.self)
    )
    var flips = 0
    for image in 0..<16 {
      let range = image * 12..<(image + 1) * 12
      if y[range] == mirrored[range] { flips += 1 } else { #expect(y[range] == own[range]) }
    }
    #expect(flips > 2 && flips < 14)
  }

  @Test func aMixtureHasTheLossOfItsParts() throws {
    let mixup = Mixup(1)
    let x = Tensor([1.0, 2, 3, 4], shape: [4, 1])
    let (mixed, loss) = Context.training(seed: 3, step: 7) {
      (
        mixup(x),
        mixup.loss(Tensor([0.0, 0, 0, 8])) { Loss(sum: $0[0..<1].sum(), count: 4) }
      )
    }
    // x₀ is 1 and its partner 4; their targets are 0 and 8.
    let first = try mixed.array(of: Float.self)[0]
    let share = (4 - first) / 3
    #expect(share >= 0.5 && share <= 1)
    #expect(abs(try loss.sum.scalar() - (1 - share) * 8) < 1e-5)
    #expect(try mixup(x).array(of: Float.self) == [1, 2, 3, 4])
  }
}
