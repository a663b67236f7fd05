// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The area under the receiver operating characteristic: the chance that a positive example scores
/// higher than a negative one, ties counting half.
///
/// Computed from ranks (Hanley and McNeil, 1982, doi:10.1148/radiology.143.1.7063747), in
/// O(n log n). nil when one of the two kinds is missing; a NaN score ranks below every number.
public func areaUnderROC(scores: [Float], isPositive: [Bool]) -> Double? {
  precondition(scores.count == isPositive.count, "each score needs one label")
  let positives = isPositive.reduce(0) { $0 + ($1 ? 1 : 0) }
  let negatives = isPositive.count - positives
  guard positives > 0 && negatives > 0 else { return nil }
  let keys = scores.map { $0.isNaN ? -Float.infinity : $0 }
  let order = keys.indices.sorted { keys[$0] < keys[$1] }
  var rankSum = 0.0
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count && keys[order[end]] == keys[order[start]] { end += 1 }
    // Equal scores share the mean of the ranks start + 1 ... end.
    let rank = Double(start + 1 + end) / 2
    for place in start..<end where isPositive[order[place]] { rankSum += rank }
    start = end
  }
  let least = Double(positives) * Double(positives + 1) / 2
  return (rankSum - least) / (Double(positives) * Double(negatives))
}
