// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CImages

extension Picture {
  /// The bytes of a PNG or JPEG file, about to be decoded.
  struct Decoder {
    /// The formats that are read.
    enum Kind: String {
      case png = "PNG"
      case jpeg = "JPEG"

      /// By the first bytes; nil if they are of neither.
      init?(of bytes: [UInt8]) {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
          self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
          self = .jpeg
        } else {
          return nil
        }
      }
    }

    private let bytes: [UInt8]
    private let file: String
    private let kind: Kind

    init(_ bytes: [UInt8], file: String) throws(FormatError) {
      guard let kind = Kind(of: bytes) else {
        throw FormatError(
          file: file, position: .byte(0),
          what: bytes.isEmpty ? "the file is empty" : "this is neither a PNG nor a JPEG image",
          remedy: bytes.isEmpty
            ? "it was cut short; fetch or write it again"
            : "convert it, for example with 'magick FILE new.png'")
      }
      self.bytes = bytes
      self.file = file
      self.kind = kind
    }

    /// Height, width and channels, turned as the picture is shown.
    func head() throws(FormatError) -> Head {
      let head = try stored()
      let isTurned = head.orientation >= 5
      return Head(
        height: Int(isTurned ? head.width : head.height),
        width: Int(isTurned ? head.height : head.width), channels: Int(head.channels))
    }

    /// The picture, turned as it is shown.
    func picture() throws(FormatError) -> Picture {
      var head = try stored()
      var pixels = [UInt8](
        repeating: 0, count: Int(head.height) * Int(head.width) * Int(head.channels))
      try pixels.withUnsafeMutableBufferPointer { (buffer) throws(FormatError) in
        try read(&head, buffer.baseAddress)
      }
      return Picture(
        height: Int(head.height), width: Int(head.width), channels: Int(head.channels),
        pixels: pixels
      ).turned(Int(head.orientation))
    }

    /// The head as the file has it.
    private func stored() throws(FormatError) -> bp_image_head {
      var head = bp_image_head()
      try read(&head, nil)
      let count = Int(head.height) * Int(head.width)
      guard count > 0, count <= Picture.mostPixels else {
        throw FormatError(
          file: file,
          what: "the image is \(head.height)x\(head.width) (height x width): more than "
            + "\(Picture.mostPixels) pixels",
          remedy: "make it smaller, for example with 'magick FILE -resize 1000x1000 new.png'")
      }
      return head
    }

    private func read(
      _ head: inout bp_image_head, _ pixels: UnsafeMutablePointer<UInt8>?
    ) throws(FormatError) {
      var message = [UInt8](repeating: 0, count: Int(BP_IMAGE_MESSAGE_SIZE))
      let status = bytes.withUnsafeBufferPointer { bytes in
        message.withUnsafeMutableBytes { message in
          let text = message.baseAddress?.assumingMemoryBound(to: CChar.self)
          return switch kind {
          case .png: bp_png_read(bytes.baseAddress, bytes.count, &head, pixels, text)
          case .jpeg: bp_jpeg_read(bytes.baseAddress, bytes.count, &head, pixels, text)
          }
        }
      }
      guard status != 0 else { return }
      throw FormatError(
        file: file,
        what: "this \(kind.rawValue) image cannot be decoded: "
          + String(decoding: message.prefix { $0 != 0 }, as: UTF8.self),
        remedy: "it is damaged or was cut short; fetch or write it again")
    }
  }

  /// As EXIF's orientation (CIPA DC-008) asks for: 2 mirrors left to right, 3 turns by half, 4 mirrors
  /// top to bottom, 5 to 8 swap height and width.
  func turned(_ orientation: Int) -> Picture {
    guard (2...8).contains(orientation) else { return self }
    let isSwapped = orientation >= 5
    let (rows, columns) = isSwapped ? (width, height) : (height, width)
    var turned = [UInt8](repeating: 0, count: pixels.count)
    for row in 0..<rows {
      for column in 0..<columns {
        let (y, x): (Int, Int) =
          switch orientation {
          case 2: (row, columns - 1 - column)
          case 3: (rows - 1 - row, columns - 1 - column)
          case 4: (rows - 1 - row, column)
          case 5: (column, row)
          case 6: (columns - 1 - column, row)
          case 7: (columns - 1 - column, rows - 1 - row)
          default: (column, rows - 1 - row)
          }
        for channel in 0..<channels {
          turned[(row * columns + column) * channels + channel] =
            pixels[(y * width + x) * channels + channel]
        }
      }
    }
    return Picture(height: rows, width: columns, channels: channels, pixels: turned)
  }
}
