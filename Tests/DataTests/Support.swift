// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A folder that is gone when the test is over.
final class TemporaryFolder {
  let path: String

  /// `inMemory`: where files are many and short-lived, if the system has such a place.
  init(inMemory: Bool = false) {
    let usual = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let base = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : usual
    var template = Array("\(base)/backprop-test-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no temporary folder can be made in \(base)")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// What is in the folder.
  var names: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// The folder of real data sets beside the project, or nil where it was not delivered.
///
/// In CI it must be there: `CI=true` without it is a failure, elsewhere the test says so.
func sharedData(_ name: String, file: StaticString = #filePath) -> String? {
  var folder = Substring("\(file)")
  while let slash = folder.lastIndex(of: "/") {
    folder = folder[..<slash]
    let candidate = "\(folder)/shared/data"
    if access(candidate, R_OK) == 0 { return "\(candidate)/\(name)" }
  }
  if getenv("CI").map({ String(cString: $0) }) == "true" {
    Issue.record("shared/data is not beside the project")
  } else {
    print("shared/data is not beside the project: the test of \(name) is skipped")
  }
  return nil
}

/// Small, quick random numbers with a seed (SplitMix64: Steele, Lea, Flood, 2014).
struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}

/// Damaged copies of `bytes`: cut short, bits flipped, bytes changed, inserted, removed, moved,
/// and 32-bit and 64-bit lengths replaced by hostile ones.
func mutations(of bytes: [UInt8], count: Int, seed: UInt64, _ body: ([UInt8]) -> Void) {
  var random = Random(seed: seed)
  let hostile: [UInt64] = [
    0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000,
    0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff,
  ]
  let letters = Array("\"',;\t\r\n{}[]():\\-+.eE0123456789 \u{0}NaN".utf8)
  let before = peakMemory()
  for _ in 0..<count {
    var copy = bytes
    for _ in 0...random.below(3) {
      guard !copy.isEmpty else { break }
      // Heads matter most: half of the changes are in the first 64 bytes.
      let place =
        random.below(2) == 0 ? random.below(min(64, copy.count)) : random.below(copy.count)
      switch random.below(8) {
      case 0: copy.removeSubrange(place...)
      case 1: copy[place] ^= 1 << UInt8(random.below(8))
      case 2: copy[place] = UInt8(truncatingIfNeeded: random.next())
      case 3: copy[place] = letters[random.below(letters.count)]
      case 4: copy.insert(letters[random.below(letters.count)], at: place)
      case 5: copy.removeSubrange(place..<min(copy.count, place + 1 + random.below(8)))
      case 6:
        let value = hostile[random.below(hostile.count)]
        let size = random.below(2) == 0 ? 4 : 8
        let isBig = random.below(2) == 0
        for byte in 0..<size where place + byte < copy.count {
          let shift = UInt64(8 * (isBig ? size - 1 - byte : byte))
          copy[place + byte] = UInt8(truncatingIfNeeded: value >> shift)
        }
      default:
        let end = min(copy.count, place + 1 + random.below(16))
        copy.insert(contentsOf: copy[place..<end], at: random.below(copy.count))
      }
    }
    body(copy)
  }
  // Tests run side by side, so the bound is wide; a length that is believed asks for more.
  #expect(peakMemory() - before < 1024, "reading damaged files took too much memory")
}

/// The text of the error that `body` throws.
func failure(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// The most memory this process has ever had, in MiB.
func peakMemory() -> Int {
  var usage = rusage()
  #if canImport(Glibc)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  #else
    getrusage(RUSAGE_SELF, &usage)
  #endif
  return usage.ru_maxrss / 1024
}
