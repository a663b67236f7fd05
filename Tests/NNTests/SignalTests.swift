// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Signals")
struct SignalTests {
  @Test(arguments: Fixture.cases("signal"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let parts = fixture.name.split(separator: ".").map(String.init)
    let expected = try fixture("expected")
    guard fixture.has("input") else {
      return try expectClose(constant(fixture, parts[0]), expected, absolute: 3e-7, fixture.name)
    }
    let x = try fixture("input")
    let y = try function(fixture, parts)(x)
    // A logarithm of what is nearly nothing is steep.
    let scale: Float = parts[0] == "spectrum" ? 10 : 1
    let gradients = gradient(of: (y * (try fixture("cotangent"))).sum(), at: [x])
    try expectClose(y, expected, relative: scale * 1e-5, absolute: scale * 2e-6, fixture.name)
    try expectClose(
      gradients[0], fixture("gradient.input"), relative: scale * 1e-5, absolute: scale * 4e-6,
      "the gradient of \(fixture.name)")
  }

  private func constant(_ fixture: Fixture, _ kind: String) throws -> Tensor {
    let o = fixture.options
    if kind == "window" {
      let window = try #require(windows[o.text("kind") ?? ""])
      return Tensor(window.values(o.integer("count") ?? 0, isPeriodic: o.truth("periodic")))
    }
    let range = try #require(o.number("low"))...(try #require(o.number("high")))
    return MelFilters(
      count: o.integer("count") ?? 0, bins: o.integer("bins") ?? 0,
      sampleRate: o.number("rate") ?? 0, range: range,
      scale: try #require(MelScale(rawValue: o.text("scale") ?? "")),
      height: o.truth("area") ? .area : .one
    ).matrix
  }

  private let windows: [String: WindowFunction] = [
    "hann": .hann, "hamming": .hamming, "blackman": .blackman, "kaiser": .kaiser(beta: 8.5),
  ]

  private func function(
    _ fixture: Fixture, _ parts: [String]
  ) throws -> (Tensor) throws -> Tensor {
    let o = fixture.options
    switch parts[0] {
    case "fourier":
      let count = o.integer("count") ?? 0
      switch parts[1] {
      case "forward": return { $0.fourierTransform() }
      case "inverse": return { $0.inverseFourierTransform() }
      case "real": return { $0.realFourierTransform() }
      default: return { $0.inverseRealFourierTransform(count: count) }
      }
    case "stft":
      let form = try form(o)
      return { $0.shortTimeFourierTransform(form) }
    case "istft":
      let form = try form(o)
      return { $0.inverseShortTimeFourierTransform(form, count: o.integer("samples")) }
    case "cosine": return { $0.cosineTransform(count: o.integer("count")) }
    case "resample":
      let resampler = Resampler(from: o.integer("old") ?? 1, to: o.integer("new") ?? 1)
      return { $0.resampled(resampler) }
    default:
      let spectrogram = Spectrogram(ShortTimeFourier(length: 16, hop: 5))
      let mel = MelSpectrogram(
        spectrogram, MelFilters(count: 4, bins: 9, sampleRate: 8000))
      let layers: [String: any Layer] = [
        "power": spectrogram, "magnitude": Spectrogram(spectrogram.form, power: 1), "mel": mel,
        "log_mel": LogMel(mel), "mfcc": MFCC(LogMel(mel), count: 3),
      ]
      let layer = try #require(layers[parts[1]])
      return { layer($0) }
    }
  }

  private func form(_ o: Options) throws -> ShortTimeFourier {
    ShortTimeFourier(
      length: o.integer("length") ?? 0, hop: o.integer("hop"), windowLength: o.integer("width"),
      window: try #require(windows[o.text("kind") ?? ""]), isCentered: o.truth("center"))
  }

  /// What is read from files is resampled on the host, what is in a graph by a convolution.
  @Test func theHostResamplesAsTheGraphDoes() throws {
    for (from, to) in [(44100, 8000), (8000, 11025), (3, 2), (5, 5)] {
      let resampler = Resampler(from: from, to: to)
      let x = Tensor.normal([500], key: RandomKey(seed: 1))
      let host = resampler(try x.array())
      #expect(host.count == resampler.count(500))
      try expectClose(x.resampled(resampler), Tensor(host), absolute: 1e-6, "\(from) to \(to)")
    }
  }

  /// A tone below both limits comes through with its height; one above the new limit is gone.
  @Test func resamplingKeepsWhatTheNewRateCanHold() throws {
    func tone(_ hertz: Float, _ rate: Float) -> Tensor {
      (Tensor.range(4000).cast(to: .float32) * (2 * .pi * hertz / rate)).sin()
    }
    let resampler = Resampler(from: 16000, to: 8000)
    let kept = tone(1000, 16000).resampled(resampler).sliced(along: 0, 100..<1900)
    try expectClose(
      kept, tone(1000, 8000).sliced(along: 0, 100..<1900), absolute: 3e-3, "a tone of 1000 Hz")
    let gone = tone(7000, 16000).resampled(resampler).sliced(along: 0, 100..<1900)
    #expect(try gone.absolute().max().scalar() < 3e-3)
  }

  @Test func aToneIsWhereItsFrequencyIs() throws {
    let rate: Float = 8000
    let x = (Tensor.range(2048).cast(to: .float32) * (2 * .pi * 1000 / rate)).sin()
    let spectrum = Spectrogram(ShortTimeFourier(length: 256))(x.expanded(at: 0))
    #expect(try spectrum[0, 16].argMax().scalar() == 32)
    let mel = MelSpectrogram(sampleRate: 8000, length: 256, bands: 40)
    let band = try Int(mel(x.expanded(at: 0))[0, 16].argMax().scalar())
    let place = MelScale.htk.mel(1000) / MelScale.htk.mel(4000) * 41
    #expect(abs(Double(band + 1) - place) <= 1)
  }

  @Test func augmentationMovesAndHidesInTrainingOnly() throws {
    let x = Tensor.normal([3, 100], key: RandomKey(seed: 1))
    let layer = SoundAugmentation(shift: 20, gain: 6, noise: 0.01)
    #expect(try layer(x).array() == x.array())
    let moved = Context.training(seed: 0, step: 0) { SoundAugmentation(shift: 20)(x) }
    let (from, to) = (try x.array(), try moved.array())
    for row in 0..<3 {
      let (a, b) = (Array(from[(row * 100)...].prefix(100)), Array(to[(row * 100)...].prefix(100)))
      let fits = (-20...20).contains { shift in
        (0..<100).allSatisfy { b[$0] == (a.indices.contains($0 + shift) ? a[$0 + shift] : 0) }
      }
      #expect(fits, "row \(row)")
    }
    let louder = try Context.training(seed: 0, step: 0) { SoundAugmentation(gain: 6)(x) }.array()
    for row in 0..<3 {
      let ratio = louder[row * 100] / from[row * 100]
      #expect(
        ratio > 0.5 && ratio < 2 && abs(louder[row * 100 + 9] / from[row * 100 + 9] - ratio) < 1e-5)
    }
    let ones = Tensor.ones([50, 30, 20])
    let mask = SpectrogramMask(frames: 8, bands: 5)
    #expect(try mask(ones).mean().scalar() == 1)
    let hidden = Context.training(seed: 0, step: 0) { mask(ones) }
    let rows = try hidden.max(over: 2).sum(over: 1).array()
    let columns = try hidden.max(over: 1).sum(over: 1).array()
    #expect(rows.allSatisfy { $0 >= 22 } && rows.contains { $0 < 26 })
    #expect(columns.allSatisfy { $0 >= 15 } && columns.contains { $0 < 18 })
  }

  @Test func augmentationTreatsTheChannelsOfASeriesAlike() throws {
    let x = Tensor.normal([4, 30, 2], key: RandomKey(seed: 3))
    let from = try x.array()
    func made(_ layer: SoundAugmentation) throws -> [Float] {
      #expect(try layer(x).array() == from)
      return try Context.training(seed: 1, step: 2) { layer(x) }.array()
    }
    let moved = try made(SoundAugmentation(shift: 5))
    var shifts: Set<Int> = []
    for row in 0..<4 {
      let shift = (-5...5).first { shift in
        (0..<60).allSatisfy { place in
          let source = place + 2 * shift
          return moved[row * 60 + place]
            == ((0..<60).contains(source) ? from[row * 60 + source] : 0)
        }
      }
      shifts.insert(try #require(shift, "row \(row)"))
    }
    #expect(shifts.count > 1)
    let louder = try made(SoundAugmentation(gain: 6))
    var ratios: Set<Float> = []
    for row in 0..<4 {
      let ratio = louder[row * 60] / from[row * 60]
      ratios.insert(ratio)
      #expect(ratio > 0.5 && ratio < 2)
      for place in row * 60..<row * 60 + 60 {
        #expect(abs(louder[place] - ratio * from[place]) < 1e-5)
      }
    }
    #expect(ratios.count == 4)
    // Each number has noise of its own, of a deviation that is the row's.
    let noise = zip(try made(SoundAugmentation(noise: 0.1)), from).map { $0 - $1 }
    #expect(Set(noise).count > 200 && noise.allSatisfy { abs($0) < 0.5 })
  }

  @Test func networksForSoundsHaveTheirShapes() throws {
    let mel = MelSpectrogram(sampleRate: 8000, length: 128, bands: 20)
    let net = SoundNet(
      samples: 1000, logMel: LogMel(mel), mask: (4, 2), channels: [4, 8], hidden: [6], outputs: 3)
    let x = Tensor.normal([2, 1000], key: RandomKey(seed: 1))
    net.initialize(seed: 0)
    #expect(net(x).shape == [2, 3])
    #expect(net.table.parameters.map(\.path).contains("stages.0.conv.weight"))
    let wave = WaveConvNet(samples: 1000, channels: [4, 8], firstWindow: 40, outputs: 3)
    wave.initialize(seed: 0)
    #expect(wave(x).shape == [2, 3])
    #expect(try wave(x).array().allSatisfy(\.isFinite))
    // Loudness counts for nothing, but for the floor of the logarithm.
    let (soft, loud) = (try net(x).array(), try net(x * 3).array())
    #expect(zip(soft, loud).allSatisfy { abs($0 - $1) < 1e-3 })
  }
}
