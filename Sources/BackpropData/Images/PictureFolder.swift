// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Images in a folder of PNG and JPEG files, each with a label: in its name, or the name of the
/// sub-folder that it lies in.
public struct PictureFolder: Sendable {
  /// How images are found, divided and made alike.
  public struct Options: Hashable, Sendable {
    /// How images are found and divided.
    public var files: LabeledFolder.Options
    /// The height and width that every image is brought to; nil: all have one size.
    public var size: ImageSize?
    /// The channels that every image is brought to, 1 (grey) or 3 (colour); nil: 3 where one image to
    /// train, validate or test with has colours, else 1.
    public var channels: Int?

    /// Puts the facts together.
    public init(
      files: LabeledFolder.Options = .init(), size: ImageSize? = nil, channels: Int? = nil
    ) {
      self.files = files
      self.size = size
      self.channels = channels
    }
  }

  /// The most numbers of an example.
  public static let mostNumbers = 1 << 24

  /// The files with their labels.
  public let files: LabeledFolder
  /// The shape of an example, [H, W, C].
  public let shape: [Int]
  private let options: Options

  /// Looks at the names in a folder and at the heads of the images, if the options leave the shape of
  /// an example open.
  public init(_ folder: String, options: Options) throws {
    files = try LabeledFolder(folder, .images, options: options.files)
    self.options = options
    if let size = options.size, let channels = options.channels {
      shape = [size.height, size.width, channels]
      return
    }
    var first: (path: String, size: ImageSize)?
    var hasColours = false
    for entry in files.entries {
      let head = try Picture.head(ofFile: entry.path)
      if !head.isGrey { hasColours = true }
      let size = ImageSize(height: head.height, width: head.width)
      guard options.size == nil, let other = first else {
        first = first ?? (entry.path, size)
        continue
      }
      guard size == other.size else {
        throw DataError(
          source: entry.path,
          what: "the image is \(size) (height x width), and \(other.path) is \(other.size)",
          remedy: "give images of one size, or let all be brought to one, for example by "
            + "data.size: \(min(256, other.size.height, other.size.width))")
      }
    }
    guard let size = options.size ?? first?.size else {
      preconditionFailure("a folder has at least one file")
    }
    shape = [size.height, size.width, options.channels ?? (hasColours ? 3 : 1)]
    guard shape.reduce(1, *) < PictureFolder.mostNumbers else {
      throw DataError(
        source: folder,
        what: "the images are \(size) (height x width) with \(shape[2]) channels, and an example "
          + "has fewer than \(PictureFolder.mostNumbers) numbers",
        remedy: "let them be made smaller, for example by data.size: 64")
    }
  }

  /// Reads all images and divides them: as they were named, else by chance, the same share of each
  /// class. features: [N, H, W, C] uint8.
  public func parts(
    name: String, validationFraction: Double, testFraction: Double, seed: UInt64
  ) throws -> DataParts {
    let size = shape.reduce(1, *)
    guard files.entries.count <= FileContents.defaultLimit / size else {
      throw DataError(
        source: files.path,
        what: "\(files.entries.count) images of \(size) bytes are more than "
          + "\(FileContents.defaultLimit >> 30) GiB",
        remedy: "let them be made smaller, for example by data.size: 64")
    }
    var reader = PictureReader(
      size: ImageSize(height: shape[0], width: shape[1]), channels: shape[2],
      resizes: options.size != nil)
    let parts = try files.parts(
      validationFraction: validationFraction, testFraction: testFraction, seed: seed
    ) { indices in
      var pixels: [UInt8] = []
      pixels.reserveCapacity(indices.count * size)
      for index in indices { pixels += try reader.read(files.entries[index].path) }
      return DataArray(shape: [indices.count] + shape, storage: .bytes(pixels))
    }
    return DataParts(
      name: name, train: parts.train, validation: parts.validation, test: parts.test,
      classNames: files.classNames, pixelMaximum: 255, notes: reader.notes)
  }
}
