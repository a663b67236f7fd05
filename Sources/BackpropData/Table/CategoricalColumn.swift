// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How the texts of one column become numbers, as learned from the training part.
public struct CategoricalColumn: Hashable, Sendable {
  /// The name of the column.
  public let name: String
  /// The categories, in the order of their bytes.
  public let categories: [String]
  /// The missing values in the training part.
  public let missingCount: Int
  /// How categories become numbers.
  public let encoding: CategoryEncoding

  package init(
    name: String, categories: [String], missingCount: Int, encoding: CategoryEncoding
  ) {
    self.name = name
    self.categories = categories
    self.missingCount = missingCount
    self.encoding = encoding
  }

  /// The features this column makes: none where it goes through an embedding.
  public var featureCount: Int {
    switch encoding {
    case .oneHot: categories.count + (missingCount > 0 ? 1 : 0)
    case .codes: 0
    }
  }

  /// Different codes for an embedding: unknown, missing, and the categories.
  public var codeCount: Int { categories.count + 2 }
}
