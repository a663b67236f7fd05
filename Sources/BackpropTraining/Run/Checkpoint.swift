// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropNN

/// The state of a training in one file, from which it goes on exactly: weights, the optimizer's
/// slots and averages, and where it stands.
package enum Checkpoint {
  private static let prefix = "optimizer."

  /// Writes the state of a trainer.
  package static func write(_ trainer: Trainer, to path: String) throws {
    let state = trainer.optimizer.state
    var tensors: [(name: String, tensor: Tensor)] = []
    for entry in trainer.table.parameters {
      tensors.append(("weight." + entry.path, entry.parameter.value))
    }
    for entry in trainer.table.buffers {
      tensors.append(("buffer." + entry.path, entry.buffer.value))
    }
    for (name, tensor) in state.tensors { tensors.append((prefix + name, tensor)) }
    var object = trainer.progress.json
    object["optimizer_step"] = .integer(state.step)
    object["plateau"] = state.learningRate.plateau?.memory.json
    try TensorFile.write(
      tensors, metadata: ["progress": try JSONValue.object(object).text()], to: path)
  }

  /// Brings a trainer into the state that was written.
  package static func read(into trainer: Trainer, from path: String) throws {
    let file = try SafetensorsFile(path)
    guard let text = file.metadata["progress"] else {
      throw FormatError(
        file: path, what: "this is no saved state of a training", remedy: "train again")
    }
    let json = try JSONValue(parsing: text, file: path)
    guard let progress = TrainingProgress(json: json), let step = json["optimizer_step"]?.count
    else {
      throw FormatError(
        file: path, position: .entry("progress"), what: "what is needed to go on is not there",
        remedy: "train again")
    }
    let state = trainer.optimizer.state
    func read(_ name: String, _ shape: Shape, _ dtype: DType) throws -> Tensor {
      try TensorFile.read(name, shape: shape, dtype: dtype, from: file)
    }
    let weights = try trainer.table.parameters.map {
      try read("weight." + $0.path, $0.parameter.shape, $0.parameter.dtype)
    }
    let buffers = try trainer.table.buffers.map {
      try read("buffer." + $0.path, $0.buffer.shape, $0.buffer.dtype)
    }
    var slots: [String: Tensor] = [:]
    for entry in file.entries where entry.name.hasPrefix(prefix) {
      let shape = try Shape(checked: entry.shape, entry.name, path)
      slots[String(entry.name.dropFirst(prefix.count))] = try read(entry.name, shape, .float32)
    }
    try state.restore(step: step, tensors: slots)
    Weights(parameters: weights, buffers: buffers).install(in: trainer.table)
    if let plateau = state.learningRate.plateau, let saved = json["plateau"] {
      plateau.memory.restore(saved)
    }
    trainer.progress = progress
  }
}

extension Shape {
  /// The shape of a tensor in a file, which may say anything.
  fileprivate init(checked sizes: [Int], _ name: String, _ path: String) throws(FormatError) {
    guard sizes.count <= Shape.maximumRank, sizes.allSatisfy({ $0 >= 0 && $0 <= Int32.max }) else {
      throw FormatError(
        file: path, position: .entry(name), what: "the shape \(sizes) is impossible",
        remedy: "train again")
    }
    self.init(sizes)
  }
}

extension Plateau.Memory {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["factor"] = .number(factor)
    object["best"] = best.map { .number($0) }
    object["waited"] = .integer(waited)
    object["cooldown"] = .integer(cooldown)
    return .object(object)
  }

  fileprivate mutating func restore(_ json: JSONValue) {
    factor = json["factor"]?.number ?? factor
    best = json["best"]?.number
    waited = json["waited"]?.count ?? waited
    cooldown = json["cooldown"]?.count ?? cooldown
  }
}
