// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import Synchronization

extension OptimizerState {
  /// Everything but the step count that must be saved to go on exactly: each slot as
  /// `slot/path`, each average as `average/path`.
  public var tensors: [(name: String, tensor: Tensor)] {
    let (slots, averages) = memory.withLock { ($0.slots, $0.averages) }
    var result: [(name: String, tensor: Tensor)] = []
    for (index, parameter) in parameters.enumerated() {
      for (slot, name) in kinds[kindOf[index]].rule.slotNames.enumerated() {
        if let tensor = slots[index][slot] { result.append(("\(name)/\(parameter.path)", tensor)) }
      }
      if let average = averages[index] { result.append(("average/\(parameter.path)", average)) }
    }
    return result
  }

  /// Goes back to a saved state.
  ///
  /// - Parameter tensors: those of ``tensors``, by name. What is missing starts anew.
  /// - Throws: a ``ModelError`` if a tensor has another shape, or a name belongs to nothing; then
  ///   nothing was changed.
  public func restore(step: Int, tensors: [String: Tensor]) throws(ModelError) {
    var slots = [Slots](repeating: Slots(), count: parameters.count)
    var averages = [Tensor?](repeating: nil, count: parameters.count)
    var used = 0
    func take(_ name: String, _ parameter: Parameter) throws(ModelError) -> Tensor? {
      guard let tensor = tensors[name] else { return nil }
      used += 1
      guard tensor.shape == parameter.shape, tensor.dtype == .float32 else {
        throw ModelError(
          what: "the saved optimizer has \(name) as \(tensor.shape) \(tensor.dtype), the model's "
            + "parameter is \(parameter.shape)",
          remedy: "resume with the model that was saved, or start the optimizer anew")
      }
      return tensor
    }
    for (index, parameter) in parameters.enumerated() {
      for (slot, name) in kinds[kindOf[index]].rule.slotNames.enumerated() {
        slots[index][slot] = try take("\(name)/\(parameter.path)", parameter)
      }
      averages[index] = try take("average/\(parameter.path)", parameter)
    }
    if used < tensors.count {
      let known = Set(
        parameters.enumerated().flatMap { index, parameter in
          (kinds[kindOf[index]].rule.slotNames + ["average"]).map { "\($0)/\(parameter.path)" }
        })
      let unknown = tensors.keys.filter { !known.contains($0) }.sorted()
      throw ModelError(
        what: "the saved optimizer has \(unknown.prefix(3).joined(separator: ", ")), which "
          + "belongs to no parameter here",
        remedy: "resume with the model and the optimizer that were saved")
    }
    memory.withLock {
      $0.step = step
      $0.slots = slots
      $0.averages = averages
    }
  }

  /// Exchanges the parameters' values with their moving averages: once to use the averages, once
  /// more to go on training.
  public func exchangeAverages() {
    memory.withLock { memory in
      for (index, parameter) in parameters.enumerated() {
        guard let average = memory.averages[index] else { continue }
        memory.averages[index] = parameter.value.cast(to: .float32)
        parameter.replace(average.cast(to: parameter.dtype))
      }
    }
  }

  /// Runs `body` with the moving averages as the parameters' values.
  public func withAverages<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    exchangeAverages()
    defer { exchangeAverages() }
    return try body()
  }
}
