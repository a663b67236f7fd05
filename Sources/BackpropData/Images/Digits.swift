// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Handwritten digits, 1,797 images of 8x8 pixels with values 0 to 16: always at hand, no download.
///
/// Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
/// Learning Repository, 1998, https://doi.org/10.24432/C50P49 (its test part, as scikit-learn
/// bundles it). Licence of the data: CC BY 4.0.
public enum Digits {
  /// Where the data come from and on which terms, for people.
  public static let source =
    "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning "
    + "Repository, 1998, doi:10.24432/C50P49 (CC BY 4.0)"

  /// The number of images.
  public static let count = 1797

  /// All images in their original order. features: [1797, 8, 8, 1] uint8; targets: [1797] int32.
  public static func all() throws -> Examples {
    let text = packed.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    let bytes = try Gzip.expand(Base64.decode(text) ?? [], file: "digits (embedded)")
    precondition(bytes.count == count * 65, "the embedded digits are whole")
    return Examples(
      features: DataArray(
        shape: [count, 8, 8, 1], storage: .bytes(Array(bytes[..<(count * 64)]))),
      targets: DataArray(
        shape: [count], storage: .int(bytes[(count * 64)...].map { Int32($0) })))
  }

  /// The images in three parts, each digit in the same share: 20 % for the test, 10 % for
  /// validation, 70 % for training, chosen by the seed.
  public static func parts(seed: UInt64 = 0) throws -> DataParts {
    let all = try all()
    let split = try Split(
      count: count, validation: 0.1, test: 0.2, seed: seed, labels: all.labels)
    return DataParts(
      name: "digits", train: all.examples(at: split.train),
      validation: all.examples(at: split.validation), test: all.examples(at: split.test),
      classNames: (0..<10).map { String($0) }, pixelMaximum: 16)
  }
}
