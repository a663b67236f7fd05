// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What may stand in an array literal that becomes a tensor: numbers, truth values, and lists of
/// them.
public enum TensorLiteral: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
  /// A number.
  case number(Float)
  /// `true` or `false`.
  case truth(Bool)
  /// The elements along an axis.
  case list([TensorLiteral])

  /// A number with a point.
  public init(floatLiteral value: Float) { self = .number(value) }
  /// A number without a point.
  public init(integerLiteral value: Int) { self = .number(Float(value)) }
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .truth(value) }
  /// The elements along an axis.
  public init(arrayLiteral elements: TensorLiteral...) { self = .list(elements) }

  /// The sizes along the first elements.
  fileprivate var sizes: [Int] {
    guard case .list(let elements) = self else { return [] }
    return [elements.count] + (elements.first?.sizes ?? [])
  }

  /// Appends the leaves in order.
  ///
  /// - Returns: whether each list has the size that the shape says.
  fileprivate func append(to leaves: inout [TensorLiteral], _ sizes: ArraySlice<Int>) -> Bool {
    guard case .list(let elements) = self else {
      leaves.append(self)
      return sizes.isEmpty
    }
    guard let size = sizes.first, size == elements.count else { return false }
    return elements.allSatisfy { $0.append(to: &leaves, sizes.dropFirst()) }
  }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// `let x: Tensor = [[1, 2], [3, 4]]`: numbers become float32, truth values bool.
  ///
  /// Lists of different lengths make a tensor that carries a ``ShapeError``.
  public init(arrayLiteral elements: TensorLiteral...) {
    let literal = TensorLiteral.list(elements)
    let sizes = literal.sizes
    var leaves: [TensorLiteral] = []
    guard sizes.count <= Shape.maximumRank, literal.append(to: &leaves, sizes[...]) else {
      self = .failed(
        "Tensor literal", [],
        "all lists at one depth must be equally long, and at most \(Shape.maximumRank) deep",
        shape: [elements.count], dtype: .float32)
      return
    }
    var numbers: [Float] = []
    var truths: [Bool] = []
    for leaf in leaves {
      switch leaf {
      case .number(let number): numbers.append(number)
      case .truth(let truth): truths.append(truth)
      case .list: break
      }
    }
    let shape = Shape(sizes)
    if truths.isEmpty {
      self.init(numbers, shape: shape)
    } else if numbers.isEmpty {
      self.init(truths, shape: shape)
    } else {
      self = .failed(
        "Tensor literal", [], "numbers and truth values cannot stand in one tensor", shape: shape,
        dtype: .float32)
    }
  }
}
