// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The name among `names` that a misspelled one most likely meant, or nil where none is near.
///
/// Near: at most a third of the letters differ (Levenshtein distance, upper and lower case alike).
package func nearestName(to wrong: String, among names: [String]) -> String? {
  let letters = Array(wrong.lowercased().prefix(100))
  var best: (name: String, distance: Int)?
  for name in names {
    let other = Array(name.lowercased().prefix(100))
    let distance = editDistance(letters, other)
    if distance <= max(1, max(letters.count, other.count) / 3), distance < best?.distance ?? .max {
      best = (name, distance)
    }
  }
  return best?.name
}

private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in b.enumerated() {
      let substituted = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, min(row[j], row[j + 1]) + 1)
    }
  }
  return row[b.count]
}
