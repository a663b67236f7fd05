// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
public import BackpropGraph
public import BackpropNN
import BackpropRuntime

/// Goes on with a sequence of tokens, one after the other, each drawn from what the model says.
///
/// The prompt is read in one pass. What the model remembers of the places before is kept, so that a
/// token costs one place's work. When the model's context is full, the older half of it is
/// forgotten and the rest read again. Which tokens come is a pure function of model, prompt,
/// sampling, seed and precision.
public struct Generator {
  private let model: any Decoder
  private let sampling: Sampling
  private let seed: UInt64
  private let precision: DType?
  private let casts = CastWeights()
  private var state: DecoderState
  /// All tokens so far, the prompt's among them.
  public private(set) var tokens: [Int32]
  private var unread: [Int32]

  /// A generator that has read nothing; `prompt` is read when the first token is asked for. Of a
  /// prompt that the context has no room for only the end is read.
  ///
  /// - Parameters:
  ///   - prompt: at least one token.
  ///   - precision: the type in which products are computed; nil: that of the weights. Weights of
  ///     another type are cast once, and the generator keeps them.
  public init(
    _ model: some Decoder, prompt: [Int32], sampling: Sampling = Sampling(), seed: UInt64 = 0,
    precision: DType? = nil
  ) {
    precondition(!prompt.isEmpty, "a prompt has at least one token")
    self.model = model
    self.sampling = sampling
    self.seed = seed
    self.precision = precision
    state = Context.evaluating(precision: precision) {
      model.start(batch: 1, capacity: model.context)
    }
    tokens = prompt
    unread = prompt
  }

  /// The next token.
  public mutating func next() throws -> Int32 {
    if state.position + unread.count > model.context {
      state = Context.evaluating(precision: precision) {
        model.start(batch: 1, capacity: model.context)
      }
      unread = Array(tokens.suffix(max(1, model.context / 2)))
    }
    let logits = try read()
    let word = Philox.word(seed: seed, epoch: 0, number: tokens.count, purpose: .sampling)
    // The upper 53 bits as a number in 0 ..< 1.
    let token = sampling.token(
      logits, earlier: Array(tokens.suffix(model.context)), at: Double(word >> 11) * 0x1p-53)
    tokens.append(token)
    unread = [token]
    return token
  }

  /// The logits behind what was not read yet: a prompt in one pass, or one token.
  private mutating func read() throws -> [Float] {
    try Context.evaluating(precision: precision, keeping: casts) {
      let tokens = Tensor(unread)
      let made = Composition.$isPlain.withValue(true) {
        state.position == 0
          ? model.read(tokens.expanded(at: 0), state: &state) : model.next(tokens, state: &state)
      }
      let logits = made.cast(to: .float32)
      try BackpropRuntime.evaluate([logits] + state.tensors)
      return try logits.array()
    }
  }
}
