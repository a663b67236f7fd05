// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Synchronization

/// Weights in another type, each cast when it is first used, and again only when it changed: for
/// many steps that change none, such as the tokens of a text.
package final class CastWeights: Sendable {
  private struct Cast: Sendable {
    let parameter: Parameter
    /// The value that was cast.
    let value: Tensor
    let cast: Tensor
  }
  private let casts = Mutex<[ObjectIdentifier: Cast]>([:])

  /// No weights yet.
  package init() {}

  /// The value of a parameter in a type. The tensor is held, so that it is computed once.
  func cast(_ parameter: Parameter, to dtype: DType) -> Tensor {
    let value = parameter.value
    return casts.withLock { casts in
      let known = casts[ObjectIdentifier(parameter)]
      if let known, known.value.node === value.node, known.cast.dtype == dtype {
        return known.cast
      }
      let cast = value.cast(to: dtype)
      casts[ObjectIdentifier(parameter)] = Cast(parameter: parameter, value: value, cast: cast)
      return cast
    }
  }
}
