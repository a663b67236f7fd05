// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

/// Where a layer without parameters stands in its model: what its random draws are keyed by.
public final class Place: Sendable {
  private let state = Mutex("")
  private let creation = Creation.next()

  /// A place that has no path yet.
  public init() {}

  /// The dotted path of the layer; see ``Parameter/path``.
  public var path: String { state.withLock { $0 } }

  package func name(_ path: String) { state.withLock { $0 = path } }

  func copy() -> Place {
    let copy = Place()
    copy.name(path)
    return copy
  }

  /// The path as a number; before there is one, the order of creation.
  var number: UInt64 {
    let path = self.path
    if path.isEmpty { return creation }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a, 64 bits
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }
}
