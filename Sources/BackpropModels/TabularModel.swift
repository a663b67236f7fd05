// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A network for tables: a learned vector for each category, beside the numbers, into an ``MLP``
/// (C. Guo, F. Berkhahn, "Entity embeddings of categorical variables", 2016).
///
/// `numbers: [B, numeric] float`, `categories: [B, columns] int32 -> [B, outputs]`.
public struct TabularModel: Module, CustomStringConvertible {
  /// A table of vectors for each categorical column.
  public let embeddings: [Embedding]
  /// Drops features of the joined row in training.
  public let dropout: Dropout
  /// What makes the outputs of the joined row.
  public let body: MLP
  /// The number of numeric columns.
  public let numeric: Int

  /// A model for a table.
  ///
  /// - Parameters:
  ///   - numeric: the number of numeric columns.
  ///   - categories: how many categories each categorical column has, those for missing and
  ///     unknown values included.
  ///   - vectorSize: the size of a column's vectors; nil: min(50, ⌈categories / 2⌉).
  ///   - inputDropout: of the joined row.
  public init(
    numeric: Int, categories: [Int], hidden: [Int], outputs: Int, vectorSize: Int? = nil,
    activation: Activation = .relu, norm: Normalization.Kind = .none, dropout: Float = 0,
    inputDropout: Float = 0
  ) {
    precondition(
      numeric >= 0 && numeric + categories.count > 0,
      "a table needs columns: \(numeric) numeric and \(categories.count) categorical were given")
    self.numeric = numeric
    let sizes = categories.map { vectorSize ?? min(50, ($0 + 1) / 2) }
    // Small at first, so that no category speaks louder than the numbers.
    embeddings = zip(categories, sizes).map {
      Embedding($0, $1, initializer: .normal(standardDeviation: 0.05))
    }
    self.dropout = Dropout(inputDropout)
    body = MLP(
      [numeric + sizes.reduce(0, +)] + hidden + [outputs], activation: activation, norm: norm,
      dropout: dropout)
  }

  /// `TabularModel 6 numbers, 8 categories, MLP 40→64→2`.
  public var description: String {
    "TabularModel \(numeric) numbers, \(embeddings.count) categories, \(body)"
  }

  /// `numbers: [B, numeric]`, `categories: [B, columns] int32 -> [B, outputs]`. Either may be nil
  /// where the table has no such columns.
  public func callAsFunction(numbers: Tensor?, categories: Tensor?) -> Tensor {
    var parts: [Tensor] = []
    if numeric > 0 {
      guard let numbers, numbers.rank == 2, numbers.shape[1] == numeric else {
        return misfit(numbers, "[B, \(numeric)] numbers")
      }
      parts.append(numbers)
    }
    if !embeddings.isEmpty {
      guard let categories, categories.rank == 2, categories.shape[1] == embeddings.count else {
        return misfit(categories, "[B, \(embeddings.count)] categories")
      }
      for (column, embedding) in embeddings.enumerated() {
        parts.append(embedding(categories.sliced(along: 1, column..<(column + 1)).squeezed(at: 1)))
      }
    }
    return body(dropout(concatenate(parts, along: 1)))
  }

  private func misfit(_ given: Tensor?, _ wanted: String) -> Tensor {
    .failed(
      "TabularModel", given.map { [$0] } ?? [], "the table needs \(wanted)",
      hint: "give the columns that the model was made for",
      shape: [given.map { $0.rank > 0 ? $0.shape[0] : 1 } ?? 1, body.output.outputs],
      dtype: .float32)
  }
}
