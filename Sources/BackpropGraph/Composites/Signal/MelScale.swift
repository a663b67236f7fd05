// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A scale on which equal steps are heard as equal (S. Stevens, J. Volkmann, E. Newman, 1937).
public enum MelScale: String, Hashable, Sendable, CaseIterable {
  /// 2595 log₁₀(1 + f/700), as in the HTK toolkit.
  case htk
  /// 3f/200 up to 1000 Hz, logarithmic above, as in M. Slaney's Auditory Toolbox (1998).
  case slaney

  /// The place of a frequency in hertz on the scale.
  public func mel(_ hertz: Double) -> Double {
    switch self {
    case .htk: 2595 / MelScale.ln10 * HostMath.logarithm(1 + hertz / 700)
    case .slaney:
      hertz < 1000 ? hertz * 3 / 200 : 15 + HostMath.logarithm(hertz / 1000) / MelScale.step
    }
  }

  /// The frequency in hertz at a place on the scale.
  public func hertz(_ mel: Double) -> Double {
    switch self {
    case .htk: 700 * (HostMath.exponential(mel * MelScale.ln10 / 2595) - 1)
    case .slaney:
      mel < 15 ? mel * 200 / 3 : 1000 * HostMath.exponential((mel - 15) * MelScale.step)
    }
  }

  private static let ln10 = 2.302585092994046
  /// ln 6.4 / 27
  private static let step = 1.8562979903656263 / 27
}

/// Overlapping triangles over the frequencies of a spectrum, equally wide on a mel scale: each sums
/// up one band of it. Values are those of librosa and torchaudio.
public struct MelFilters: Hashable, Sendable {
  /// The height of the triangles.
  public enum Height: String, Hashable, Sendable, CaseIterable {
    /// All reach 1.
    case one
    /// All have the same area: 2 over the width in hertz.
    case area
  }

  /// The frequencies of the spectrum: 0 to half the sample rate in equal steps.
  public let bins: Int
  /// The triangles.
  public let count: Int
  /// The weights, `[bins, count]` row-major.
  public let weights: [Float]

  /// - Parameters:
  ///   - count: the triangles.
  ///   - bins: the numbers of a spectrum, at least two.
  ///   - sampleRate: in hertz.
  ///   - range: where the first triangle begins and the last one ends, in hertz; unless given, from
  ///     0 to half the sample rate.
  public init(
    count: Int, bins: Int, sampleRate: Double, range: ClosedRange<Double>? = nil,
    scale: MelScale = .htk, height: Height = .one
  ) {
    precondition(
      count >= 1 && bins >= 2 && sampleRate > 0, "\(count) filters over \(bins) frequencies")
    self.bins = bins
    self.count = count
    let range = range ?? 0...(sampleRate / 2)
    let (low, high) = (scale.mel(range.lowerBound), scale.mel(range.upperBound))
    let corners = (0..<(count + 2)).map {
      scale.hertz(low + (high - low) * Double($0) / Double(count + 1))
    }
    var weights = [Float](repeating: 0, count: bins * count)
    for bin in 0..<bins {
      let frequency = sampleRate / 2 * Double(bin) / Double(bins - 1)
      for filter in 0..<count {
        let (left, peak, right) = (corners[filter], corners[filter + 1], corners[filter + 2])
        let rise = (frequency - left) / (peak - left)
        let fall = (right - frequency) / (right - peak)
        let top = height == .area ? 2 / (right - left) : 1
        weights[bin * count + filter] = Float(Swift.max(0, Swift.min(rise, fall)) * top)
      }
    }
    self.weights = weights
  }

  /// The weights as a matrix, `[bins, count]`.
  public var matrix: Tensor { Tensor(weights, shape: [bins, count]) }

  /// The triangles that are so narrow that no frequency of the spectrum falls into them.
  public var empty: [Int] {
    (0..<count).filter { filter in (0..<bins).allSatisfy { weights[$0 * count + filter] == 0 } }
  }
}
