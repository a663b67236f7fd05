// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A sum of products written with the letters of axes: `einsum("bij,bjk->bik", a, b)`.
///
/// Letters that are missing on the right are summed over; without `->` the letters that occur once
/// stand on the right in alphabetical order. A letter may repeat within an operand (a diagonal).
/// Products of two operands become matrix products. An ellipsis is not supported.
public func einsum(_ formula: String, _ operands: Tensor...) -> Tensor {
  einsum(formula, operands)
}

/// A sum of products of any number of operands; see ``einsum(_:_:)-(_,Tensor...)``.
public func einsum(_ formula: String, _ operands: [Tensor]) -> Tensor {
  Einsum(formula, operands).result()
}

private struct Einsum {
  let formula: String
  let operands: [Tensor]
  var letters: [[Character]] = []
  var output: [Character] = []
  var problem: String?

  init(_ formula: String, _ operands: [Tensor]) {
    self.formula = formula
    self.operands = operands
    let text = formula.filter { $0 != " " }
    let cut = text.firstRange(of: "->")
    let left = cut.map { text[..<$0.lowerBound] } ?? text[...]
    letters = left.split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let all = letters.flatMap { $0 }
    if let cut {
      output = Array(text[cut.upperBound...])
    } else {
      output = Set(all).filter { letter in all.count { $0 == letter } == 1 }.sorted()
    }
    problem = check(all)
  }

  private func check(_ all: [Character]) -> String? {
    if letters.count != operands.count {
      return "\"\(formula)\" names \(letters.count) operands; \(operands.count) were given"
    }
    if let odd = (all + output).first(where: { !$0.isLetter || !$0.isASCII }) {
      return "\"\(odd)\" in \"\(formula)\" is not a letter"
    }
    if Set(output).count != output.count || !Set(output).isSubset(of: Set(all)) {
      return "the letters after -> must differ and occur before it"
    }
    var sizes: [Character: Int] = [:]
    for (names, operand) in zip(letters, operands) {
      if names.count != operand.rank {
        return "\"\(String(names))\" names \(names.count) axes of an operand with \(operand.rank)"
      }
      for (axis, name) in names.enumerated() {
        if let size = sizes[name], size != operand.shape[axis] {
          return "axis \(name) is \(size) in one place and \(operand.shape[axis]) in another"
        }
        sizes[name] = operand.shape[axis]
      }
    }
    return nil
  }

  func result() -> Tensor {
    if let problem {
      return .failed(
        "einsum", operands, problem, shape: operands.first?.shape ?? [],
        dtype: operands.first?.dtype ?? .float32)
    }
    var pending = zip(letters, operands).map { diagonal($0, $1) }
    while pending.count > 1 {
      let (a, b) = (pending.removeFirst(), pending.removeFirst())
      let needed = Set(output).union(pending.flatMap(\.names))
      pending.insert(product(a, b, keeping: needed), at: 0)
    }
    let last = summed(pending[0], keeping: Set(output))
    return last.tensor.permuted(output.compactMap { last.names.firstIndex(of: $0) })
  }

  private typealias Factor = (names: [Character], tensor: Tensor)

  /// Repeated letters of one operand: only the elements where the positions agree.
  private func diagonal(_ names: [Character], _ tensor: Tensor) -> Factor {
    var names = names
    var tensor = tensor
    while let (first, second) = repeated(names) {
      let mask =
        Tensor.iota(tensor.shape, along: first) .== Tensor.iota(tensor.shape, along: second)
      tensor = select(mask, tensor, Tensor.literal(0, like: tensor)).sum(over: second)
      names.remove(at: second)
    }
    return (names, tensor)
  }

  private func repeated(_ names: [Character]) -> (Int, Int)? {
    for (second, name) in names.enumerated() {
      if let first = names.firstIndex(of: name), first < second { return (first, second) }
    }
    return nil
  }

  private func summed(_ factor: Factor, keeping needed: Set<Character>) -> Factor {
    let axes = factor.names.indices.filter { !needed.contains(factor.names[$0]) }
    if axes.isEmpty { return factor }
    return (factor.names.filter(needed.contains), factor.tensor.sum(over: axes))
  }

  /// Two operands as one batched matrix product: [batch, a's own, shared] × [batch, shared, b's].
  private func product(_ a: Factor, _ b: Factor, keeping needed: Set<Character>) -> Factor {
    let x = summed(a, keeping: needed.union(b.names))
    let y = summed(b, keeping: needed.union(a.names))
    let common = x.names.filter(y.names.contains)
    let batch = common.filter(needed.contains)
    let inner = common.filter { !needed.contains($0) }
    let rows = x.names.filter { !common.contains($0) }
    let columns = y.names.filter { !common.contains($0) }
    func arranged(_ factor: Factor, _ groups: [[Character]]) -> Tensor {
      let order = groups.flatMap { $0 }.compactMap { factor.names.firstIndex(of: $0) }
      let merged = groups.map { $0.reduce(1) { $0 * size(factor, $1) } }
      return factor.tensor.permuted(order).reshaped(to: Shape(merged))
    }
    let names = batch + rows + columns
    guard names.count <= Shape.maximumRank else {
      let failed = Tensor.failed(
        "einsum", operands,
        "the result of \"\(String(a.names))\" and \"\(String(b.names))\" would have "
          + "\(names.count) axes; 8 are the most",
        shape: [], dtype: DType.promoted(x.tensor.dtype, y.tensor.dtype))
      return ([], failed)
    }
    let left = arranged(x, [batch, rows, inner])
    let right = arranged(y, [batch, inner, columns])
    let sizes =
      batch.map { size(x, $0) } + rows.map { size(x, $0) } + columns.map { size(y, $0) }
    return (names, matmul(left, right).reshaped(to: Shape(sizes)))
  }

  private func size(_ factor: Factor, _ name: Character) -> Int {
    factor.names.firstIndex(of: name).map { factor.tensor.shape[$0] } ?? 1
  }
}
