// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

/// Values that do not fit into a node's word, each kept once under a number.
final class InternTable<Fields: Hashable & Sendable>: Sendable {
  private struct State {
    var ids: [Fields: UInt32] = [:]
    var fields: [Fields] = []
  }
  private let state = Mutex(State())

  func id(of fields: Fields) -> UInt32 {
    state.withLock { state in
      if let id = state.ids[fields] { return id }
      let id = UInt32(state.fields.count)
      state.ids[fields] = id
      state.fields.append(fields)
      return id
    }
  }

  subscript(id: UInt32) -> Fields { state.withLock { $0.fields[Int(id)] } }
}
