// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension IR {
  /// A transposed product is computed as the product of the exchanged, transposed operands: so the
  /// gradient of a weight that is used transposed comes out in the weight's own order, and its
  /// update follows while the block is in cache. The sums are the same, bit by bit.
  ///
  /// A product that is also wanted as it is stays one.
  mutating func exchangeTransposedProducts() {
    var uses = [Int](repeating: 0, count: values.count)
    for value in values { for operand in value.operands { uses[operand] += 1 } }
    for result in results { uses[result] += 1 }
    guard values.contains(where: { isTransposedProduct($0, uses) }) else { return }
    let before = values
    values = []
    known = [:]
    var moved = [Int](repeating: -1, count: before.count)
    for (index, value) in before.enumerated() {
      if value.leaf >= 0 || value.scalar >= 0 {
        values.append(value)
        moved[index] = values.count - 1
      } else if IR.isTransposedProduct(value, before, uses) {
        let product = before[value.operands[0]]
        let left = transposed(moved[product.operands[1]])
        let right = transposed(moved[product.operands[0]])
        moved[index] = add(.matmul, value.shape, value.dtype, [left, right])
      } else {
        moved[index] = add(
          value.primitive, value.shape, value.dtype, value.operands.map { moved[$0] })
      }
    }
    results = results.map { moved[$0] }
  }

  private func isTransposedProduct(_ value: Value, _ uses: [Int]) -> Bool {
    IR.isTransposedProduct(value, values, uses)
  }

  private static func isTransposedProduct(_ value: Value, _ values: [Value], _ uses: [Int]) -> Bool
  {
    guard case .permute(let order) = value.primitive, value.shape.rank >= 2 else { return false }
    let operand = value.operands[0]
    guard case .matmul = values[operand].primitive, uses[operand] == 1 else { return false }
    return order == exchange(value.shape.rank)
  }

  private static func exchange(_ rank: Int) -> Permutation {
    Permutation(Array(0..<(rank - 2)) + [rank - 1, rank - 2])
  }

  private mutating func transposed(_ index: Int) -> Int {
    let shape = values[index].shape
    let rank = shape.rank
    let turned = shape.replacing(rank - 2, with: shape[-1]).replacing(rank - 1, with: shape[-2])
    return add(.permute(IR.exchange(rank)), turned, values[index].dtype, [index])
  }
}
