// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
package import BackpropNN

extension Weights {
  /// Writes the weights under the paths of a model's parameters and buffers.
  package func write(of table: ModuleTable, to path: String) throws {
    let parameters = zip(table.parameters, parameters).map { ($0.path, $1) }
    let buffers = zip(table.buffers, buffers).map { ($0.path, $1) }
    try TensorFile.write(parameters + buffers, to: path)
  }

  /// Reads the weights of a model; every parameter and buffer must be there in its shape.
  package init(of table: ModuleTable, from path: String) throws {
    let file = try SafetensorsFile(path)
    parameters = try table.parameters.map { entry in
      try TensorFile.read(
        entry.path, shape: entry.parameter.shape, dtype: entry.parameter.dtype, from: file)
    }
    buffers = try table.buffers.map { entry in
      try TensorFile.read(
        entry.path, shape: entry.buffer.shape, dtype: entry.buffer.dtype, from: file)
    }
  }
}
