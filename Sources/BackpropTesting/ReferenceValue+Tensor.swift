// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

extension ReferenceValue {
  /// The value that a tensor holds in host memory: it was made from numbers, or evaluated on the
  /// CPU.
  public init(of tensor: Tensor) throws { try self.init(reading: tensor.node) }

  /// A tensor with this value, in host memory and in its own type.
  public var tensor: Tensor {
    let buffer = HostBuffer(byteCount: shape.count * dtype.byteCount)
    func store<Element: BitwiseCopyable>(_ encoded: (Double) -> Element) {
      let stride = MemoryLayout<Element>.stride
      for (index, x) in elements.enumerated() {
        buffer.pointer.storeBytes(of: encoded(x), toByteOffset: stride * index, as: Element.self)
      }
    }
    switch dtype {
    case .float32: store { Float($0) }
    case .bfloat16: store { UInt16(Float(dtype.rounded($0)).bitPattern >> 16) }
    case .float16: store { ReferenceValue.halfBits(dtype.rounded($0)) }
    case .int32: store { Int32($0) }
    case .uint8, .bool: store { UInt8($0) }
    }
    return Tensor(buffer: buffer, shape: shape, dtype: dtype)
  }

  /// The bits of a number that a float16 holds exactly (IEEE 754 binary16).
  private static func halfBits(_ x: Double) -> UInt16 {
    let sign: UInt16 = x.sign == .minus ? 0x8000 : 0
    if x.isNaN { return 0x7E00 }
    if x.isInfinite { return sign | 0x7C00 }
    let magnitude = abs(x)
    if magnitude < 0x1p-14 { return sign | UInt16(magnitude * 0x1p24) }
    let exponent = Int(magnitude.exponent)
    let power = Double(sign: .plus, exponent: exponent, significand: 1)
    return sign | UInt16(exponent + 15) << 10 | UInt16((magnitude / power - 1) * 1024)
  }
}
