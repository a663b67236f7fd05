// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory between two pages that may not be touched, so that a kernel which reads or writes
/// outside its array stops at once. `atEnd` says against which of the two the array lies.
final class GuardedArray {
  let base: UnsafeMutableRawPointer
  private let region: UnsafeMutableRawPointer
  private let length: Int

  init(bytes: Int, atEnd: Bool) {
    let page = Int(getpagesize())
    let inner = max(1, (bytes + page - 1) / page) * page
    length = inner + 2 * page
    region = mmap(nil, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(region != MAP_FAILED, "no memory for a guarded array of \(bytes) bytes")
    mprotect(region + page, inner, PROT_READ | PROT_WRITE)
    base = region + page + (atEnd ? inner - bytes : 0)
  }

  deinit { munmap(region, length) }
}

/// Numbers that differ in every place and in exponent, the same for the same seed.
struct Numbers {
  var state: UInt32

  mutating func next() -> Float {
    state = state &* 1_664_525 &+ 1_013_904_223
    let value = Float(Int32(bitPattern: state) >> 8) / Float(1 << 23)
    return state & 0x70 == 0 ? value * 1e-4 : value
  }
}

func roundedToBF16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
}

func widened(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }

/// One product: its sizes, how its operands lie, and what the answer is.
final class GemmProblem {
  var args = bp_gemm_args()
  let a: GuardedArray, b: GuardedArray, c: GuardedArray
  let cCount: Int
  private let padding: Int
  /// The chain of fused multiply-adds, element by element.
  private(set) var expected: [Float]

  init(
    _ m: Int, _ k: Int, _ n: Int, batch: Int = 1, aTransposed: Bool = false,
    bTransposed: Bool = false, aType: bp_dtype = BP_F32, bType: bp_dtype = BP_F32,
    cType: bp_dtype = BP_F32, padding: Int = 0, repeatB: Bool = false, atEnd: Bool = true
  ) {
    func width(_ type: bp_dtype) -> Int { type == BP_BF16 ? 2 : 4 }
    let aInner = aTransposed ? m : k
    let aOuter = aTransposed ? k : m
    let bInner = bTransposed ? k : n
    let bOuter = bTransposed ? n : k
    let aCount = batch * aOuter * aInner
    let bCount = (repeatB ? 1 : batch) * bOuter * bInner
    cCount = batch * m * (n + padding)
    self.padding = padding
    a = GuardedArray(bytes: aCount * width(aType), atEnd: atEnd)
    b = GuardedArray(bytes: bCount * width(bType), atEnd: atEnd)
    c = GuardedArray(bytes: cCount * width(cType), atEnd: atEnd)
    args.m = m
    args.n = n
    args.k = k
    args.batch = batch
    args.a = UnsafeRawPointer(a.base)
    args.a_row = aTransposed ? 1 : aInner
    args.a_col = aTransposed ? aInner : 1
    args.a_batch = aOuter * aInner
    args.b = UnsafeRawPointer(b.base)
    args.b_row = bTransposed ? 1 : bInner
    args.b_col = bTransposed ? bInner : 1
    args.b_batch = repeatB ? 0 : bOuter * bInner
    args.c = c.base
    args.c_row = n + padding
    args.c_batch = m * (n + padding)
    args.a_type = Int32(aType.rawValue)
    args.b_type = Int32(bType.rawValue)
    args.c_type = Int32(cType.rawValue)

    var numbers = Numbers(state: UInt32(m * 31 + k * 7 + n + 1))
    func fill(_ array: GuardedArray, _ count: Int, _ type: bp_dtype) -> [Float] {
      (0..<count).map { index in
        let value = numbers.next()
        if type == BP_BF16 {
          let half = roundedToBF16(value)
          array.base.storeBytes(of: half, toByteOffset: 2 * index, as: UInt16.self)
          return widened(half)
        }
        array.base.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
        return value
      }
    }
    let left = fill(a, aCount, aType)
    let right = fill(b, bCount, bType)
    expected = []
    expected.reserveCapacity(batch * m * n)
    for entry in 0..<batch {
      for i in 0..<m {
        for j in 0..<n {
          var sum: Float = 0
          for p in 0..<k {
            let x = left[entry * args.a_batch + i * args.a_row + p * args.a_col]
            let y = right[entry * args.b_batch + p * args.b_row + j * args.b_col]
            sum = sum.addingProduct(x, y)
          }
          expected.append(sum)
        }
      }
    }
  }

  private static let untouched: UInt16 = 0x4e4e

  /// Packs B, in two goes, for the products that follow; nil where it is not to be packed.
  func packed(level: Int32) -> GuardedArray? {
    var floats = 0
    let count = bp_gemm_panels(&args, level, &floats)
    guard count > 0 else { return nil }
    let panels = GuardedArray(bytes: (4 * floats + 63) / 64 * 64, atEnd: true)
    memset(panels.base, 0xff, 4 * floats)
    let to = panels.base.assumingMemoryBound(to: Float.self)
    bp_gemm_pack(&args, level, count / 2, count, to)
    bp_gemm_pack(&args, level, 0, count / 2, to)
    return panels
  }

  /// Runs the product in so many tasks and returns C, or nil where something beside it changed.
  func run(level: Int32, tasks: Int, threads: Int = 2) -> [Float]? {
    let isHalf = args.c_type == Int32(BP_BF16.rawValue)
    let halves = c.base.assumingMemoryBound(to: UInt16.self)
    for index in 0..<(cCount * (isHalf ? 1 : 2)) { halves[index] = Self.untouched }
    let bytes = bp_gemm_scratch(&args, level, tasks)
    // Scratch ends at a page that may not be touched; what it held must not matter.
    let scratch = GuardedArray(bytes: (bytes + 63) / 64 * 64, atEnd: true)
    memset(scratch.base, 0xff, bytes)
    for task in (0..<tasks).reversed() {
      bp_gemm_run(&args, threads, level, task, tasks, scratch.base, nil)
    }
    var result: [Float] = []
    result.reserveCapacity(expected.count)
    let rowLength = args.n + padding
    for index in 0..<cCount {
      let isPadding = index % rowLength >= args.n
      let value =
        isHalf
        ? widened(halves[index])
        : c.base.load(fromByteOffset: 4 * index, as: Float.self)
      if !isPadding {
        result.append(value)
      } else if isHalf
        ? halves[index] != Self.untouched
        : value.bitPattern != UInt32(Self.untouched) << 16 | UInt32(Self.untouched)
      {
        return nil
      }
    }
    return result
  }
}

func levelName(_ level: Int32) -> String { String(cString: bp_level_name(level)) }

/// The levels this machine has; the others are named on the terminal, not passed over in silence.
let availableGemmLevels: [Int32] = [BP_PORTABLE, BP_NEON, BP_AVX2, BP_AVX512].compactMap {
  let level = Int32($0.rawValue)
  if bp_level_available(level) != 0 { return level }
  print("matrix products at level \(levelName(level)) are not tested: this machine lacks it")
  return nil
}
