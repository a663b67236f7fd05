// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A loop over time whose body is a graph function, traced once. Interned, as ``Window`` is.
///
/// Operands: the carries' first values; the sequences, time along axis 0; then what the body takes
/// as it is. The body maps carries, one item of each sequence, and the rest to the next carries and
/// to outputs. The result is one float32 vector: for each carry that keeps its history its values
/// after each step, for each other carry two places that take turns, then each output's values;
/// ``layout`` says where.
package struct Scan: Hashable, Sendable {
  package let id: UInt32

  package struct Fields: Hashable, Sendable {
    package var body: FunctionID
    package var carries: Int
    /// The first so many carries keep their history.
    package var kept: Int
    package var sequences: Int
    package var steps: Int
    /// From the last item to the first.
    package var isReversed: Bool
  }

  /// A result of the body, in the packed result.
  package struct Part: Sendable {
    package let offset: Int
    package let shape: Shape
    /// Whether there is a value for each step; else two places take turns, if there are two steps.
    package let keepsHistory: Bool
    /// How many values of this shape there are.
    package let slots: Int

    /// The place of the value that a step makes; `turn` counts steps in the order they are done.
    package func slot(step: Int, turn: Int) -> Int { keepsHistory ? step : turn % 2 }
  }

  private static let table = InternTable<Fields>()

  package init(_ fields: Fields) { id = Scan.table.id(of: fields) }

  package var fields: Fields { Scan.table[id] }
}

extension Scan.Fields {
  /// Where the results of the body lie.
  package var layout: [Scan.Part] {
    var offset = 0
    return body.function.results.enumerated().map { index, result in
      let keepsHistory = index < kept || index >= carries
      let slots = keepsHistory ? steps : Swift.min(steps, 2)
      defer { offset += slots * result.shape.count }
      return Scan.Part(
        offset: offset, shape: result.shape, keepsHistory: keepsHistory, slots: slots)
    }
  }

  /// The elements of the packed result.
  package var size: Int {
    layout.last.map { $0.offset + $0.slots * $0.shape.count } ?? 0
  }
}

/// A loop over time: `body` makes the next carries, and outputs, from the carries and one item of
/// each sequence. It is traced once, however many steps there are.
///
/// - Parameters:
///   - carries: what the loop begins with; float32.
///   - sequences: at least one, all with the same number of steps along axis 0.
///   - reversed: from the last item to the first.
///   - body: may use other tensors too, parameters among them; they are the same in each step, and
///     so are random tensors. Its results must be float32, the carries with the shapes they had.
/// - Returns: the carries after each step, `[T, …]`, and the outputs of each step, `[T, …]`, both in
///   the order of the sequences.
public func scan(
  from carries: [Tensor], over sequences: [Tensor], reversed: Bool = false,
  _ body: (_ carries: [Tensor], _ items: [Tensor]) -> (carries: [Tensor], outputs: [Tensor])
) -> (histories: [Tensor], outputs: [Tensor]) {
  let loop = Loop(carries, sequences, kept: carries.count, isReversed: reversed, body)
  return (carries.indices.map(loop.values), loop.outputs.map(loop.values))
}

/// A loop that was traced. A carry beyond the first `kept` has no history, only a last value.
struct Loop {
  let fields: Scan.Fields?
  let result: Tensor
  let carryShapes: [Shape]
  /// For each output of the body, which of its results it is.
  private(set) var outputs: [Int] = []

