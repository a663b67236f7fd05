// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph
package import BackpropNN

/// The values of a model's parameters and buffers at one moment.
///
/// Values are immutable tensors, so this costs no copy; the next update writes its result to fresh
/// memory instead of in place.
package struct Weights: Sendable {
  package let parameters: [Tensor]
  package let buffers: [Tensor]

  package init(parameters: [Tensor], buffers: [Tensor]) {
    self.parameters = parameters
    self.buffers = buffers
  }

  package init(of table: ModuleTable) {
    parameters = table.parameters.map(\.parameter.value)
    buffers = table.buffers.map(\.buffer.value)
  }

  package func install(in table: ModuleTable) {
    for (entry, value) in zip(table.parameters, parameters) { entry.parameter.replace(value) }
    for (entry, value) in zip(table.buffers, buffers) { entry.buffer.replace(value) }
  }
}
