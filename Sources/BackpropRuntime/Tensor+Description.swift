// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

extension Tensor: CustomStringConvertible, CustomDebugStringConvertible {
  /// The values as NumPy writes them, computed if they were not yet. Of more than 1,000 elements
  /// only the first and last three along each axis are shown.
  ///
  /// A tensor that can't be computed says why.
  public var description: String {
    do { return try TensorText(self).text } catch { return "(not a value: \(error))" }
  }

  /// Shape and type, then the values.
  public var debugDescription: String { "Tensor \(shape) \(dtype)\n\(description)" }
}

/// The values of a tensor as text.
private struct TensorText {
  /// Elements shown at each end of an axis that is cut.
  private static let edge = 3
  private static let largestCount = 1000
  /// Columns after which a row is broken.
  private static let width = 78

  private let sizes: [Int]
  private let isCut: [Bool]
  private let elements: [String]

  init(_ tensor: Tensor) throws {
    try evaluate(tensor)
    var shown = tensor
    var isCut = [Bool](repeating: false, count: tensor.rank)
    if tensor.count > TensorText.largestCount {
      for (axis, size) in tensor.shape.dimensions.enumerated() where size > 2 * TensorText.edge {
        isCut[axis] = true
        let ends = [0..<TensorText.edge, size - TensorText.edge..<size]
        shown = concatenate(ends.map { shown.sliced(along: axis, $0) }, along: axis)
      }
    }
    self.isCut = isCut
    sizes = shown.shape.dimensions
    let texts: [String] =
      switch tensor.dtype {
      case .float32, .bfloat16, .float16: FloatText.texts(try shown.array(of: Float.self))
      case .int32, .uint8: try shown.array(of: Int32.self).map { "\($0)" }
      case .bool: try shown.array(of: Bool.self).map { "\($0)" }
      }
    let width = texts.map(\.count).max() ?? 0
    elements = texts.map { String(repeating: " ", count: width - $0.count) + $0 }
  }

  var text: String { sizes.isEmpty ? elements[0] : list(axis: 0, first: 0) }

  /// The elements from `first` on along the axes from `axis` on.
  private func list(axis: Int, first: Int) -> String {
    let isLast = axis == sizes.count - 1
    let stride = sizes[(axis + 1)...].reduce(1, *)
    var parts = (0..<sizes[axis]).map { index in
      isLast ? elements[first + index] : list(axis: axis + 1, first: first + index * stride)
    }
    if isCut[axis] { parts.insert("...", at: TensorText.edge) }
    let indent = String(repeating: " ", count: axis + 1)
    if isLast { return "[" + row(parts, indent) + "]" }
    let lines = String(repeating: "\n", count: sizes.count - axis - 1)
    return "[" + parts.joined(separator: "," + lines + indent) + "]"
  }

  private func row(_ parts: [String], _ indent: String) -> String {
    var text = ""
    var column = indent.count
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if index > 0 {
        if column + 1 + part.count + 1 > TensorText.width {
          text += "\n" + indent
          column = indent.count
        } else {
          text += " "
          column += 1
        }
      }
      text += part + (isLast ? "" : ",")
      column += part.count + 1
    }
    return text
  }
}

/// Numbers with as many digits as they need, at most four behind the point, all alike.
private enum FloatText {
  private static let digits = 4

  static func texts(_ values: [Float]) -> [String] {
    let sizes = values.filter { $0.isFinite && $0 != 0 }.map { abs(Double($0)) }
    let (low, high) = (sizes.min() ?? 1, sizes.max() ?? 1)
    let isWhole = sizes.allSatisfy { $0 == $0.rounded() }
    let isScientific = high >= 1e8 || (!isWhole && (low < 1e-4 || high / low > 1e4))
    var parts = values.map { isScientific ? scientific(Double($0)) : fixed(Double($0)) }
    // Zeros that all fractions end in are dropped, but for one.
    let needed = parts.map { part in
      part.fraction.isEmpty ? 1 : digits - part.fraction.reversed().prefix { $0 == "0" }.count
    }
    let count = max(1, needed.max() ?? 1)
    for index in parts.indices { parts[index].fraction = parts[index].fraction.prefix(count) }
    return parts.map { $0.fraction.isEmpty ? $0.whole : "\($0.whole).\($0.fraction)\($0.exponent)" }
  }

  private typealias Parts = (whole: String, fraction: Substring, exponent: String)

  /// What is no finite number has no fraction.
  private static func special(_ value: Double) -> Parts? {
    if value.isFinite { return nil }
    return (value.isNaN ? "nan" : (value < 0 ? "-inf" : "inf"), "", "")
  }

  private static func fixed(_ value: Double) -> Parts {
    if let special = special(value) { return special }
    let scaled = Int((abs(value) * 1e4).rounded(.toNearestOrEven))
    let fraction = String(scaled % 10_000 + 10_000).dropFirst()
    return ((value < 0 ? "-" : "") + "\(scaled / 10_000)", fraction, "")
  }

  private static func scientific(_ value: Double) -> Parts {
    if let special = special(value) { return special }
    if value == 0 { return ("0", "0000", "e+00") }
    var mantissa = abs(value)
    var exponent = 0
    while mantissa >= 10 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    var scaled = Int((mantissa * 1e4).rounded(.toNearestOrEven))
    if scaled == 100_000 {
      scaled = 10_000
      exponent += 1
    }
    let power = "\(abs(exponent))"
    return (
      (value < 0 ? "-" : "") + "\(scaled / 10_000)",
      String(scaled % 10_000 + 10_000).dropFirst(),
      "e" + (exponent < 0 ? "-" : "+") + (power.count < 2 ? "0" : "") + power
    )
  }
}
