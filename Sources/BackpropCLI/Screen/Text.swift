// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Numbers and times as people read them.
enum Text {
  /// `1,234,567`.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return number < 0 ? "-" + result : result
  }

  /// A number with a fixed count of decimal places.
  static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled) / Int(scale)
    let rest = String(Int(scaled) % Int(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if places == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(String(repeating: "0", count: places - rest.count))\(rest)"
  }

  /// A number with about four significant digits.
  static func short(_ value: Double) -> String {
    let size = value.magnitude
    if !value.isFinite { return "\(value)" }
    if size >= 100_000 { return grouped(Int(value.rounded())) }
    if size >= 1000 { return fixed(value, 0) }
    if size >= 100 { return fixed(value, 1) }
    if size >= 10 { return fixed(value, 2) }
    if size >= 0.001 || size == 0 { return fixed(value, 4) }
    var exponent = 0
    var rest = value
    while rest.magnitude < 1 {
      rest *= 10
      exponent -= 1
    }
    return "\(fixed(rest, 2))e\(exponent)"
  }

  /// `97.5 %`.
  static func percent(_ share: Double) -> String { fixed(share * 100, share < 1 ? 1 : 0) + " %" }

  /// `0.42 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
  static func seconds(_ value: Double) -> String {
    if value < 10 { return fixed(value, value < 1 ? 2 : 1) + " s" }
    let whole = Int(min(value, 1e9).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// `4.0 KiB`, `1.5 MiB`.
  static func bytes(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : "\(fixed(value, value < 100 ? 1 : 0)) \(units[unit])"
  }

  /// A figure under its name: accuracies as percentages, others as numbers.
  static func metric(_ name: String, _ value: Double) -> String {
    switch name {
    case "accuracy", "top_5_accuracy", "precision", "recall", "f1", "f1_weighted", "roc_auc":
      fixed(value * 100, 2) + " %"
    default: short(value)
    }
  }

  /// Text in a column of a width.
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Text at the right end of a column of a width.
  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
