// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

extension Picture {
  /// The largest middle part with the proportions of `size`, resized to it.
  public func filled(_ size: ImageSize) -> Picture {
    var part = ImageSize(height: height, width: width)
    // Rounded to whole pixels, and at least one.
    if width * size.height > height * size.width {
      let columns = (2 * height * size.width + size.height) / (2 * size.height)
      part = ImageSize(height: height, width: max(1, min(width, columns)))
    } else {
      let rows = (2 * width * size.height + size.width) / (2 * size.width)
      part = ImageSize(height: max(1, min(height, rows)), width: width)
    }
    return middle(part).resized(size)
  }

  /// The part in the middle; where it can't be there, it is half a pixel nearer to the beginning.
  func middle(_ part: ImageSize) -> Picture {
    if part == ImageSize(height: height, width: width) { return self }
    let top = (height - part.height) / 2
    let left = (width - part.width) / 2
    var cut: [UInt8] = []
    cut.reserveCapacity(part.height * part.width * channels)
    for row in top..<top + part.height {
      let start = (row * width + left) * channels
      cut += pixels[start..<start + part.width * channels]
    }
    return Picture(height: part.height, width: part.width, channels: channels, pixels: cut)
  }

  /// The picture in another size, by bilinear interpolation. Where it shrinks, the triangle that
  /// weights the old pixels is as much wider, so that each of them counts (antialiasing; the same
  /// weights as Pillow's BILINEAR and PyTorch's `interpolate(antialias=True)`). Proportions may change.
  public func resized(_ size: ImageSize) -> Picture {
    if size == ImageSize(height: height, width: width) { return self }
    let columns = ResizingWeights(from: width, to: size.width)
    let rows = ResizingWeights(from: height, to: size.height)
    let (width, channels) = (self.width, self.channels)
    let rowSize = size.width * channels
    var narrow = [Float](repeating: 0, count: height * rowSize)
    narrow.withUnsafeMutableBufferPointer { narrow in
      pixels.withUnsafeBufferPointer { pixels in
        for y in 0..<height {
          for x in 0..<size.width {
            let (start, weights) = columns[x]
            for channel in 0..<channels {
              var sum: Float = 0
              var place = (y * width + start) * channels + channel
              for weight in weights {
                sum += weight * Float(pixels[place])
                place += channels
              }
              narrow[y * rowSize + x * channels + channel] = sum
            }
          }
        }
      }
    }
    let result = [UInt8](unsafeUninitializedCapacity: size.height * rowSize) { target, filled in
      narrow.withUnsafeBufferPointer { narrow in
        for y in 0..<size.height {
          let (start, weights) = rows[y]
          for x in 0..<rowSize {
            var sum: Float = 0
            var place = start * rowSize + x
            for weight in weights {
              sum += weight * narrow[place]
              place += rowSize
            }
            target[y * rowSize + x] = UInt8(max(0, min(255, sum.rounded())))
          }
        }
      }
      filled = size.height * rowSize
    }
    return Picture(height: size.height, width: size.width, channels: channels, pixels: result)
  }
}

/// By how much each old pixel counts in a new one, along one axis.
private struct ResizingWeights {
  private let starts: [Int]
  private let weights: [[Float]]

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let reach = max(1, scale)
    var starts: [Int] = []
    var weights: [[Float]] = []
    for index in 0..<new {
      let centre = (Double(index) + 0.5) * scale
      let first = max(0, Int(centre - reach + 0.5))
      let last = min(old, Int(centre + reach + 0.5))
      let own = (first..<last).map { max(0, 1 - abs(Double($0) + 0.5 - centre) / reach) }
      let sum = own.reduce(0, +)
      starts.append(first)
      weights.append(own.map { Float($0 / sum) })
    }
    self.starts = starts
    self.weights = weights
  }

  subscript(index: Int) -> (start: Int, weights: [Float]) { (starts[index], weights[index]) }
}
