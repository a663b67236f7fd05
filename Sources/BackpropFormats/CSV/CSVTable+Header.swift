// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension CSVTable {
  /// Rows before it is known which of them is the header.
  struct Raw {
    let bytes: [UInt8]
    let spans: [UInt64]
    let width: Int
    var first: Int
    var count: Int
    let missing: MissingMarkers

    func withField<R>(_ row: Int, _ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
      bytes.withUnsafeBufferPointer {
        body(CSVTable.slice($0, spans[(first + row) * width + column]))
      }
    }

    /// The rule of `CSVOptions.Header.detected`, over the first 1,000 rows.
    func startsWithHeader() -> Bool {
      guard count > 0 else { return false }
      var names: [String] = []
      for column in 0..<width {
        let name: String? = withField(0, column) { field in
          if NumberParser.parse(field) != nil { return nil }
          // An empty name is common over a column of row numbers; other markers are data.
          if field.count > 0 && missing.contains(field) { return nil }
          return String(decoding: field, as: UTF8.self)
        }
        guard let name else { return false }
        if !name.isEmpty { names.append(name) }
      }
      guard !names.isEmpty else { return false }
      if count == 1 { return true }
      var recurs = false
      for column in 0..<width {
        var numbers = 0
        var others = 0
        for row in 1..<min(count, 1000) {
          withField(row, column) { field in
            if missing.contains(field) { return }
            if NumberParser.parse(field) != nil { numbers += 1 } else { others += 1 }
          }
        }
        if numbers > others { return true }
        let name = withField(0, column) { Array($0) }
        if !recurs {
          recurs = (1..<min(count, 1000)).contains { row in
            withField(row, column) { $0.elementsEqual(name) }
          }
        }
      }
      return !recurs && Set(names).count == names.count
    }
  }
}
