// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension IR {
  /// Attention whose draws are uniform random numbers gets their key for an operand less, so that
  /// the numbers are made where they are used and are in memory only if something else needs them.
  mutating func takeKeysOfDraws() {
    for index in values.indices {
      let draws: Int?
      switch values[index].primitive {
      case .attention(let form), .attentionGradient(let form): draws = form.fields.draws
      default: draws = nil
      }
      guard let draws, let key = keyOfUniform(values[index].operands[draws]) else { continue }
      values[index].scalar = key
      values[index].operands.remove(at: draws)
    }
  }

  /// The place among the scalars of the key of a value's numbers, if they are uniform random ones;
  /// a barrier has nothing to wait for then.
  private func keyOfUniform(_ index: Int) -> Int? {
    let value = values[index]
    switch value.primitive {
    case .random(.uniform): return value.scalar
    case .barrier, .reshape: return keyOfUniform(value.operands[0])
    default: return nil
    }
  }
}
