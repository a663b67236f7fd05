// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// In training shows each image otherwise every time: mirrored, moved, with a piece missing; in use
/// the identity.
///
/// `x: [B, H, W, C] -> [B, H, W, C]`, of any type. What is done to an image depends on the
/// training's seed, the step, and its place in the batch; see ``Context``.
public struct ImageAugmentation: Layer, CustomStringConvertible {
  /// Whether half of the images are mirrored left to right.
  public let flips: Bool
  /// How far images are moved at most, up or down and sideways, in pixels; zeros move in.
  public let shift: Int
  /// The side of a square that is set to zero, at any place, in pixels (T. DeVries, G. W. Taylor,
  /// "Improved regularization of convolutional neural networks with cutout", 2017); 0: none.
  public let cutout: Int
  private let place = Place()

  /// A layer that does what is asked for.
  public init(flips: Bool = false, shift: Int = 0, cutout: Int = 0) {
    precondition(shift >= 0 && cutout >= 0, "a shift and a square have sizes from 0 on")
    self.flips = flips
    self.shift = shift
    self.cutout = cutout
  }

  /// `ImageAugmentation flips, shift 4, cutout 8`.
  public var description: String {
    let parts = [
      flips ? "flips" : nil, shift > 0 ? "shift \(shift)" : nil,
      cutout > 0 ? "cutout \(cutout)" : nil,
    ]
    let text = parts.compactMap { $0 }.joined(separator: ", ")
    return "ImageAugmentation " + (text.isEmpty ? "nothing" : text)
  }

  /// `x: [B, H, W, C] -> [B, H, W, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let context = Context.current
    guard context.isTraining, x.rank == 4, x.count > 0 else { return x }
    let key = context.draw(at: place)
    let moved = flips || shift > 0 ? self.moved(x, key) : x
    return cutout > 0 ? cut(moved, key.folded(3)) : moved
  }

  /// Each pixel of the result is one of the input, or of the zeros around it: one gather.
  private func moved(_ x: Tensor, _ key: RandomKey) -> Tensor {
    let (batch, height, width) = (x.shape[0], x.shape[1], x.shape[2])
    let form: Shape = [batch, height, width]
    let each: Shape = [batch, 1, 1]
    let reach = Int32(2 * shift + 1)
    var row = Tensor.iota(form, along: 1)
    var column = Tensor.iota(form, along: 2)
    if flips {
      let mirrored = Tensor.bernoulli(each, probability: 0.5, key: key.folded(0))
      column = select(mirrored.broadcast(to: form), Float(width - 1) - column, column)
    }
    var source = x
    if shift > 0 {
      // The drawn numbers are from 0 on, for the image begins at `shift` in its frame.
      row = row + Tensor.integers(each, in: 0..<reach, key: key.folded(1))
      column = column + Tensor.integers(each, in: 0..<reach, key: key.folded(2))
      source = x.padded([(0, 0), (shift, shift), (shift, shift), (0, 0)])
    }
    let (rows, columns) = (source.shape[1], source.shape[2])
    let image = Tensor.iota(form, along: 0)
    let index = (image * Float(rows) + row) * Float(columns) + column
    return source.reshaped(to: [batch * rows * columns, x.shape[3]]).gathered(index)
  }

  private func cut(_ x: Tensor, _ key: RandomKey) -> Tensor {
    let form: Shape = [x.shape[0], x.shape[1], x.shape[2]]
    let each: Shape = [x.shape[0], 1, 1]
    func isInside(_ axis: Int) -> Tensor {
      let size = Int32(x.shape[axis])
      let start =
        Tensor.integers(each, in: 0..<size, key: key.folded(UInt64(axis))) - Float(cutout / 2)
      let position = Tensor.iota(form, along: axis)
      return (position .>= start) .& (position .< start + Float(cutout))
    }
    let hidden = (isInside(1) .& isInside(2)).expanded(at: 3).broadcast(to: x.shape)
    return select(hidden, Tensor.literal(0, like: x), x)
  }
}

/// In training blends each example with another of its batch, and the losses of their targets
/// likewise (H. Zhang et al., "mixup: beyond empirical risk minimization", 2017).
///
/// An example keeps a share of 1 − u of itself, u uniform from 0 to half of `strength`, the same in
/// the whole batch; its partner is the one as far from the batch's end as it is from its beginning.
/// The share depends on the training's seed and the step.
public struct Mixup: Sendable {
  /// From 0, nothing, to 1, up to half of another example.
  public let strength: Float

  /// A blend; 0 leaves everything as it is.
  public init(_ strength: Float) {
    precondition(strength >= 0 && strength <= 1, "a strength of \(strength) is outside 0 ... 1")
    self.strength = strength
  }

  private var isAtWork: Bool { strength > 0 && Context.current.isTraining }

  /// How much of themselves examples keep, a scalar.
  private var share: Tensor {
    let drawn = Tensor.uniform([], key: Context.current.key.folded("mixup"))
    return 1 - drawn * (0.5 * strength)
  }

  /// The examples, blended along the first axis: `x: [B, …] -> [B, …]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard isAtWork, x.rank > 0 else { return x }
    let other = x.reversed(along: 0)
    return other + (x - other) * share
  }

  /// The loss of blended examples: `loss` of the targets, and of those of their partners.
  public func loss(_ targets: Tensor, _ loss: (Tensor) -> Loss) -> Loss {
    let own = loss(targets)
    guard isAtWork, targets.rank > 0 else { return own }
    let other = loss(targets.reversed(along: 0))
    let share = self.share
    let sum = other.sum + (own.sum - other.sum) * share
    if let count = own.count { return Loss(sum: sum, count: Int(count)) }
    return Loss(sum: sum, weight: other.weight + (own.weight - other.weight) * share)
  }
}
