// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A day of the Gregorian calendar and a time of it, without a time zone: `2010-01-02 13:00`.
public struct CalendarDate: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The year, from 1 to 9999.
  public let year: Int
  /// The month, from 1.
  public let month: Int
  /// The day of the month, from 1.
  public let day: Int
  /// Seconds since midnight.
  public let second: Int

  /// A date; nil where there is no such day or time.
  public init?(year: Int, month: Int, day: Int = 1, hour: Int = 0, minute: Int = 0, second: Int = 0)
  {
    guard (1...9999).contains(year), (1...12).contains(month),
      (1...CalendarDate.days(inMonth: month, of: year)).contains(day), (0...23).contains(hour),
      (0...59).contains(minute), (0...59).contains(second)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
    self.second = (hour * 60 + minute) * 60 + second
  }

  /// Reads `2010-01`, `2010-01-02`, `2010-01-02 13:00` or `2010-01-02T13:00:00`, with `/` for `-`
  /// too; nil where the text is none of these.
  public init?(_ text: String) {
    let halves = text.split(maxSplits: 1, omittingEmptySubsequences: false) {
      $0 == " " || $0 == "T"
    }
    let days = halves[0].split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "/" }
      .map(CalendarDate.number)
    guard days.count == 2 || days.count == 3, !days.contains(nil), halves[0].utf8.count >= 6 else {
      return nil
    }
    var times: [Int?] = []
    if halves.count == 2 {
      guard days.count == 3 else { return nil }
      times = halves[1].split(separator: ":", omittingEmptySubsequences: false)
        .map(CalendarDate.number)
      guard times.count == 2 || times.count == 3, !times.contains(nil) else { return nil }
    }
    let (parts, clock) = (days.compactMap(\.self), times.compactMap(\.self) + [0, 0, 0])
    self.init(
      year: parts[0], month: parts[1], day: parts.count == 3 ? parts[2] : 1, hour: clock[0],
      minute: clock[1], second: clock[2])
  }

  /// The date that lies `days` days and `second` seconds after the first of January of year 1.
  init(days: Int, second: Int) {
    // Of 146,097 days 400 years are made, and the count begins with March, so that the leap day is
    // the last of its year (H. Hinnant, "chrono-compatible low-level date algorithms", 2013).
    let z = days + 306
    let era = z / 146_097
    let ofEra = z - era * 146_097
    let years = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * years + years / 4 - years / 100)
    let fromMarch = (5 * ofYear + 2) / 153
    day = ofYear - (153 * fromMarch + 2) / 5 + 1
    month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    year = years + era * 400 + (month <= 2 ? 1 : 0)
    self.second = second
  }

  /// Days since the first of January of year 1.
  var days: Int {
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let ofEra = y - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 306
  }

  /// Seconds since the beginning of year 1.
  var seconds: Int { days * 86_400 + second }
  /// Months since the beginning of year 1.
  var months: Int { (year - 1) * 12 + month - 1 }
  /// 0 for Monday: the first day of year 1 was one.
  public var weekday: Int { days % 7 }
  /// The share of the year that has passed, from 0 and below 1.
  public var ofYear: Double {
    let begin = CalendarDate(year: year, month: 1)?.days ?? 0
    return (Double(days - begin) + Double(second) / 86_400) / Double(isLeap ? 366 : 365)
  }

  private var isLeap: Bool { CalendarDate.days(inMonth: 2, of: year) == 29 }

  /// `2010-01-02 13:00`, without a time at midnight.
  public var description: String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let digits = String(year)
    let zeros = String(repeating: "0", count: 4 - digits.count)
    let date = "\(zeros)\(digits)-\(two(month))-\(two(day))"
    if second == 0 { return date }
    let seconds = second % 60 == 0 ? "" : ":\(two(second % 60))"
    return "\(date) \(two(second / 3600)):\(two(second / 60 % 60))\(seconds)"
  }

  /// By time.
  public static func < (a: CalendarDate, b: CalendarDate) -> Bool { a.seconds < b.seconds }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.count <= 4 && text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } ? Int(text) : nil
  }
}
