// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// The height and width of an image, in pixels.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
  /// The rows.
  public let height: Int
  /// The columns.
  public let width: Int

  /// Both must be positive.
  public init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "an image of \(height)x\(width)")
    self.height = height
    self.width = width
  }

  /// Height x width.
  public var description: String { "\(height)x\(width)" }
}

/// Reads pictures as examples of one size and one number of channels, and counts what it did to them.
///
/// What is transparent becomes white. Colours become grey by their luma, grey is repeated for three
/// channels. An image of another size is cropped to the largest middle part that has the wanted
/// proportions, and that is resized; see ``Picture/filled(_:)``.
public struct PictureReader: Sendable {
  /// The size of every example.
  public let size: ImageSize
  /// The channels of every example: 1, grey, or 3, red, green and blue.
  public let channels: Int
  private let resizes: Bool
  private var resized = 0
  private var cropped = 0
  private var transparent = 0
  private var greyed = 0
  private var coloured = 0

  /// A reader for examples of a size; without `resizes` an image of another size is an error.
  public init(size: ImageSize, channels: Int, resizes: Bool) {
    precondition(channels == 1 || channels == 3, "an image has 1 channel or 3")
    self.size = size
    self.channels = channels
    self.resizes = resizes
  }

  /// The pixels of a file, [H, W, C].
  public mutating func read(_ path: String) throws -> [UInt8] {
    try pixels(of: try Picture.read(path), path)
  }

  /// The pixels of a picture, [H, W, C]; `path` names it in errors.
  public mutating func pixels(of picture: Picture, _ path: String) throws(DataError) -> [UInt8] {
    let own = ImageSize(height: picture.height, width: picture.width)
    guard own == size || resizes else {
      throw DataError(
        source: path,
        what: "the image is \(own) (height x width), and examples are \(size)",
        remedy: "give images of that size, or train with data.size, to which all are brought")
    }
    if picture.channels % 2 == 0 { transparent += 1 }
    if picture.channels >= 3 && channels == 1 { greyed += 1 }
    if picture.channels < 3 && channels == 3 { coloured += 1 }
    let opaque = picture.opaque(channels: channels)
    if own == size { return opaque.pixels }
    resized += 1
    if own.height * size.width != own.width * size.height { cropped += 1 }
    return opaque.filled(size).pixels
  }

  /// What was done, in sentences.
  public var notes: [String] {
    var notes: [String] = []
    if resized > 0 {
      notes.append("\(resized) images of other sizes were resized to \(size) (height x width).")
    }
    if cropped > 0 {
      notes.append("\(cropped) of them have other proportions: their middle was taken.")
    }
    if transparent > 0 {
      notes.append("\(transparent) images have an alpha channel: they were laid on white.")
    }
    if greyed > 0 { notes.append("\(greyed) images with colours were made grey.") }
    if coloured > 0 { notes.append("\(coloured) grey images were given three channels.") }
    return notes
  }
}
