// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// A result that cannot be computed, with the layer's place in the model: `model.body.2 (Linear
/// 784→128)`. The place is looked up only here, so a layer that works pays nothing for it.
func failed(
  _ operation: String, _ operands: [Tensor], _ rule: String, hint: String, shape: Shape,
  layer: some CustomStringConvertible, leaf: String?
) -> Tensor {
  if let earlier = operands.lazy.compactMap(\.failure).first {
    return Tensor(Node(failure: earlier, shape: shape, dtype: operands[0].dtype))
  }
  let parts = leaf.map { $0.split(separator: ".").dropLast() } ?? []
  let outer = ModelPath.current.names
  let path = (["model"] + (parts.isEmpty ? outer : parts.map(String.init))).joined(separator: ".")
  let error = ShapeError(
    operation: operation, operands: operands.map(\.shape), rule: rule, hint: hint,
    path: "\(path) (\(layer))")
  return Tensor(Node(failure: error, shape: shape, dtype: operands[0].dtype))
}
