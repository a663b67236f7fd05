// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// PNG files (ISO/IEC 15948) without compression and filters, and their check sums.
package enum PlainPNG {
  /// The bytes of a file with these pixels, [height, width, channels] in 8 bits; channels as in
  /// `Picture`: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
  package static func file(
    height: Int, width: Int, channels: Int = 1, pixels: [UInt8]
  ) -> [UInt8] {
    let row = width * channels
    precondition(pixels.count == height * row)
    let colour: UInt8 = [0, 4, 2, 6][channels - 1]
    var lines: [UInt8] = []
    for start in stride(from: 0, to: pixels.count, by: row) {
      lines += [0] + pixels[start..<start + row]
    }
    return signature
      + chunk("IHDR", big(width, 4) + big(height, 4) + [8, colour, 0, 0, 0])
      + chunk("IDAT", stored(lines)) + chunk("IEND", [])
  }

  /// What a file begins with.
  package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A chunk with its length and check sum.
  package static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    let checked = Array(name.utf8) + body
    return big(body.count, 4) + checked + big(Int(crc(checked[...])), 4)
  }

  /// A file with the check sum of each chunk made right, as far as there are chunks.
  package static func withRightSums(_ file: [UInt8]) -> [UInt8] {
    var file = file
    var place = signature.count
    while place + 12 <= file.count {
      let length = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - place - 12 else { break }
      let end = place + 8 + length
      file.replaceSubrange(end..<end + 4, with: big(Int(crc(file[place + 4..<end])), 4))
      place = end + 4
    }
    return file
  }

  /// zlib data (RFC 1950) of stored blocks.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(bytes.count, start + 65535)
      let size = end - start
      output.append(end == bytes.count ? 1 : 0)
      output += [UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8 & 255)]
      output += bytes[start..<end]
      start = end
    } while start < bytes.count
    var (a, b) = (1, 0)
    for byte in bytes {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return output + big(b << 16 | a, 4)
  }

  private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xffff_ffff
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? 0xedb8_8320 ^ (sum >> 1) : sum >> 1 }
    }
    return ~sum
  }

  private static func big(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
  }
}
