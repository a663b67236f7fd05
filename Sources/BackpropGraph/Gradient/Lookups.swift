// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Cotangents around products of rows that were looked up in a smaller table E at positions i, such
/// as those of an embedding. What equal rows get is added up first, and then multiplied once:
///
///     Eᵢᵀ G = Eᵀ S(i, G)      S(i, G V) = S(i, G) V
///
/// S(i, G) adds row n of G to row iₙ of zeros.
struct Lookups {
  /// Below these the cotangent is not differentiated, so nothing there may be used.
  let leaves: Set<ObjectIdentifier>

  /// Whether so many rows repeat those of a table often enough.
  static func areMany(table: Int, rows: Int) -> Bool { rows > 2 * table }

  /// The cotangents of a node's operands, if it is a product of looked-up rows, or looks up rows
  /// whose cotangent is a product; else nil.
  func pullback(_ node: Node, _ g: Tensor) -> [Tensor?]? {
    guard node.dtype == .float32, g.dtype == .float32 else { return nil }
    switch node.primitive {
    case .matmul where node.shape.rank == 2:
      let (x, w) = (Tensor(node.operands[0]), Tensor(node.operands[1]))
      guard let (table, indices) = lookup(x.node) else { return nil }
      let sums = g.scatterAdded(indices, along: 0, size: table.shape[0])
      return [matmul(g, w.transposed()), matmul(table.transposed(), sums)]
    case .gather(0) where node.operands[0].shape.rank == 2:
      let (rows, indices) = (node.operands[0].shape[0], Tensor(node.operands[1]))
      guard Lookups.areMany(table: rows, rows: indices.count),
        let (left, right, order) = product(behind: g.node, indices)
      else { return nil }
      return [matmul(left.scatterAdded(order, along: 0, size: rows), right), nil]
    default: return nil
    }
  }

  private func operand(_ node: Node) -> Node? {
    leaves.contains(ObjectIdentifier(node)) ? nil : node.first
  }

  /// The table and the positions of a matrix of rows, whatever way they were arranged since.
  private func lookup(_ matrix: Node) -> (table: Tensor, indices: Tensor)? {
    guard let (table, indices) = rows(matrix), table.dtype == .float32, table.rank == 2,
      Lookups.areMany(table: table.shape[0], rows: matrix.shape[0])
    else { return nil }
    return (table, indices)
  }

  private func rows(_ node: Node) -> (table: Tensor, indices: Tensor)? {
    guard let source = operand(node) else { return nil }
    let rank = node.shape.rank
    switch node.primitive {
    case .gather(0): return (Tensor(source), Tensor(node.operands[1]))
    case .reshape:
      guard rank > 0, source.shape.rank > 0, source.shape[-1] == node.shape[-1],
        let (table, indices) = rows(source)
      else { return nil }
      return (table, indices.reshaped(to: Array(node.shape.dimensions.dropLast())))
    case .permute(let order):
      guard rank > 0, order[rank - 1] == rank - 1, let (table, indices) = rows(source) else {
        return nil
      }
      return (table, indices.permuted(order.axes(rank - 1)))
    default: return nil
    }
  }

  /// The product whose rows a cotangent is made of, and the positions in the order of its rows.
  private func product(behind cotangent: Node, _ indices: Tensor) -> (
    left: Tensor, right: Tensor, indices: Tensor
  )? {
    var (node, order) = (cotangent, indices)
    while let source = operand(node) {
      let rank = node.shape.rank
      switch node.primitive {
      case .matmul where rank == 2:
        return (Tensor(source), Tensor(node.operands[1]), order.reshaped(to: [node.shape[0]]))
      case .reshape:
        guard rank > 0, source.shape.rank > 0, source.shape[-1] == node.shape[-1] else {
          return nil
        }
        order = order.reshaped(to: Array(source.shape.dimensions.dropLast()))
      case .permute(let axes):
        guard axes[rank - 1] == rank - 1 else { return nil }
        order = order.permuted(axes.inverse(rank: rank).axes(rank - 1))
      default: return nil
      }
      node = source
    }
    return nil
  }
}
