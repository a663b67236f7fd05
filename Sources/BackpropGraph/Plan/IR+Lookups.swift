// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Products of rows that were looked up in a smaller table, such as those of an embedding: what a
/// row is multiplied with does not depend on how often the row is used, so the table is multiplied
/// instead, once. In the backward pass the cotangents of equal rows are added first.
///
///     E[i] W → (E W)[i]      E[i] + b → (E + b)[i]
///     E[i]ᵀ G → Eᵀ S(i, G)      S(i, G W) → S(i, G) W
///
/// S(i, G) adds row n of G to row iₙ of zeros. The upper two keep every bit; the lower two add the
/// same numbers in another order.
extension IR {
  /// A value whose rows are those of a table, [R, K] at [M].
  private struct Lookup {
    let table: Int
    let indices: Int
  }

  static func productsOfLookups(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    switch p {
    case .matmul where shape.rank == 2:
      if let lookup = ir.lookup(x[0]) {
        let rows = ir.values[lookup.table].shape[0]
        let product = ir.add(.matmul, [rows, shape[1]], dtype, [lookup.table, x[1]])
        return ir.add(.gather(0), shape, dtype, [product, lookup.indices])
      }
      if dtype == .float32, let lookup = ir.lookup(transposedInto: x[0]) {
        let sums = ir.sums(of: x[1], at: lookup)
        return ir.add(.matmul, shape, dtype, [ir.turned(lookup.table), sums])
      }
      if dtype == .float32, case .permute = ir.values[x[0]].primitive, let lookup = ir.lookup(x[1])
      {
        let sums = ir.sums(of: ir.turned(x[0]), at: lookup)
        return ir.add(.matmul, shape, dtype, [ir.turned(sums), lookup.table])
      }
      return nil
    case .binary(.add) where shape.rank == 2:
      for (a, b) in [(x[0], x[1]), (x[1], x[0])] {
        guard let lookup = ir.lookup(a), case .broadcast = ir.values[b].primitive,
          let row = ir.values[b].operands.first, ir.values[row].shape == [shape[1]]
        else { continue }
        let whole = ir.values[lookup.table].shape
        let sum = ir.add(p, whole, dtype, [lookup.table, ir.add(.broadcast, whole, dtype, [row])])
        return ir.add(.gather(0), shape, dtype, [sum, lookup.indices])
      }
      return nil
    case .scatterAdd(0) where shape.rank == 2:
      guard let (product, indices) = ir.product(behind: x[1], x[0]) else { return nil }
      let operands = ir.values[product].operands
      let (rows, width) = (ir.values[product].shape[0], ir.values[operands[0]].shape[1])
      guard IR.isWorthwhile(table: shape[0], rows: rows) else { return nil }
      let sums = ir.add(.scatterAdd(0), [shape[0], width], dtype, [indices, operands[0]])
      return ir.add(.matmul, shape, dtype, [sums, operands[1]])
    default: return nil
    }
  }

  /// A table as long as half of what is looked up in it would save too little.
  private static func isWorthwhile(table: Int, rows: Int) -> Bool { rows > 2 * table }

  /// What a matrix was looked up in, whatever way its rows were arranged since.
  private mutating func lookup(_ index: Int) -> Lookup? {
    guard values[index].shape.rank == 2 else { return nil }
    guard let (source, arrange) = rows(of: index), case .gather(0) = values[source].primitive
    else { return nil }
    let (table, positions) = (values[source].operands[0], values[source].operands[1])
    guard values[table].shape.rank == 2,
      IR.isWorthwhile(table: values[table].shape[0], rows: values[index].shape[0])
    else { return nil }
    return Lookup(table: table, indices: arrange(&self, positions))
  }

  /// The same of a matrix whose transpose this is.
  private mutating func lookup(transposedInto index: Int) -> Lookup? {
    guard case .permute(let order) = values[index].primitive, order == Permutation([1, 0]) else {
      return nil
    }
    return lookup(values[index].operands[0])
  }

  /// The value whose rows, perhaps in another arrangement, are those of `index`; and what arranges
  /// numbers of its rows in the same way.
  private func rows(of index: Int) -> (Int, (inout IR, Int) -> Int)? {
    let value = values[index]
    let before = { (ir: inout IR, numbers: Int) in numbers }
    switch value.primitive {
    case .gather: return (index, before)
    case .reshape where value.shape.rank > 0:
      let source = value.operands[0]
      guard values[source].shape.rank > 0, values[source].shape[-1] == value.shape[-1],
        let (base, arrange) = rows(of: source)
      else { return nil }
      let shape = Shape(value.shape.dimensions.dropLast())
      return (base, { ir, x in ir.add(.reshape, shape, .int32, [arrange(&ir, x)]) })
    case .permute(let order):
      let rank = value.shape.rank
      guard rank > 0, order[rank - 1] == rank - 1, let (base, arrange) = rows(of: value.operands[0])
      else { return nil }
      let shape = Shape(value.shape.dimensions.dropLast())
      let outer = Permutation(order.axes(rank - 1))
      return (base, { ir, x in ir.add(.permute(outer), shape, .int32, [arrange(&ir, x)]) })
    default: return nil
    }
  }

  /// The matrix product whose rows are those of `index`, and `indices` in the order of its rows.
  private mutating func product(behind index: Int, _ indices: Int) -> (Int, Int)? {
    var (place, at) = (index, indices)
    while true {
      let value = values[place]
      switch value.primitive {
      case .matmul where value.shape.rank == 2:
        return (place, add(.reshape, [value.shape[0]], .int32, [at]))
      case .reshape:
        let source = values[value.operands[0]].shape
        guard source.rank > 0, value.shape.rank > 0, source[-1] == value.shape[-1] else {
          return nil
        }
        at = add(.reshape, Shape(source.dimensions.dropLast()), .int32, [at])
      case .permute(let order):
        let rank = value.shape.rank
        guard order[rank - 1] == rank - 1 else { return nil }
        let inverse = order.inverse(rank: rank).axes(rank - 1)
        let shape = Shape(inverse.map { value.shape[$0] })
        at = add(.permute(Permutation(inverse)), shape, .int32, [at])
      default: return nil
      }
      place = value.operands[0]
    }
  }

  /// The rows of a matrix, added up by the row of the table that each belongs to.
  private mutating func sums(of matrix: Int, at lookup: Lookup) -> Int {
    let shape: Shape = [values[lookup.table].shape[0], values[matrix].shape[1]]
    return add(.scatterAdd(0), shape, .float32, [lookup.indices, matrix])
  }

  private mutating func turned(_ matrix: Int) -> Int {
    let value = values[matrix]
    return add(
      .permute(Permutation([1, 0])), [value.shape[1], value.shape[0]], value.dtype, [matrix])
  }
}
