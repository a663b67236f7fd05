// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A part of a network: a struct of `let`s that are parameters, buffers or modules, and a
/// `callAsFunction` that says what it computes.
///
///     struct Classifier: Module {
///       let hidden: Linear, output: Linear
///       init(inputs: Int, classes: Int) {
///         hidden = Linear(inputs, 128)
///         output = Linear(128, classes)
///       }
///       func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
///     }
///
/// Arrays, optionals, dictionaries with string keys and nested structs of modules are looked into.
/// A parameter that is found twice is one parameter: tied weights.
public protocol Module: Sendable {
  /// Other names for properties in paths and files, as `CodingKeys` has them:
  /// `["attention": "attn"]`. An empty name leaves the part out. No renaming by default.
  static var keys: [String: String] { get }
}

extension Module {
  /// Properties keep their names.
  public static var keys: [String: String] { [:] }
}

/// A module from a tensor to a tensor, which can stand in a ``Sequential``.
public protocol Layer: Module {
  /// The layer's result for `x`.
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Module {
  /// The module's parameters and buffers with their paths, found by one look through it.
  public var table: ModuleTable { ModuleTable(self) }

  /// Parameters whose path matches a glob; all by default. See ``Glob``.
  public func parameters(_ glob: String = "**") -> [Parameter] {
    let pattern = Glob(glob)
    return table.parameters.filter { pattern.matches($0.path) }.map(\.parameter)
  }

  /// Leaves the parameters that match out of gradients and updates.
  public func freeze(_ glob: String = "**") { parameters(glob).forEach { $0.setFrozen(true) } }

  /// Lets the parameters that match be trained again.
  public func unfreeze(_ glob: String = "**") { parameters(glob).forEach { $0.setFrozen(false) } }

  /// Gives every parameter its path and a fresh initial value by this seed, and every buffer its
  /// first value. Values are drawn when they are first needed.
  public func initialize(seed: UInt64) {
    let table = self.table
    for entry in table.parameters { entry.parameter.reset(seed: seed, path: entry.path) }
    for entry in table.buffers { entry.buffer.reset(path: entry.path) }
    for entry in table.places { entry.place.name(entry.path) }
  }

  /// Gives parameters, buffers and places their paths in this module; values stay.
  @discardableResult
  package func named() -> ModuleTable {
    let table = self.table
    table.named()
    return table
  }
}

extension ModuleTable {
  /// Gives parameters, buffers and places their paths; values stay.
  package func named() {
    for entry in parameters { entry.parameter.name(entry.path) }
    for entry in buffers { entry.buffer.name(entry.path) }
    for entry in places { entry.place.name(entry.path) }
  }
}
