// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Products of rows that were looked up in a smaller table, such as those of an embedding: what a
/// row is multiplied with does not depend on how often the row is used, so the table is multiplied
/// instead, once. Every bit stays the same.
///
///     E[i] W → (E W)[i]      E[i] + b → (E + b)[i]
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
      guard let lookup = ir.lookup(x[0]) else { return nil }
      let rows = ir.values[lookup.table].shape[0]
      let product = ir.add(.matmul, [rows, shape[1]], dtype, [lookup.table, x[1]])
      return ir.add(.gather(0), shape, dtype, [product, lookup.indices])
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
    default: return nil
    }
  }

  /// What a matrix was looked up in, whatever way its rows were arranged since.
  private mutating func lookup(_ index: Int) -> Lookup? {
    guard values[index].shape.rank == 2 else { return nil }
    guard let (source, arrange) = rows(of: index), case .gather(0) = values[source].primitive
    else { return nil }
    let (table, positions) = (values[source].operands[0], values[source].operands[1])
    guard values[table].shape.rank == 2,
      Lookups.areMany(table: values[table].shape[0], rows: values[index].shape[0])
    else { return nil }
    return Lookup(table: table, indices: arrange(&self, positions))
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
}