  init(
    _ carries: [Tensor], _ sequences: [Tensor], kept: Int, isReversed: Bool,
    _ body: ([Tensor], [Tensor]) -> (carries: [Tensor], outputs: [Tensor])
  ) {
    carryShapes = carries.map(\.shape)
    let steps = sequences.first.map { $0.rank > 0 ? $0.shape[0] : 0 } ?? 0
    guard steps > 0, sequences.allSatisfy({ $0.rank > 0 && $0.shape[0] == steps }),
      carries.allSatisfy({ $0.dtype == .float32 })
    else {
      (fields, result) = (
        nil,
        .failed(
          "scan", carries + sequences,
          "a loop needs float32 carries and sequences with the same number of steps, at least 1",
          shape: [0], dtype: .float32)
      )
      return
    }
    var standIns: [Node] = []
    for carry in carries { standIns.append(Node(.placeholder(0), carry.shape, .float32)) }
    for sequence in sequences {
      standIns.append(
        Node(.placeholder(0), Shape(sequence.shape.dimensions.dropFirst()), sequence.dtype))
    }
    let made = body(
      standIns.prefix(carries.count).map(Tensor.init),
      standIns.dropFirst(carries.count).map(Tensor.init))
    // An output that is a carry, or another output, is computed and kept once.
    var results = made.carries.map(\.node)
    for output in made.outputs {
      if let known = results.firstIndex(where: { $0 === output.node }),
        known < kept
          || known >= carries.count
      {
        outputs.append(known)
      } else {
        outputs.append(results.count)
        results.append(output.node)
      }
    }
    if let failure = results.lazy.compactMap(\.failure).first {
      (fields, result) = (nil, Tensor(Node(failure: failure, shape: [0], dtype: .float32)))
      return
    }
    guard made.carries.map(\.shape) == carryShapes, results.allSatisfy({ $0.dtype == .float32 })
    else {
      (fields, result) = (
        nil,
        .failed(
          "scan", made.carries + made.outputs,
          "the body must give carries of the shapes \(carryShapes), and float32 everywhere",
          shape: [0], dtype: .float32)
      )
      return
    }
    let outside = Loop.independent(of: standIns, results)
    let extracted = GraphFunction.extract(
      "scan", results: results, operands: standIns,
      stopAt: { outside.contains(ObjectIdentifier($0)) })
    let fields = Scan.Fields(
      body: extracted.id, carries: carries.count, kept: kept, sequences: sequences.count,
      steps: steps, isReversed: isReversed)
    let operands =
      (carries + sequences).map(\.node) + extracted.operands.dropFirst(standIns.count)
    self.fields = fields
    result = Tensor(
      Node(.scan(Scan(fields)), [fields.size], .float32, operands: operands))
  }

  /// What the body computes without carries and items is computed once, outside; but ways to look
  /// at a tensor cost nothing inside.
  private static func independent(of standIns: [Node], _ results: [Node]) -> Set<ObjectIdentifier> {
    let inputs = Set(standIns.map(ObjectIdentifier.init))
    var dependent = inputs
    var outside: Set<ObjectIdentifier> = []
    for node in topologicalOrder(of: results, stopAt: { inputs.contains(ObjectIdentifier($0)) }) {
      let key = ObjectIdentifier(node)
      if dependent.contains(key) { continue }
      if node.operands.contains(where: { dependent.contains(ObjectIdentifier($0)) }) {
        dependent.insert(key)
        continue
      }
      switch node.primitive {
      case .reshape, .permute, .broadcast, .slice, .reverse, .literal, .iota, .call: break
      default: outside.insert(key)
      }
    }
    return outside
  }

  /// The values of a result of the body, one for each step.
  func values(_ index: Int) -> Tensor {
    guard let fields else { return result }
    return result.values(of: fields.layout[index])
  }

  /// The value of a carry after the last step.
  func last(_ index: Int) -> Tensor {
    guard let fields else { return result }
    let part = fields.layout[index]
    let slot = part.slot(step: fields.isReversed ? 0 : fields.steps - 1, turn: fields.steps - 1)
    return result.values(of: part).sliced(along: 0, slot..<(slot + 1)).reshaped(to: part.shape)
  }
}

extension Tensor {
  /// A part of a loop's packed result.
  func values(of part: Scan.Part) -> Tensor {
    sliced(along: 0, part.offset..<(part.offset + part.slots * part.shape.count))
      .reshaped(to: Shape([part.slots] + part.shape.dimensions))
  }
}
