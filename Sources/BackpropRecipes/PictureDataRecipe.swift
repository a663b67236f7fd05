// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropFormats

/// How the PNG and JPEG files of a recipe become examples.
public struct PictureDataRecipe: Hashable, Sendable {
  /// The height and width that every image is brought to; nil: all have one size.
  public var size: ImageSize?
  /// The channels that every image is brought to, 1 (grey) or 3 (colour); nil: as the images have.
  public var channels: Int?

  private static let keys: [DataKey] = [.size, .channels]

  /// nil where the source is no folder of images.
  init?(_ keys: Section<DataKey>, source: DataRecipe.Source) throws(RecipeError) {
    guard source == .images else {
      if let key = PictureDataRecipe.keys.first(where: keys.has) {
        throw keys.error(
          key, "is for images in a folder, and the source is \(source.rawValue)", "remove it")
      }
      return nil
    }
    if let sides = try keys.sides(.size, in: 1...4096) {
      guard sides[0] * sides[1] * 3 < PictureFolder.mostNumbers else {
        throw keys.error(
          .size, "is \(sides[0])x\(sides[1]) pixels of up to 3 channels",
          "an example has fewer than \(PictureFolder.mostNumbers) numbers")
      }
      size = ImageSize(height: sides[0], width: sides[1])
    }
    channels = try keys.integer(.channels, in: 1...3)
    guard channels != 2 else {
      throw keys.error(.channels, "is 2", "write 1 for grey images, 3 for colours")
    }
  }

  func write(_ object: inout JSONObject) {
    object["size"] = size.map { .array([.integer($0.height), .integer($0.width)]) }
    object["channels"] = channels.map { .integer($0) }
  }

  /// Whether examples of this shape come of it.
  func fits(_ shape: DataShape) -> Bool {
    shape.isImage && channels ?? shape.example[2] == shape.example[2]
      && (size.map { [$0.height, $0.width] == Array(shape.example[..<2]) } ?? true)
  }
}

extension Recipe {
  /// The images of this recipe's folder, not read; nil where there are none.
  func pictures(_ places: DataPlaces) throws -> PictureFolder? {
    guard let images = data.images, let folder = data.folder else { return nil }
    return try PictureFolder(
      try places.exampleFolder(),
      options: PictureFolder.Options(
        files: try folderOptions(folder), size: images.size, channels: images.channels))
  }
}

extension RecipeData {
  /// The images of a recipe's folder; nil where its data are none.
  static func pictures(_ recipe: Recipe, _ places: DataPlaces) throws -> DataParts? {
    try recipe.pictures(places)?.parts(
      name: recipe.name, validationFraction: recipe.data.validationFraction,
      testFraction: recipe.data.testFraction, seed: UInt64(recipe.seed))
  }
}

extension DataShape {
  /// The shape of images in a folder; nil where the data are none. At most their heads are read.
  init?(pictures recipe: Recipe, _ places: DataPlaces) throws {
    guard let folder = try recipe.pictures(places) else { return nil }
    let classes = folder.files.classNames
    self.init(
      example: folder.shape, codeCounts: [], outputs: classes.count, classNames: classes,
      pixelMaximum: 255)
  }
}

extension PredictionInput {
  /// One PNG or JPEG file, made like the images that the network has learned from.
  static func picture(_ path: String, _ bytes: [UInt8], _ predictor: Predictor) throws -> Examples {
    let shape = predictor.shape
    let (height, width, channels) = (shape.example[0], shape.example[1], shape.example[2])
    var reader = PictureReader(
      size: ImageSize(height: height, width: width), channels: channels,
      resizes: predictor.recipe.data.images?.size != nil)
    let pixels = try reader.pixels(of: try Picture(parsing: bytes, file: path), path)
    let full = [1] + shape.example
    if shape.pixelMaximum == 255 {
      return Examples(features: DataArray(shape: full, storage: .bytes(pixels)))
    }
    let scale = shape.pixelMaximum / 255
    return Examples(
      features: DataArray(shape: full, storage: .float(pixels.map { Float($0) * scale })))
  }
}
