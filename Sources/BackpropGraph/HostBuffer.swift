// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import Synchronization

/// A block of host memory, aligned to 64 bytes: what the CPU computes in, and what every other
/// device copies to and from.
///
/// `@unchecked Sendable`: the bytes are written by whoever made the buffer, before it is shared,
/// and afterwards only by a device that knows that nobody else holds it.
package final class HostBuffer: @unchecked Sendable {
  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int

  /// A buffer of at least `byteCount` bytes with undefined contents.
  package init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = HostMemory.allocate(HostMemory.rounded(byteCount))
  }

  package convenience init<Element: BitwiseCopyable>(copying elements: [Element]) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    elements.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: bytes.count) }
    }
  }

  deinit { HostMemory.release(pointer, HostMemory.rounded(byteCount)) }
}

extension HostBuffer {
  /// What a runtime wants to do with each large block before its first use: on Linux, ask for pages
  /// of 2 MiB, with which a walk down a column of a large matrix misses far fewer translations.
  package static let adviceForLargeBlocks = Mutex<
    (@Sendable (UnsafeMutableRawPointer, Int) -> Void)?
  >(nil)

  /// Blocks from here on are large: they are aligned to a large page.
  package static let largeBlock = 4 << 20
  package static let largePage = 2 << 20
}

/// Recently freed blocks, kept by size: a training step asks for the same sizes again and again,
/// and fresh pages cost a fault each.
private enum HostMemory {
  struct Free {
    var blocks: [Int: [UInt]] = [:]
    var total = 0
  }

  static let free = Mutex(Free())
  /// At most this many bytes wait to be used again.
  static let limit = 64 << 20

  static func rounded(_ byteCount: Int) -> Int { max(64, (byteCount + 63) & ~63) }

  static func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    let kept: UInt? = free.withLock { free in
      guard let address = free.blocks[size]?.popLast() else { return nil }
      free.total -= size
      return address
    }
    if let kept, let pointer = UnsafeMutableRawPointer(bitPattern: kept) { return pointer }
    guard size >= HostBuffer.largeBlock else {
      return .allocate(byteCount: size, alignment: 64)
    }
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: HostBuffer.largePage)
    if let advice = HostBuffer.adviceForLargeBlocks.withLock({ $0 }) { advice(block, size) }
    return block
  }

  static func release(_ pointer: UnsafeMutableRawPointer, _ size: Int) {
    let address = UInt(bitPattern: pointer)
    let isKept = free.withLock { free in
      guard free.total + size <= limit else { return false }
      free.blocks[size, default: []].append(address)
      free.total += size
      return true
    }
    if !isKept { pointer.deallocate() }
  }
}
