// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropFormats

/// Examples without known targets, read for a network from a file.
public struct PredictionInput: Sendable {
  /// The examples.
  public let examples: Examples
  /// The line of the file that each example stands on; empty for images and sounds that are no rows.
  public let lines: [Int]
  /// The dates that are forecast; empty where none are known.
  public let dates: [String]
  /// Whether the file is one example: an image or a recording.
  public let isOneFile: Bool

  /// Reads the last window of a table that is forecast, series of the UCR/UEA archive,
  /// rows of a table as they are, texts (a table with the recipe's columns, or a text on each
  /// line), a WAVE file, a PNG or JPEG file, images of an IDX file, or rows of pixels in a CSV file.
  public init(_ path: String, for predictor: Predictor) throws {
    try predictor.checkPredicts()
    if let series = predictor.series {
      isOneFile = false
      (examples, lines, dates) = try PredictionInput.series(path, predictor, series)
      return
    }
    dates = []
    if let preprocessor = predictor.preprocessor {
      isOneFile = false
      let table = try preprocessor.read(path)
      guard table.rowCount > 0 else {
        throw DataError(source: path, what: "the table has no rows", remedy: "give at least one")
      }
      examples = try preprocessor.examples(table, needsTarget: false)
      lines = (0..<table.rowCount).map(table.line(ofRow:))
      return
    }
    if predictor.recipe.data.source == .sound {
      isOneFile = true
      (examples, lines) = (try PredictionInput.sound(path, predictor.shape, predictor.recipe), [])
      return
    }
    if let vocabulary = predictor.vocabulary {
      isOneFile = false
      (examples, lines) = try PredictionInput.texts(path, predictor, vocabulary)
      return
    }
    let bytes = try FileContents.expanded(path)
    if predictor.shape.isImage,
      Picture.isPicture(bytes) || predictor.recipe.data.source == .images
    {
      isOneFile = true
      (examples, lines) = (try PredictionInput.picture(path, bytes, predictor), [])
      return
    }
    isOneFile = false
    // The first two bytes of IDX are zero, which no text begins with.
    if bytes.starts(with: [0, 0]) {
      examples = try PredictionInput.images(bytes, path, predictor.shape)
      lines = []
    } else {
      (examples, lines) = try PredictionInput.pixels(bytes, path, predictor.shape)
    }
  }

  /// The files to read: each path, where a folder stands for the images or the recordings in it and
  /// in its folders, as far as the network is one for such files.
  ///
  /// - Throws: a ``DataError`` where a folder holds none, or where there are several files and the
  ///   network reads others.
  public static func files(_ paths: [String], for predictor: Predictor) throws -> [String] {
    let isSound = predictor.recipe.data.source == .sound
    guard isSound || predictor.shape.isImage else {
      guard paths.count < 2 else {
        throw DataError(
          source: paths[1],
          what: "this is one file more than is read, as the network reads no images or recordings",
          remedy: "give \(paths[0]) alone")
      }
      return paths
    }
    return try paths.flatMap { path in
      guard FileKind(of: path) == .folder else { return [path] }
      let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
      return try LabeledFolder.paths(in: folder, isSound ? .sounds : .images)
    }
  }

  private static func images(
    _ bytes: [UInt8], _ path: String, _ shape: DataShape
  ) throws -> Examples {
    let file = try IDX(parsing: bytes, file: path)
    let wanted = Array(shape.example.dropLast())
    guard file.shape.first != 0 else {
      throw DataError(source: path, what: "there are no images", remedy: "give at least one")
    }
    guard file.type == .uint8, Array(file.shape.dropFirst()) == wanted else {
      throw DataError(
        source: path,
        what: "the images are \(file.shape.dropFirst().map(String.init).joined(separator: "x")), "
          + "and the network reads \(wanted.map(String.init).joined(separator: "x"))",
        remedy: "give images of that size")
    }
    return Examples(
      features: DataArray(shape: file.shape + [1], storage: .bytes(file.bytes)))
  }

  private static func pixels(
    _ bytes: [UInt8], _ path: String, _ shape: DataShape
  ) throws -> (Examples, [Int]) {
    let table = try CSVTable(parsing: bytes, file: path, options: CSVOptions())
    let size = shape.features
    guard table.rowCount > 0 else {
      throw DataError(source: path, what: "the table has no rows", remedy: "give at least one")
    }
    // A last column may hold the label; it is not looked at.
    guard table.columnCount == size || table.columnCount == size + 1 else {
      throw DataError(
        source: path,
        what: "the rows have \(table.columnCount) columns, and an image has \(size) pixels",
        remedy: "give a row of \(size) numbers for each image")
    }
    var pixels: [Float] = []
    pixels.reserveCapacity(table.rowCount * size)
    for row in 0..<table.rowCount {
      for column in 0..<size {
        let text = table.text(row: row, column: column)
        guard let value = Float(text), value >= 0, value <= shape.pixelMaximum else {
          throw DataError(
            source: path, line: table.line(ofRow: row),
            what: "'\(text)' in column \(column + 1) is no pixel",
            remedy: "write a number from 0 to \(Int(shape.pixelMaximum))")
        }
        pixels.append(value)
      }
    }
    let examples = Examples(
      features: DataArray(shape: [table.rowCount, size], storage: .float(pixels)))
    return (examples, (0..<table.rowCount).map(table.line(ofRow:)))
  }
}
