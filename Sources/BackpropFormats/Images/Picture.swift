// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CImages

/// An image as a PNG or JPEG file has it, in 8 bits a channel.
///
/// Read is all that libpng and libjpeg read: palettes, 1 to 16 bits, interlaced and progressive files,
/// CMYK. What EXIF says of the orientation of a JPEG is done; gamma and colour profiles are left
/// aside. A file that is damaged or cut short is an error, even where the libraries would make up
/// the rest.
public struct Picture: Hashable, Sendable {
  /// What a file says before its pixels.
  public struct Head: Hashable, Sendable {
    /// The rows, as the picture is shown.
    public let height: Int
    /// The columns, as the picture is shown.
    public let width: Int
    /// 1: grey, 2: grey and alpha, 3: red, green, blue, 4: those and alpha. A palette counts as
    /// colour.
    public let channels: Int

    /// Whether there are no colours.
    public var isGrey: Bool { channels < 3 }
  }

  /// The rows.
  public let height: Int
  /// The columns.
  public let width: Int
  /// 1: grey, 2: grey and alpha, 3: red, green, blue, 4: those and alpha.
  public let channels: Int
  /// pixels: [H, W, channels], row-major.
  public let pixels: [UInt8]

  /// The most pixels that are decoded; a small file can claim more than there is memory for.
  public static let mostPixels = 1 << 26

  /// Makes a picture; there must be as many pixels as its size says.
  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    precondition(
      height > 0 && width > 0 && (1...4).contains(channels)
        && pixels.count == height * width * channels,
      "\(pixels.count) bytes are no picture of \(height)x\(width) with \(channels) channels")
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// Reads a file.
  public static func read(_ path: String) throws(FormatError) -> Picture {
    try Picture(parsing: try FileContents.read(path), file: path)
  }

  /// Reads what a file says before its pixels.
  public static func head(ofFile path: String) throws(FormatError) -> Head {
    let decoder = try Decoder(FileContents.read(path), file: path)
    return try decoder.head()
  }

  /// Whether bytes begin as PNG or JPEG.
  package static func isPicture(_ bytes: [UInt8]) -> Bool { Decoder.Kind(of: bytes) != nil }

  /// Decodes the bytes of a file; `file` names it in errors.
  public init(parsing contents: [UInt8], file: String) throws(FormatError) {
    let picture = try Decoder(contents, file: file).picture()
    self = picture
  }

  /// The same picture without alpha and with 1 channel or 3: what shines through is white, grey is
  /// repeated, and of colours the luma of ITU-R BT.601 is taken (0.299 R + 0.587 G + 0.114 B).
  public func opaque(channels wanted: Int) -> Picture {
    precondition(wanted == 1 || wanted == 3, "an image has 1 channel or 3")
    if channels == wanted { return self }
    let hasAlpha = channels % 2 == 0
    let colours = hasAlpha ? channels - 1 : channels
    let count = height * width
    let result = [UInt8](unsafeUninitializedCapacity: count * wanted) { target, filled in
      pixels.withUnsafeBufferPointer { source in
        for pixel in 0..<count {
          let start = pixel * channels
          let alpha = hasAlpha ? UInt32(source[start + colours]) : 255
          func seen(_ channel: Int) -> UInt32 {
            let value = UInt32(source[start + channel])
            return hasAlpha ? (value * alpha + 255 * (255 - alpha) + 127) / 255 : value
          }
          if wanted == 3 {
            for channel in 0..<3 {
              target[pixel * 3 + channel] = UInt8(seen(colours == 3 ? channel : 0))
            }
          } else if colours == 1 {
            target[pixel] = UInt8(seen(0))
          } else {
            // The weights in 65,536ths sum to it.
            let luma = seen(0) * 19595 + seen(1) * 38470 + seen(2) * 7471
            target[pixel] = UInt8((luma + 0x8000) >> 16)
          }
        }
      }
      filled = count * wanted
    }
    return Picture(height: height, width: width, channels: wanted, pixels: result)
  }
}
