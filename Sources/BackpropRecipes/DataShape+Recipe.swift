// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

extension DataShape {
  /// The shape of a recipe's data, reading no more than the shape needs: nothing where the data is
  /// well known, a file's head for images, the table for a table.
  public init(_ recipe: Recipe, location: String? = nil, folder: String? = nil) throws {
    let places = DataPlaces(recipe, location: location, folder: folder)
    if let shape = try DataShape(sounds: recipe, places) {
      self = shape
      return
    }
    if let shape = try DataShape(pictures: recipe, places) {
      self = shape
      return
    }
    switch recipe.data.source {
    case .digits:
      self.init(image: [8, 8, 1], classNames: (0..<10).map { String($0) }, pixelMaximum: 16)
    case .mnist:
      self.init(image: [28, 28, 1], classNames: (0..<10).map { String($0) }, pixelMaximum: 255)
    case .fashionMNIST:
      self.init(image: [28, 28, 1], classNames: ImageFolder.fashionNames, pixelMaximum: 255)
    case .cifar10:
      self.init(image: [32, 32, 3], classNames: ImageFolder.cifarNames, pixelMaximum: 255)
    case .idx, .csv, .text, .lines, .labeledText, .pairs, .series, .forecast, .sound, .images:
      self = try RecipeData(recipe, location: location, folder: folder).shape
    }
  }

  private init(image: [Int], classNames: [String], pixelMaximum: Float) {
    self.init(
      example: image, codeCounts: [], outputs: classNames.count, classNames: classNames,
      pixelMaximum: pixelMaximum)
  }
}
