// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Everything a module consists of, in the order of its properties.
public struct ModuleTable: Sendable {
  /// A parameter, its path, and the other paths under which it is found.
  public struct ParameterEntry: Sendable {
    /// The first path, e.g. `layers.0.weight`.
    public let path: String
    /// The parameter.
    public let parameter: Parameter
    /// The paths of the same parameter elsewhere: tied weights.
    public internal(set) var aliases: [String]
  }

  /// A buffer and its path.
  public struct BufferEntry: Sendable {
    /// The first path, e.g. `norm.running_mean`.
    public let path: String
    /// The buffer.
    public let buffer: Buffer
  }

  /// A module with parameters or buffers of its own, and its path.
  public struct LayerEntry: Sendable {
    /// The path, empty for the module itself.
    public let path: String
    /// The type, e.g. `Linear`, or what the layer says of itself: `Linear 784→128`.
    public let description: String
    /// The parameters that are its own properties.
    public internal(set) var parameters: [Parameter] = []
  }

  struct PlaceEntry: Sendable {
    let path: String
    let place: Place
  }

  /// The parameters, each once.
  public private(set) var parameters: [ParameterEntry] = []
  /// The buffers, each once.
  public private(set) var buffers: [BufferEntry] = []
  /// The modules, in the order in which they are found.
  public private(set) var layers: [LayerEntry] = []
  private(set) var places: [PlaceEntry] = []

  private var known: [ObjectIdentifier: Int] = [:]

  init(_ module: some Module) {
    visit(module, path: "", layer: nil)
  }

  /// Looks at a value; `layer` is the index of the module that it is a property of.
  private mutating func visit(_ value: Any, path: String, layer: Int?) {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      // What an optional holds is a module once, not also as the optional.
      for child in mirror.children { visit(child.value, path: path, layer: layer) }
      return
    }
    switch value {
    case let parameter as Parameter: add(parameter, path, layer)
    case let buffer as Buffer:
      if known.updateValue(buffers.count, forKey: ObjectIdentifier(buffer)) == nil {
        buffers.append(BufferEntry(path: path, buffer: buffer))
      }
    case let place as Place:
      // A place is named for the layer it stands in.
      let name = path.split(separator: ".").dropLast().joined(separator: ".")
      places.append(PlaceEntry(path: name, place: place))
    case let module as any Module:
      layers.append(LayerEntry(path: path, description: describe(module)))
      children(of: value, path, layer: layers.count - 1, keys: type(of: module).keys)
    case is Tensor, is Shape: break
    default: children(of: value, path, layer: layer, keys: [:])
    }
  }

  private mutating func add(_ parameter: Parameter, _ path: String, _ layer: Int?) {
    if let index = known[ObjectIdentifier(parameter)] {
      parameters[index].aliases.append(path)
      return
    }
    known[ObjectIdentifier(parameter)] = parameters.count
    parameters.append(ParameterEntry(path: path, parameter: parameter, aliases: []))
    if let layer { layers[layer].parameters.append(parameter) }
  }

  private mutating func children(
    of value: Any, _ path: String, layer: Int?, keys: [String: String]
  ) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .enum:
      for child in mirror.children { visit(child.value, path: path, layer: layer) }
    case .collection, .set:
      for (index, child) in mirror.children.enumerated() {
        visit(child.value, path: join(path, "\(index)"), layer: layer)
      }
    case .dictionary:
      let pairs = mirror.children.compactMap { child -> (String, Any)? in
        let pair = Mirror(reflecting: child.value).children.map(\.value)
        return pair.count == 2 ? ("\(pair[0])", pair[1]) : nil
      }
      for (key, element) in pairs.sorted(by: { $0.0 < $1.0 }) {
        visit(element, path: join(path, key), layer: layer)
      }
    case .struct, .class, .tuple:
      for child in mirror.children {
        guard let label = child.label else { continue }
        let plain =
          mirror.displayStyle == .tuple && label.first == "." ? label.dropFirst() : label[...]
        visit(child.value, path: join(path, keys[label] ?? String(plain)), layer: layer)
      }
    default: break
    }
  }

  private func join(_ path: String, _ part: String) -> String {
    path.isEmpty ? part : (part.isEmpty ? path : "\(path).\(part)")
  }

  private func describe(_ module: any Module) -> String {
    (module as? any CustomStringConvertible)?.description ?? "\(type(of: module))"
  }
}
