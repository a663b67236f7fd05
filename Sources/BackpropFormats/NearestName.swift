// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The name among `names` that a misspelled one most likely meant, or nil where none is near.
///
/// Near: at most a third of the letters differ, or one of a few, upper and lower case alike.
package func nearestName(to wrong: String, among names: [String]) -> String? {
  let letters = Array(wrong.lowercased().prefix(100))
  var best: (name: String, distance: Int)?
  for name in names {
    let other = Array(name.lowercased().prefix(100))
    let distance = editDistance(letters, other)
    let length = max(letters.count, other.count)
    if distance <= max(1, length / 3), distance < min(length, best?.distance ?? .max) {
      best = (name, distance)
    }
  }
  return best?.name
}

/// The least number of letters put in, left out, replaced, or exchanged with their neighbor
/// ("optimal string alignment": F. Damerau, 1964; V. Levenshtein, 1966).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var before = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
      var best = min(replaced, min(last[j + 1], row[j]) + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
      row.append(best)
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
