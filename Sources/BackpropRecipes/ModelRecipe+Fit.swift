// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData

extension ModelRecipe {
  /// Whether the network can be made for data of a shape.
  ///
  /// - Throws: a ``DataError`` where the images are too small, or patches do not cover them.
  func check(fits shape: DataShape) throws(DataError) {
    guard shape.isImage else { return }
    let size = "\(shape.example[0])x\(shape.example[1])"
    if kind == .cnn {
      let most = min(shape.example[0], shape.example[1]).halvings
      guard channels.count <= most else {
        throw DataError(
          what: "images of \(size) pixels can be halved \(most) times, and model.channels has "
            + "\(channels.count) stages", remedy: "write at most \(most) numbers of channels")
      }
    }
    if let patches {
      let patch = patches.patch
      guard shape.example[0] % patch == 0, shape.example[1] % patch == 0 else {
        throw DataError(
          what: "images of \(size) pixels cannot be cut into patches of \(patch)x\(patch)",
          remedy: "choose a model.patch that divides both sides")
      }
    }
  }
}

extension Int {
  /// How often the number can be halved, rounding down, before it is less than one.
  fileprivate var halvings: Int { self < 2 ? 0 : 1 + (self / 2).halvings }
}
